// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

import {Peers} from "../libraries/Peers.sol";

/// @title CUToken
/// @notice The compute unit between its proof and its swap into sSTB: MintingAgent mints and burns it in one transaction; nobody else ever holds it.
/// @dev The supply is transient storage, so it is zero at the end of every transaction whatever happens (invariant I1).
/// @custom:stop Nothing to stop: MintingAgent stops.
/// @custom:trusts MintingAgent.
contract CUToken is IERC20Metadata, AccessManaged {
    error NotTransferable();
    error BurnAboveSupply(uint256 amount, uint256 supply);

    string public constant name = "stab3l Compute Unit";
    string public constant symbol = "CU";
    uint8 public constant decimals = 18;

    /// @notice The only minter, burner and holder.
    address public agent;
    uint256 private transient _supply; // [wad CU]

    constructor(address authority_) AccessManaged(authority_) {}

    /// @notice Binds the minter, once.
    function wire(address agent_) external restricted {
        agent = Peers.bindOnce(agent, agent_);
    }

    /// @notice Mints `amount` [wad CU] to MintingAgent. Only MintingAgent.
    function mint(uint256 amount) external {
        Peers.check(agent);
        _supply += amount;
        emit Transfer(address(0), msg.sender, amount);
    }

    /// @notice Burns `amount` [wad CU] of MintingAgent. Only MintingAgent.
    function burn(uint256 amount) external {
        Peers.check(agent);
        if (amount > _supply) revert BurnAboveSupply(amount, _supply);
        _supply -= amount;
        emit Transfer(msg.sender, address(0), amount);
    }

    /// @notice [wad CU] Zero outside a mint.
    function totalSupply() external view returns (uint256) {
        return _supply;
    }

    /// @notice [wad CU] Zero for everybody outside a mint.
    function balanceOf(address account) external view returns (uint256) {
        return account == agent ? _supply : 0;
    }

    /// @notice Always zero: a compute unit cannot be moved.
    function allowance(address, address) external pure returns (uint256) {
        return 0;
    }

    /// @notice Always reverts.
    function transfer(address, uint256) external pure returns (bool) {
        revert NotTransferable();
    }

    /// @notice Always reverts.
    function transferFrom(address, address, uint256) external pure returns (bool) {
        revert NotTransferable();
    }

    /// @notice Always reverts.
    function approve(address, uint256) external pure returns (bool) {
        revert NotTransferable();
    }
}
