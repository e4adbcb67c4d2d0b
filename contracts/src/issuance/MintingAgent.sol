// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IComputeUnitVerifier} from "../interfaces/IComputeUnitVerifier.sol";
import {IMintingAgent} from "../interfaces/IIssuance.sol";
import {ICollateralManager, IProviderStaking} from "../interfaces/IStaking.sol";
import {CUToken} from "./CUToken.sol";
import {sSTBToken} from "./sSTBToken.sol";

/// @title MintingAgent
/// @notice Turns a proven claim into staked sSTB, all or nothing: the claim is consumed, the obligation booked against collateral, CU minted, swapped 1:1
/// for sSTB and burned, the sSTB staked for the provider.
/// @custom:stop The guardian pauses mints.
/// @custom:trusts ComputeUnitVerifier for the value of a claim and for giving it once; CollateralManager to refuse what is not covered.
contract MintingAgent is IMintingAgent, AccessManaged, Pausable, ReentrancyGuardTransient {
    IComputeUnitVerifier public immutable verifier;
    ICollateralManager public immutable collateral;
    IProviderStaking public immutable staking;
    CUToken public immutable cuToken;
    sSTBToken public immutable token;

    constructor(
        address authority_,
        IComputeUnitVerifier verifier_,
        ICollateralManager collateral_,
        IProviderStaking staking_,
        CUToken cuToken_,
        sSTBToken token_
    ) AccessManaged(authority_) {
        (verifier, collateral, staking, cuToken, token) = (verifier_, collateral_, staking_, cuToken_, token_);
    }

    /// @inheritdoc IMintingAgent
    function mint(uint256 claimId) external whenNotPaused nonReentrant returns (uint256 amount, uint256 stakeId) {
        uint32 stakePeriodSeconds;
        (amount, stakePeriodSeconds) = verifier.consume(claimId, msg.sender);
        collateral.addObligation(msg.sender, amount);
        _mintAndSwap(amount);
        stakeId = staking.stakeMinted(msg.sender, amount, stakePeriodSeconds);
        emit Minted(claimId, msg.sender, amount, stakeId);
    }

    /// @dev The sSTB goes where it is staked without passing through anybody's hands.
    function _mintAndSwap(uint256 amount) private {
        cuToken.mint(amount);
        token.mint(address(staking), amount);
        cuToken.burn(amount);
    }

    /// @notice Stops mints.
    function pause() external restricted {
        _pause();
    }

    /// @notice Resumes them.
    function unpause() external restricted {
        _unpause();
    }
}
