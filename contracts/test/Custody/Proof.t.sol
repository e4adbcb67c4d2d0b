// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";

import {PositionalMerkleProof} from "../../src/libraries/PositionalMerkleProof.sol";
import {ReferenceTree} from "../support/ReferenceTree.sol";

contract PositionalMerkleProofTest is Test {
    function testFuzz_a_proof_leads_to_the_root_of_the_whole_tree(bytes32 seed, uint256 count, uint256 index) public view {
        count = bound(count, 1, 70);
        index = bound(index, 0, count - 1);
        bytes32[] memory leaves = _leaves(seed, count);
        bytes32[] memory siblings = ReferenceTree.proof(leaves, index);
        assertEq(this.rootOf(leaves[index], index, count, siblings), ReferenceTree.root(leaves));
    }

    function testFuzz_an_inner_node_is_no_leaf(bytes32 seed, uint256 count) public {
        count = bound(count, 2, 70);
        bytes32[] memory leaves = _leaves(seed, count);
        bytes32[] memory siblings = ReferenceTree.proof(leaves, 0);
        bytes32 node = keccak256(abi.encodePacked(leaves[0], leaves[1]));
        bytes32[] memory shorter = new bytes32[](siblings.length - 1);
        for (uint256 i = 0; i < shorter.length; i++) {
            shorter[i] = siblings[i + 1];
        }
        vm.expectRevert(abi.encodeWithSelector(PositionalMerkleProof.ProofLengthWrong.selector, shorter.length, siblings.length));
        this.rootOf(node, 0, count, shorter);
    }

    function testFuzz_an_index_outside_the_tree_is_refused(uint256 count, uint256 beyond) public {
        count = bound(count, 0, 70);
        beyond = bound(beyond, count, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(PositionalMerkleProof.IndexOutOfTree.selector, beyond, count));
        this.rootOf(bytes32(0), beyond, count, new bytes32[](0));
    }

    /// @dev Printed by src/stab3l/audit/reference_trees.py for leaves (i, 31337, 0x70 + i % 2, 0x10 + i, 0x20 + i, 1000 + i).
    function test_the_trees_are_those_of_the_python_reference() public view {
        bytes32[] memory leaves = new bytes32[](5);
        for (uint64 i = 0; i < 5; i++) {
            bytes memory fields = abi.encode(i, 31_337, 0x70 + i % 2, 0x10 + i, 0x20 + i, 1000 + i);
            leaves[i] = keccak256(bytes.concat(keccak256(fields)));
        }
        bytes32 root = 0x7be727b487715a2821d957997ce732674a9b83406cd63c96547c0a53baf8844c;
        assertEq(leaves[0], 0xb6de45f4a674a69e86e9f5964aa88ecb93eb72c8a52e237230541f7b89242a70);
        assertEq(ReferenceTree.root(leaves), root);
        bytes32[] memory siblings = new bytes32[](3);
        siblings[1] = 0xad3228b676f7d3cd4284a5443f17f1962b36e491b30a40b2405849e597ba5fb5;
        siblings[2] = 0x1fd60fcc4ad359081da70dbd787bafedb744230f8c4858abea3dff81d6654dc5;
        assertEq(this.rootOf(leaves[4], 4, 5, siblings), root);
    }

    function rootOf(bytes32 leaf, uint256 index, uint256 count, bytes32[] calldata siblings) external pure returns (bytes32) {
        return PositionalMerkleProof.rootOf(leaf, index, count, siblings);
    }

    function _leaves(bytes32 seed, uint256 count) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](count);
        for (uint256 i = 0; i < count; i++) {
            leaves[i] = keccak256(abi.encode(seed, i));
        }
    }
}
