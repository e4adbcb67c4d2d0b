// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {Time} from "@openzeppelin/contracts/utils/types/Time.sol";

import {Peers} from "../libraries/Peers.sol";

/// @title rSTBToken
/// @notice The reward and voting token [wad]. RewardsDistributor mints what providers earned; governance mints up to a cap fixed at deployment.
/// @dev Votes are counted by timestamp: block numbers of an L2 may be those of its parent chain.
/// @custom:stop Transfers are never stopped.
/// @custom:trusts RewardsDistributor to stay within its budget.
contract rSTBToken is ERC20, ERC20Permit, ERC20Votes, AccessManaged {
    error GovernanceCapReached(uint256 amount, uint256 left);

    /// @notice [wad rSTB] Governance mints at most this, ever.
    uint256 public immutable governanceCap;
    /// @notice [wad rSTB] Minted by governance so far.
    uint256 public governanceMinted;
    /// @notice Mints rewards.
    address public distributor;

    constructor(address authority_, uint256 governanceCap_)
        ERC20("stab3l rSTB", "rSTB")
        ERC20Permit("stab3l rSTB")
        AccessManaged(authority_)
    {
        governanceCap = governanceCap_;
    }

    /// @notice Binds the distributor, once.
    function wire(address distributor_) external restricted {
        distributor = Peers.bindOnce(distributor, distributor_);
    }

    /// @notice Mints a reward of `amount` [wad] to `to`. Only RewardsDistributor.
    function mint(address to, uint256 amount) external {
        Peers.check(distributor);
        _mint(to, amount);
    }

    /// @notice Mints `amount` [wad] to `to` within the cap.
    function mintGoverned(address to, uint256 amount) external restricted {
        uint256 left = governanceCap - governanceMinted;
        if (amount > left) revert GovernanceCapReached(amount, left);
        governanceMinted += amount;
        _mint(to, amount);
    }

    /// @notice [unix seconds] The clock that votes are counted by.
    function clock() public view override returns (uint48) {
        return Time.timestamp();
    }

    /// @notice How `clock` counts (EIP-6372).
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }

    /// @notice Next nonce of `owner` for permits and for delegations by signature.
    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }
}
