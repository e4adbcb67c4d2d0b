// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IComputeUnitVerifier} from "../interfaces/IComputeUnitVerifier.sol";
import {ICollateralManager} from "../interfaces/IStaking.sol";
import {BenchmarkMatrices} from "../libraries/BenchmarkMatrices.sol";
import {Opening, Openings} from "../libraries/Openings.sol";
import {Statement} from "../types/Compute.sol";

/// @title ClaimFaults
/// @notice Anyone who finds a wrong entry under a committed root shows it here: the contract computes the right one, revokes the claim and pays a bounty
/// out of the collateral of what was minted on it. `stab3l recheck` finds such entries (docs/reference/recheck.md).
/// @dev A wrong entry is wrong for ever: there is no deadline, and nothing to trust.
/// @custom:stop Nothing to stop.
/// @custom:trusts CollateralManager for what the bounty is worth.
contract ClaimFaults is AccessManaged {
    error EntryRight(uint256 claimId, int256 value);
    error EntryOutOfRange(uint256 claimId, uint32 product, uint32 row, uint32 column);
    error RootNotCommitted(uint256 claimId);
    error BountyTooLarge(uint256 bountyBps, uint256 max);

    event FaultProven(
        uint256 indexed claimId, address indexed provider, address indexed finder, int256 committed, int256 right, uint256 bounty
    );
    event BountySet(uint16 bountyBps);

    /// @notice [bps] So that collateral of 120 % still covers holders at par afterwards.
    uint256 public constant BOUNTY_BPS_MAX = 2000;
    uint256 private constant BASIS_POINTS = 10_000;

    IComputeUnitVerifier public immutable verifier;
    ICollateralManager public immutable collateral;
    /// @notice [bps] of the minted value at par.
    uint16 public bountyBps;

    struct Entry {
        uint32 product;
        uint32 row;
        uint32 column;
        bytes32 productRoot;
    }

    constructor(address authority_, IComputeUnitVerifier verifier_, ICollateralManager collateral_, uint16 bountyBps_)
        AccessManaged(authority_)
    {
        (verifier, collateral) = (verifier_, collateral_);
        _setBounty(bountyBps_);
    }

    /// @notice Proves that a committed entry is wrong. The claim is revoked; the caller gets the bounty.
    function proveFault(uint256 claimId, Entry calldata entry, bytes32[] calldata productPath, Opening calldata opening)
        external
        returns (uint256 bounty)
    {
        Statement memory statement = _committed(claimId);
        if (entry.product >= statement.products || entry.row >= statement.rows || entry.column >= statement.rows) {
            revert EntryOutOfRange(claimId, entry.product, entry.row, entry.column);
        }
        Openings.checkProduct(statement, entry.product, entry.productRoot, productPath);
        int256 found = Openings.read(opening, statement, entry.productRoot, entry.row, entry.column);
        int256 right = BenchmarkMatrices.entry(statement.seed, entry.product, entry.row, entry.column, statement.depth);
        if (found == right) revert EntryRight(claimId, right);

        (address provider, uint256 cuMinted) = verifier.revoke(claimId);
        bounty = collateral.valueDown(cuMinted) * bountyBps / BASIS_POINTS;
        if (bounty > 0) bounty = collateral.slash(provider, msg.sender, bounty);
        emit FaultProven(claimId, provider, msg.sender, found, right, bounty);
    }

    /// @notice Changes the bounty of faults to come.
    function setBounty(uint16 bountyBps_) external restricted {
        _setBounty(bountyBps_);
    }

    function _setBounty(uint16 bountyBps_) private {
        if (bountyBps_ > BOUNTY_BPS_MAX) revert BountyTooLarge(bountyBps_, BOUNTY_BPS_MAX);
        bountyBps = bountyBps_;
        emit BountySet(bountyBps_);
    }

    function _committed(uint256 claimId) private view returns (Statement memory statement) {
        IComputeUnitVerifier.Claim memory claim = verifier.claimOf(claimId);
        if (claim.root == 0) revert RootNotCommitted(claimId);
        (statement.claimId, statement.seed, statement.root) = (claimId, claim.seed, claim.root);
        (statement.rows, statement.depth, statement.products) = (claim.rows, claim.depth, claim.products);
    }
}
