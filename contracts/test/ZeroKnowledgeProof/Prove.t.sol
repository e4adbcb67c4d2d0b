// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IComputeUnitVerifier} from "../../src/interfaces/IComputeUnitVerifier.sol";
import {Groth16Verifier} from "../../src/issuance/Groth16Verifier.sol";
import {ZeroKnowledgeProof} from "../../src/issuance/ZeroKnowledgeProof.sol";
import {Opening, Openings} from "../../src/libraries/Openings.sol";
import {SampleGrid} from "../../src/libraries/SampleGrid.sol";
import {Statement} from "../../src/types/Compute.sol";
import {ProofFixture} from "../support/ProofFixture.sol";

/// @notice A real Groth16 proof of a small claim, and every way of cheating with it. ComputeUnitVerifier is mocked: it only gives the statement.
contract ZeroKnowledgeProofTest is ProofFixture {
    address internal immutable VERIFIER = makeAddr("verifier");

    string internal json;
    Groth16Verifier internal groth16;
    ZeroKnowledgeProof internal zeroKnowledge;
    Statement internal claim;
    bytes internal proof;

    function setUp() public {
        json = _fixture("proved_claim.json");
        claim = _statement(json);
        proof = vm.parseJsonBytes(json, ".proof");
        groth16 = new Groth16Verifier(_key(), true);
        zeroKnowledge = new ZeroKnowledgeProof(IComputeUnitVerifier(VERIFIER), groth16, claim.depth);
        _give(claim);
    }

    function _key() internal view returns (uint256[] memory) {
        return vm.parseJsonUintArray(json, ".key");
    }

    function _give(Statement memory statement) internal {
        vm.mockCall(VERIFIER, abi.encodeCall(IComputeUnitVerifier.statementOf, (1)), abi.encode(statement));
    }

    function _openings() internal view returns (Opening[4] memory openings) {
        for (uint256 i = 0; i < 4; i++) {
            openings[i] = _opening(json, string.concat(".openings[", vm.toString(i), "]"));
        }
    }

    function _openSamples() internal {
        zeroKnowledge.openSamples(1, vm.parseJsonBytes32(json, ".productRoot"), vm.parseJsonBytes32Array(json, ".productPath"), _openings());
    }

    // --- The honest way

    function test_an_opened_claim_is_proved() public {
        _openSamples();
        assertEq(zeroKnowledge.check(claim, proof), 10_000);
    }

    function test_the_entries_are_those_of_the_matrices() public {
        _openSamples();
        int256[] memory expected = vm.parseJsonIntArray(json, ".entries");
        (int32[4] memory entries,) = zeroKnowledge.samplesOf(1);
        for (uint256 i = 0; i < 4; i++) {
            assertEq(entries[i], expected[i]);
        }
    }

    function test_the_direct_way_needs_no_proof_system() public {
        _openSamples();
        for (uint256 i = 0; i < 4; i++) {
            vm.expectRevert(abi.encodeWithSelector(ZeroKnowledgeProof.CrossingsUnchecked.selector, 1, (1 << i) - 1));
            zeroKnowledge.check(claim, "");
            zeroKnowledge.checkEntry(1, i);
        }
        assertEq(zeroKnowledge.check(claim, ""), 10_000);
        vm.expectRevert(abi.encodeWithSelector(ZeroKnowledgeProof.CrossingOutOfRange.selector, 4));
        zeroKnowledge.checkEntry(1, 4);
    }

    // --- Cheats

    function test_without_openings_there_is_no_proof() public {
        vm.expectRevert(abi.encodeWithSelector(ZeroKnowledgeProof.SamplesNotOpened.selector, 1));
        zeroKnowledge.check(claim, proof);
        vm.expectRevert(abi.encodeWithSelector(ZeroKnowledgeProof.SamplesNotOpened.selector, 1));
        zeroKnowledge.checkEntry(1, 0);
    }

    function test_a_tile_with_one_changed_entry_is_not_under_the_root() public {
        Opening[4] memory openings = _openings();
        openings[2].tile[17] ^= 0x01;
        bytes32 root = vm.parseJsonBytes32(json, ".productRoot");
        bytes32[] memory path = vm.parseJsonBytes32Array(json, ".productPath");
        vm.expectPartialRevert(Openings.OpeningOfAnotherRoot.selector);
        zeroKnowledge.openSamples(1, root, path, openings);
        openings[2].tile = "short";
        vm.expectRevert(abi.encodeWithSelector(Openings.TileLengthWrong.selector, 5));
        zeroKnowledge.openSamples(1, root, path, openings);
        vm.expectPartialRevert(Openings.OpeningOfAnotherRoot.selector);
        zeroKnowledge.openSamples(1, ~root, path, _openings());
    }

    function test_words_and_entries_of_other_matrices_fail() public {
        _openSamples();
        Statement memory other = claim;
        other.seed = keccak256("other matrices");
        _give(other);
        _openSamples();
        _refused(other, proof);
        vm.expectPartialRevert(ZeroKnowledgeProof.EntryWrong.selector);
        zeroKnowledge.checkEntry(1, 0);
    }

    function test_a_proof_for_an_older_seed_another_provider_or_other_samples_fails() public {
        for (uint256 field = 0; field < 3; field++) {
            Statement memory other = _statement(json);
            if (field == 0) other.seed = keccak256("the last challenge's");
            if (field == 1) (other.provider, other.seed) = (address(0xB0B), keccak256("the thief's own seed"));
            // Sampling by the root itself, which could be tried until it pleases, is not what the contract does.
            if (field == 2) other.sampleSeed = other.root;
            _give(other);
            vm.expectRevert(abi.encodeWithSelector(ZeroKnowledgeProof.SamplesNotOpened.selector, 1));
            zeroKnowledge.check(other, proof);
            if (field == 2) continue;
            _openSamples();
            _refused(other, proof);
        }
    }

    function test_any_flipped_byte_of_a_proof_fails(uint256 at, uint8 bit) public {
        _openSamples();
        bytes memory changed = proof;
        changed[bound(at, 0, changed.length - 1)] ^= bytes1(uint8(1 << (bit % 8)));
        _refused(claim, changed);
    }

    function test_the_negative_of_a_point_and_values_beyond_the_field_fail() public {
        _openSamples();
        (uint256[8] memory points, uint256 gamma) = abi.decode(proof, (uint256[8], uint256));
        _refused(claim, abi.encode(points, gamma + SampleGrid.FIELD));
        uint256[2] memory values = [uint256(0), SampleGrid.FIELD];
        assertFalse(groth16.verify(points, values));
        points[1] = 21_888_242_871_839_275_222_246_405_745_257_275_088_696_311_157_297_823_662_689_037_894_645_226_208_583 - points[1];
        _refused(claim, abi.encode(points, gamma));
        vm.expectRevert(abi.encodeWithSelector(ZeroKnowledgeProof.ProofLengthWrong.selector, 3, 288));
        zeroKnowledge.check(claim, "abc");
    }

    function test_a_claim_of_another_depth_is_not_opened() public {
        Statement memory other = claim;
        other.depth++;
        _give(other);
        Opening[4] memory openings = _openings();
        vm.expectRevert(abi.encodeWithSelector(ZeroKnowledgeProof.DepthNotProvable.selector, claim.depth + 1, claim.depth));
        zeroKnowledge.openSamples(1, 0, new bytes32[](1), openings);
    }

    // --- Keys

    function test_a_development_key_refuses_a_public_chain() public {
        uint256[] memory key = _key();
        uint16[4] memory local = [31_337, 138, 1, 10];
        for (uint256 i = 0; i < local.length; i++) {
            vm.chainId(local[i]);
            if (i >= 2) vm.expectRevert(abi.encodeWithSelector(Groth16Verifier.DevelopmentKeyOffLocalChain.selector, local[i]));
            new Groth16Verifier(key, true);
        }
        vm.chainId(42_161);
        assertFalse(new Groth16Verifier(key, false).development());
    }

    function test_a_key_that_is_no_key_is_refused() public {
        uint256[] memory key = _key();
        key[15]++;
        vm.expectRevert(Groth16Verifier.KeyNotOnCurve.selector);
        new Groth16Verifier(key, true);
        key = _key();
        key[6]++;
        vm.expectRevert(Groth16Verifier.KeyNotOnCurve.selector);
        new Groth16Verifier(key, true);
        vm.expectRevert(abi.encodeWithSelector(Groth16Verifier.KeyLengthWrong.selector, 21));
        new Groth16Verifier(new uint256[](21), true);
    }

    function _refused(Statement memory statement, bytes memory wrong) internal {
        vm.expectRevert(abi.encodeWithSelector(ZeroKnowledgeProof.ProofInvalid.selector, 1));
        zeroKnowledge.check(statement, wrong);
    }
}
