// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";

import {Opening} from "../../src/libraries/Openings.sol";
import {ComputeClass, Statement} from "../../src/types/Compute.sol";

/// @notice Claims of test/fixtures, made by stab3l.testing.proof_fixtures.
abstract contract ProofFixture is Test {
    function _fixture(string memory name) internal view returns (string memory) {
        return vm.readFile(string.concat("test/fixtures/", name));
    }

    function _statement(string memory json) internal pure returns (Statement memory statement) {
        statement.claimId = vm.parseJsonUint(json, ".statement.claim_id");
        statement.provider = vm.parseJsonAddress(json, ".statement.provider");
        statement.computeClass = ComputeClass.F32;
        statement.rows = uint32(vm.parseJsonUint(json, ".statement.rows"));
        statement.depth = uint32(vm.parseJsonUint(json, ".statement.depth"));
        statement.products = uint32(vm.parseJsonUint(json, ".statement.products"));
        statement.seedBlock = uint64(vm.parseJsonUint(json, ".statement.seed_block"));
        statement.commitBlock = uint64(vm.parseJsonUint(json, ".statement.commit_block"));
        statement.seed = vm.parseJsonBytes32(json, ".statement.seed");
        statement.root = vm.parseJsonBytes32(json, ".statement.root");
        statement.sampleSeed = vm.parseJsonBytes32(json, ".statement.sample_seed");
        statement.operationsPerSecond = vm.parseJsonUint(json, ".statement.operations_per_second");
    }

    function _opening(string memory json, string memory at) internal pure returns (Opening memory) {
        return Opening(vm.parseJsonBytes(json, string.concat(at, ".tile")), vm.parseJsonBytes32Array(json, string.concat(at, ".path")));
    }
}
