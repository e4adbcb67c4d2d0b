// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IComputeUnitVerifier} from "../../src/interfaces/IComputeUnitVerifier.sol";
import {ClaimFaults} from "../../src/issuance/ClaimFaults.sol";
import {ComputeUnitVerifier} from "../../src/issuance/ComputeUnitVerifier.sol";
import {Opening, Openings} from "../../src/libraries/Openings.sol";
import {Statement} from "../../src/types/Compute.sol";
import {IssuanceFixture} from "../support/IssuanceFixture.sol";
import {ProofFixture} from "../support/ProofFixture.sol";

/// @notice A committed root with one wrong entry: whoever shows it is paid, and the claim is over.
contract FaultTest is IssuanceFixture, ProofFixture {
    ClaimFaults internal faults;
    string internal json;
    ClaimFaults.Entry internal entry;
    uint256 internal claimId;

    function setUp() public override {
        super.setUp();
        faults = ClaimFaults(verifier.faults());
        json = _fixture("false_claim.json");
        entry.product = uint32(vm.parseJsonUint(json, ".entry.product"));
        entry.row = uint32(vm.parseJsonUint(json, ".entry.row"));
        entry.column = uint32(vm.parseJsonUint(json, ".entry.column"));
        entry.productRoot = vm.parseJsonBytes32(json, ".productRoot");
    }

    /// @dev The false claim's matrices need its seed: the chain's claim is replaced by it where it is read.
    function _pose(uint256 id) internal {
        IComputeUnitVerifier.Claim memory claim = verifier.claimOf(id);
        Statement memory statement = _statement(json);
        (claim.seed, claim.root, claim.rows) = (statement.seed, statement.root, statement.rows);
        (claim.depth, claim.products) = (statement.depth, statement.products);
        vm.mockCall(address(verifier), abi.encodeCall(IComputeUnitVerifier.claimOf, (id)), abi.encode(claim));
    }

    function _prove() internal returns (uint256) {
        vm.prank(OUTSIDER);
        return faults.proveFault(claimId, entry, _path(), _opening(json, ".opening"));
    }

    function _path() internal view returns (bytes32[] memory) {
        return vm.parseJsonBytes32Array(json, ".productPath");
    }

    function test_a_wrong_entry_of_a_minted_claim_pays_a_bounty_and_starts_liquidation() public {
        _minted(PROVIDER);
        claimId = verifier.lastClaimOf(PROVIDER);
        uint256 minted = verifier.claimOf(claimId).cuValue;
        _pose(claimId);
        uint256 bounty = _prove();
        assertEq(bounty, collateral.valueDown(minted) / 10);
        assertEq(dollar.balanceOf(OUTSIDER), bounty);
        assertTrue(collateral.inLiquidation(PROVIDER));
        assertGe(collateral.collateralOf(PROVIDER), collateral.valueDown(minted), "holders stay covered at par");
        vm.clearMockedCalls();
        assertEq(uint256(verifier.claimOf(claimId).state), uint256(IComputeUnitVerifier.ClaimState.Revoked));
        _pose(claimId);
        vm.expectPartialRevert(ComputeUnitVerifier.ClaimNotRevocable.selector);
        _prove();
    }

    function test_a_proven_claim_is_revoked_before_it_is_minted() public {
        (claimId,) = _proven(PROVIDER);
        _pose(claimId);
        assertEq(_prove(), 0);
        vm.clearMockedCalls();
        vm.expectPartialRevert(ComputeUnitVerifier.ClaimInState.selector);
        vm.prank(PROVIDER);
        agent.mint(claimId);
        assertEq(verifier.capacityOf(PROVIDER).promisedRate, 0);
        _open(PROVIDER);
    }

    function test_a_right_entry_is_no_fault() public {
        claimId = _committed(PROVIDER);
        _pose(claimId);
        entry.column++; // the same tile, another entry
        vm.expectPartialRevert(ClaimFaults.EntryRight.selector);
        _prove();
    }

    function test_an_entry_of_another_root_is_no_fault() public {
        claimId = _committed(PROVIDER);
        vm.expectPartialRevert(ClaimFaults.EntryOutOfRange.selector);
        entry.row = 4096;
        _prove();
        entry.row = 7;
        _pose(claimId);
        entry.productRoot = ~entry.productRoot;
        vm.expectPartialRevert(Openings.OpeningOfAnotherRoot.selector);
        _prove();
    }

    function test_a_claim_without_a_root_has_no_fault() public {
        _register(PROVIDER);
        claimId = _open(PROVIDER);
        vm.expectRevert(abi.encodeWithSelector(ClaimFaults.RootNotCommitted.selector, claimId));
        _prove();
    }

    function test_only_faults_revoke_and_only_governance_sets_the_bounty() public {
        (claimId,) = _proven(PROVIDER);
        vm.expectRevert();
        verifier.revoke(claimId);
        _expectUnauthorised(OUTSIDER);
        vm.prank(OUTSIDER);
        faults.setBounty(1);
        vm.startPrank(address(timelock));
        faults.setBounty(2000);
        vm.expectRevert(abi.encodeWithSelector(ClaimFaults.BountyTooLarge.selector, 2001, 2000));
        faults.setBounty(2001);
    }
}
