// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title BenchmarkMatrices
/// @notice The lines of the standard benchmark's matrices and their inner products, derived on chain (docs/reference/benchmark.md, Matrices).
/// The twin is src/stab3l/compute/matrices.py.
library BenchmarkMatrices {
    uint256 internal constant ELEMENTS_PER_WORD = 42;
    uint256 internal constant WORD_MASK = (1 << 252) - 1;
    uint8 internal constant ROW_OF_A = 0;
    uint8 internal constant COLUMN_OF_B = 1;

    /// @notice Words of a line of `depth` elements.
    function wordsOf(uint256 depth) internal pure returns (uint256) {
        return (depth + ELEMENTS_PER_WORD - 1) / ELEMENTS_PER_WORD;
    }

    /// @notice The line's words, low 252 bits each.
    function line(bytes32 seed, uint32 product, uint8 side, uint32 index, uint256 depth) internal pure returns (uint256[] memory words) {
        uint256 count = wordsOf(depth);
        words = new uint256[](count);
        assembly ("memory-safe") {
            let message := mload(0x40)
            mstore(message, seed)
            mstore(add(message, 32), or(or(shl(224, product), shl(216, side)), shl(184, index)))
            let tail := mload(add(message, 32))
            for { let i := 0 } lt(i, count) { i := add(i, 1) } {
                mstore(add(message, 32), or(tail, shl(152, i)))
                mstore(add(add(words, 32), shl(5, i)), and(keccak256(message, 45), sub(shl(252, 1), 1)))
            }
        }
    }

    /// @notice Horner's rule at `point` over the line's words, from `folded` on, in the field of this order.
    function foldLine(uint256 folded, uint256 point, uint256 order, bytes32 seed, uint32 product, uint8 side, uint32 index, uint256 depth)
        internal
        pure
        returns (uint256 out)
    {
        uint256 count = wordsOf(depth);
        assembly ("memory-safe") {
            out := folded
            mstore(0, seed)
            let tail := or(or(shl(224, product), shl(216, side)), shl(184, index))
            let end := or(tail, shl(152, count))
            for {} lt(tail, end) { tail := add(tail, shl(152, 1)) } {
                mstore(32, tail)
                out := addmod(mulmod(out, point, order), and(keccak256(0, 45), sub(shl(252, 1), 1)), order)
            }
        }
    }

    /// @notice sum over k < depth of a(k) b(k), for the elements of two lines.
    function dot(uint256[] memory a, uint256[] memory b, uint256 depth) internal pure returns (int256 sum) {
        assembly ("memory-safe") {
            let total := 0
            let left := depth
            let at := 32
            for {} left { at := add(at, 32) } {
                let x := mload(add(a, at))
                let y := mload(add(b, at))
                let here := left
                if gt(here, 42) { here := 42 }
                left := sub(left, here)
                for {} here { here := sub(here, 1) } {
                    total := add(total, mul(sub(and(x, 63), 32), sub(and(y, 63), 32)))
                    x := shr(6, x)
                    y := shr(6, y)
                }
            }
            sum := total
        }
    }

    /// @notice The right value of entry (row, column) of a product.
    function entry(bytes32 seed, uint32 product, uint32 row, uint32 column, uint256 depth) internal pure returns (int256) {
        return dot(line(seed, product, ROW_OF_A, row, depth), line(seed, product, COLUMN_OF_B, column, depth), depth);
    }
}
