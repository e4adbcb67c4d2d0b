// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IComputeProof} from "../../src/interfaces/IComputeProof.sol";
import {IComputeUnitVerifier} from "../../src/interfaces/IComputeUnitVerifier.sol";
import {CommitteeProof} from "../../src/issuance/CommitteeProof.sol";
import {ComputeUnitVerifier} from "../../src/issuance/ComputeUnitVerifier.sol";
import {Peers} from "../../src/libraries/Peers.sol";
import {ComputeClass, ProofMethod, Statement} from "../../src/types/Compute.sol";
import {IssuanceFixture} from "../support/IssuanceFixture.sol";

/// @notice From the commitment to the CU value; and what governance may change.
contract ProveTest is IssuanceFixture {
    function test_a_proof_assigns_the_value() public {
        uint256 claimId = _committed(PROVIDER);
        _sampleBlockMined(claimId);
        uint256 rate = 2 * 4096 * 4096 * 4096 * uint256(PRODUCTS) / (WORK_BLOCKS + 1);
        uint256 expected = rate * TERM_SECONDS * 9000 * 1e18 / (10_000 * 1e15);
        bytes memory proof = _proof(claimId);
        vm.expectEmit(address(verifier));
        emit IComputeUnitVerifier.ClaimProven(claimId, PROVIDER, expected);
        vm.prank(OUTSIDER);
        assertEq(verifier.prove(claimId, proof), expected);
        IComputeUnitVerifier.Claim memory claim = verifier.claimOf(claimId);
        assertEq(claim.cuValue, expected);
        assertEq(uint256(claim.state), uint256(IComputeUnitVerifier.ClaimState.Proven));
        assertEq(verifier.mintableUntilOf(claimId), block.timestamp + 24 hours);
    }

    function test_the_statement_binds_all_that_was_stored_and_the_sample_block() public {
        uint256 claimId = _committed(PROVIDER);
        _sampleBlockMined(claimId);
        Statement memory statement = verifier.statementOf(claimId);
        IComputeUnitVerifier.Claim memory claim = verifier.claimOf(claimId);
        assertEq(statement.claimId, claimId);
        assertEq(statement.provider, PROVIDER);
        assertEq(statement.rows, 4096);
        assertEq(statement.depth, 4096);
        assertEq(statement.products, PRODUCTS);
        assertEq(statement.seedBlock, claim.seedBlock);
        assertEq(statement.commitBlock, claim.commitBlock);
        assertEq(statement.seed, claim.seed);
        assertEq(statement.root, ROOT);
        assertEq(statement.sampleSeed, keccak256(abi.encode(blockhash(claim.commitBlock + 2), ROOT)));
    }

    function test_before_the_sample_block_there_is_no_statement() public {
        uint256 claimId = _committed(PROVIDER);
        uint64 sampleBlock = verifier.claimOf(claimId).commitBlock + 2;
        vm.roll(sampleBlock);
        bytes memory refusal = abi.encodeWithSelector(ComputeUnitVerifier.SampleBlockNotMined.selector, sampleBlock, sampleBlock);
        vm.expectRevert(refusal);
        verifier.statementOf(claimId);
        vm.expectRevert(refusal);
        verifier.prove(claimId, "");
    }

    function test_a_stale_claim_mints_nothing() public {
        uint256 claimId = _committed(PROVIDER);
        _sampleBlockMined(claimId);
        bytes memory proof = _proof(claimId);
        vm.roll(verifier.claimOf(claimId).commitBlock + 2 + 257);
        vm.expectRevert(abi.encodeWithSelector(ComputeUnitVerifier.ClaimExpired.selector, claimId));
        verifier.prove(claimId, proof);
        _assertNothingMinted();
    }

    function test_the_last_block_with_the_sample_hash_is_in_time() public {
        uint256 claimId = _committed(PROVIDER);
        vm.roll(verifier.claimOf(claimId).commitBlock + 2 + 256);
        assertGt(verifier.prove(claimId, _proof(claimId)), 0);
    }

    function test_an_open_claim_has_no_statement() public {
        _register(PROVIDER);
        uint256 claimId = _open(PROVIDER);
        vm.expectRevert(
            abi.encodeWithSelector(
                ComputeUnitVerifier.ClaimInState.selector,
                claimId,
                IComputeUnitVerifier.ClaimState.Open,
                IComputeUnitVerifier.ClaimState.Committed
            )
        );
        verifier.statementOf(claimId);
    }

    function test_a_claim_is_proved_once() public {
        (uint256 claimId,) = _proven(PROVIDER);
        bytes memory proof = _proof(claimId);
        vm.expectRevert(
            abi.encodeWithSelector(
                ComputeUnitVerifier.ClaimInState.selector,
                claimId,
                IComputeUnitVerifier.ClaimState.Proven,
                IComputeUnitVerifier.ClaimState.Committed
            )
        );
        verifier.prove(claimId, proof);
    }

    function test_a_proof_of_another_claim_mints_nothing() public {
        uint256 first = _committed(PROVIDER);
        _register(OTHER_PROVIDER);
        uint256 second = _open(OTHER_PROVIDER);
        _commit(OTHER_PROVIDER, second);
        _sampleBlockMined(second);
        bytes memory foreign = _proof(first);
        (bool proved,) = address(verifier).call(abi.encodeCall(verifier.prove, (second, foreign)));
        assertFalse(proved);
        _assertNothingMinted();
    }

    /// @dev Signatures over a statement that differs in any one field recover to strangers.
    function testFuzz_a_proof_over_another_statement_mints_nothing(uint256 field) public {
        uint256 claimId = _committed(PROVIDER);
        _sampleBlockMined(claimId);
        Statement memory other = _changed(verifier.statementOf(claimId), bound(field, 0, 11));
        bytes memory proof = abi.encode(_signatures(committee.digestOf(other), COMMITTEE_THRESHOLD));
        vm.expectPartialRevert(CommitteeProof.SignerUnknown.selector);
        verifier.prove(claimId, proof);
        _assertNothingMinted();
    }

    function test_a_claim_without_any_value_is_refused() public {
        vm.prank(address(timelock));
        verifier.setStandard(IComputeUnitVerifier.Standard(1, 1, 100, 2, 1, 9000, 1));
        uint256 claimId = _register1Product();
        _sampleBlockMined(claimId);
        bytes memory proof = _proof(claimId);
        vm.expectRevert(abi.encodeWithSelector(ComputeUnitVerifier.ClaimWorthless.selector, claimId));
        verifier.prove(claimId, proof);
    }

    function _register1Product() private returns (uint256 claimId) {
        _register(PROVIDER);
        vm.prank(PROVIDER);
        claimId = verifier.openChallenge(ComputeClass.F32, TERM_SECONDS, 1);
        _commit(PROVIDER, claimId);
    }

    function test_a_class_is_converted_at_its_rate() public {
        vm.prank(address(timelock));
        verifier.setClassConversion(ComputeClass.F64, 2.5e18);
        (, uint256 single) = _proven(OTHER_PROVIDER);
        _register(PROVIDER);
        vm.prank(PROVIDER);
        uint256 claimId = verifier.openChallenge(ComputeClass.F64, TERM_SECONDS, PRODUCTS);
        _commit(PROVIDER, claimId);
        _sampleBlockMined(claimId);
        assertApproxEqAbs(
            verifier.prove(claimId, _proof(claimId)), single * 5 / 2, uint256(TERM_SECONDS) * 1e3, "a unit of the rate at most"
        );
    }

    function test_a_method_taken_away_proves_nothing() public {
        uint256 claimId = _committed(PROVIDER);
        _sampleBlockMined(claimId);
        bytes memory proof = _proof(claimId);
        vm.prank(address(timelock));
        verifier.setProof(ProofMethod.Committee, IComputeProof(address(0)));
        vm.expectRevert(abi.encodeWithSelector(ComputeUnitVerifier.MethodUnavailable.selector, ProofMethod.Committee));
        verifier.prove(claimId, proof);
        vm.prank(PROVIDER);
        vm.expectRevert(abi.encodeWithSelector(ComputeUnitVerifier.MethodUnavailable.selector, ProofMethod.Committee));
        verifier.openChallenge(ComputeClass.F32, TERM_SECONDS, PRODUCTS);
    }

    function test_only_minting_agent_consumes() public {
        (uint256 claimId,) = _proven(PROVIDER);
        vm.expectRevert(abi.encodeWithSelector(Peers.CallerNotPeer.selector, PROVIDER, address(agent)));
        vm.prank(PROVIDER);
        verifier.consume(claimId, PROVIDER);
    }

    // --- Governance

    function test_a_new_standard_counts_for_new_claims_only() public {
        _register(PROVIDER);
        uint256 old = _open(PROVIDER);
        vm.prank(address(timelock));
        verifier.setStandard(IComputeUnitVerifier.Standard(8192, 1024, 50, 4, 2, 8000, 1));
        _commit(PROVIDER, old);
        _sampleBlockMined(old);
        uint256 rate = 2 * 4096 * 4096 * 4096 * uint256(PRODUCTS) / (WORK_BLOCKS + 1);
        assertEq(verifier.prove(old, _proof(old)), rate * TERM_SECONDS * 9000 * 1e18 / (10_000 * 1e15));

        _register(OTHER_PROVIDER);
        uint256 next = _open(OTHER_PROVIDER);
        _commit(OTHER_PROVIDER, next);
        _sampleBlockMined(next);
        rate = 2 * 8192 * 8192 * 1024 * uint256(PRODUCTS) / ((WORK_BLOCKS + 1) * 2);
        assertEq(verifier.prove(next, _proof(next)), rate * TERM_SECONDS * 8000 * 1e18 / (10_000 * 1e15));
        IComputeUnitVerifier.Standard memory found = verifier.standard();
        assertEq(found.rows, 8192);
        assertEq(found.haircutBps, 8000);
    }

    function test_a_standard_that_cannot_be_checked_is_refused() public {
        IComputeUnitVerifier.Standard[8] memory bad = [
            IComputeUnitVerifier.Standard(0, 4096, 100, 2, 1, 9000, 1),
            IComputeUnitVerifier.Standard((1 << 20) + 1, 4096, 100, 2, 1, 9000, 1),
            IComputeUnitVerifier.Standard(4096, (1 << 14) + 1, 100, 2, 1, 9000, 1),
            IComputeUnitVerifier.Standard(4096, 4096, 201, 2, 1, 9000, 1),
            IComputeUnitVerifier.Standard(4096, 4096, 0, 2, 1, 9000, 1),
            IComputeUnitVerifier.Standard(4096, 4096, 100, 0, 1, 9000, 1),
            IComputeUnitVerifier.Standard(4096, 4096, 100, 2, 0, 9000, 1),
            IComputeUnitVerifier.Standard(4096, 4096, 100, 2, 1, 10_001, 1)
        ];
        for (uint256 i = 0; i < bad.length; i++) {
            vm.expectRevert(abi.encodeWithSelector(ComputeUnitVerifier.StandardInvalid.selector, bad[i]));
            vm.prank(address(timelock));
            verifier.setStandard(bad[i]);
        }
    }

    function test_only_governance_sets_and_only_the_guardian_stops() public {
        vm.startPrank(OUTSIDER);
        _expectUnauthorised(OUTSIDER);
        verifier.setStandard(IComputeUnitVerifier.Standard(1, 1, 1, 1, 1, 1, 1));
        _expectUnauthorised(OUTSIDER);
        verifier.setProof(ProofMethod.TEE, IComputeProof(OUTSIDER));
        _expectUnauthorised(OUTSIDER);
        verifier.setClassConversion(ComputeClass.F32, 2e18);
        _expectUnauthorised(OUTSIDER);
        verifier.pause();
        _expectUnauthorised(OUTSIDER);
        verifier.wire(OUTSIDER, OUTSIDER);
    }

    function test_the_agent_is_bound_once() public {
        vm.expectRevert(abi.encodeWithSelector(Peers.PeerAlreadyBound.selector, address(agent)));
        vm.prank(address(timelock));
        verifier.wire(OUTSIDER, OUTSIDER);
    }

    function test_limits_of_governance() public {
        vm.startPrank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(ComputeUnitVerifier.ClassConversionTooLarge.selector, 1000e18 + 1, 1000e18));
        verifier.setClassConversion(ComputeClass.F32, 1000e18 + 1);
        vm.expectRevert(abi.encodeWithSelector(ComputeUnitVerifier.MethodUnavailable.selector, ProofMethod.None));
        verifier.setProof(ProofMethod.None, committee);
    }
}
