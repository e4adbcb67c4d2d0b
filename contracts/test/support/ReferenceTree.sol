// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice The trees of docs/reference/engine.md, built whole, level by level: the slow twin that judges PositionalMerkleProof.
library ReferenceTree {
    function root(bytes32[] memory leaves) internal pure returns (bytes32) {
        bytes32[] memory level = _padded(leaves);
        while (level.length > 1) level = _above(level);
        return leaves.length == 0 ? bytes32(0) : level[0];
    }

    function proof(bytes32[] memory leaves, uint256 index) internal pure returns (bytes32[] memory siblings) {
        bytes32[] memory level = _padded(leaves);
        uint256 depth = 0;
        for (uint256 width = level.length; width > 1; width /= 2) {
            depth++;
        }
        siblings = new bytes32[](depth);
        for (uint256 i = 0; i < depth; i++) {
            siblings[i] = level[index % 2 == 0 ? index + 1 : index - 1];
            level = _above(level);
            index /= 2;
        }
    }

    function _padded(bytes32[] memory leaves) private pure returns (bytes32[] memory padded) {
        uint256 width = 1;
        while (width < leaves.length) width *= 2;
        padded = new bytes32[](width);
        for (uint256 i = 0; i < leaves.length; i++) {
            padded[i] = leaves[i];
        }
    }

    function _above(bytes32[] memory level) private pure returns (bytes32[] memory above) {
        above = new bytes32[](level.length / 2);
        for (uint256 i = 0; i < above.length; i++) {
            above[i] = keccak256(abi.encodePacked(level[2 * i], level[2 * i + 1]));
        }
    }
}
