// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title PositionalMerkleProof
/// @notice Proofs of "leaf i of n" in the engine's trees (docs/reference/engine.md, Hashes): leaves padded with zero hashes to the next power of
/// two, node = keccak(left ++ right), the side taken from the index's bits, lowest first.
/// @dev OpenZeppelin's MerkleProof sorts each pair and so forgets the position. Here the position matters: a withdrawal's id is its index.
/// The proof's length is fixed by the count, so an inner node can never stand in for a leaf (and leaves are hashed twice besides).
library PositionalMerkleProof {
    error IndexOutOfTree(uint256 index, uint256 count);
    error ProofLengthWrong(uint256 length, uint256 expected);

    /// @notice Number of siblings in a proof for a tree over `count` leaves.
    function depth(uint256 count) internal pure returns (uint256 levels) {
        while ((uint256(1) << levels) < count) levels++;
    }

    /// @notice The root that `leaf` at `index` and its siblings (lowest level first) give. Reverts for an index or a length that no tree over `count` has.
    function rootOf(bytes32 leaf, uint256 index, uint256 count, bytes32[] calldata siblings) internal pure returns (bytes32 node) {
        if (index >= count) revert IndexOutOfTree(index, count);
        uint256 levels = depth(count);
        if (siblings.length != levels) revert ProofLengthWrong(siblings.length, levels);
        node = leaf;
        for (uint256 level = 0; level < levels; level++) {
            node = (index >> level) & 1 == 0 ? _pair(node, siblings[level]) : _pair(siblings[level], node);
        }
    }

    function _pair(bytes32 left, bytes32 right) private pure returns (bytes32 node) {
        assembly ("memory-safe") {
            mstore(0x00, left)
            mstore(0x20, right)
            node := keccak256(0x00, 0x40)
        }
    }
}
