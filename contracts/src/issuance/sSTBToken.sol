// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

import {Peers} from "../libraries/Peers.sol";

/// @title sSTBToken
/// @notice One sSTB [wad] is a claim on one compute unit of the standard class. Supply = minted by MintingAgent - burned by Redemption (I2).
/// @custom:stop Transfers are never stopped; minting and redemption stop at MintingAgent and Redemption.
/// @custom:trusts MintingAgent to mint against consumed claims only, Redemption to burn or take what its caller holds and nobody else's.
contract sSTBToken is ERC20, ERC20Permit, AccessManaged {
    /// @notice The only minter.
    address public agent;
    /// @notice The only burner.
    address public redemption;

    constructor(address authority_) ERC20("stab3l sSTB", "sSTB") ERC20Permit("stab3l sSTB") AccessManaged(authority_) {}

    /// @notice Binds minter and burner, once.
    function wire(address agent_, address redemption_) external restricted {
        agent = Peers.bindOnce(agent, agent_);
        redemption = Peers.bindOnce(redemption, redemption_);
    }

    /// @notice Mints `amount` [wad] to `to`. Only MintingAgent.
    function mint(address to, uint256 amount) external {
        Peers.check(agent);
        _mint(to, amount);
    }

    /// @notice Moves `amount` [wad] of `holder`, who called Redemption for it, into Redemption. Only Redemption.
    function take(address holder, uint256 amount) external {
        Peers.check(redemption);
        _transfer(holder, msg.sender, amount);
    }

    /// @notice Burns `amount` [wad] of `holder`, who called Redemption for it. Only Redemption.
    function burn(address holder, uint256 amount) external {
        Peers.check(redemption);
        _burn(holder, amount);
    }
}
