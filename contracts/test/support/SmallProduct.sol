// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {BenchmarkMatrices} from "../../src/libraries/BenchmarkMatrices.sol";
import {Opening} from "../../src/libraries/Openings.sol";

/// @notice What a provider of the smallest benchmark (64 rows: one tile a row) computes, commits and opens, in memory.
/// @dev One multiplication of words gives eight multiplications of elements: a line is a polynomial with coefficients of 16 bits, eight elements a word,
/// the other one's the wrong way round, and the product's coefficient of x^7 their inner product. Elements count from 0 to 63 in there. The depth is
/// whole words.
library SmallProduct {
    uint256 internal constant ROWS = 64;
    uint256 private constant GROUPS = 6; // of eight elements in a word; the last has two
    uint256 private constant EIGHT_ONES = 0x00010001000100010001000100010001;
    uint256 private constant TILE_BYTES = 256;

    /// @notice The words of all lines of a factor.
    function factor(bytes32 seed, uint32 product, uint8 side, uint256 depth) internal pure returns (uint256[][] memory lines) {
        lines = new uint256[][](ROWS);
        for (uint32 i = 0; i < ROWS; i++) {
            lines[i] = BenchmarkMatrices.line(seed, product, side, i, depth);
        }
    }

    /// @notice All entries of a product, big-endian int32, row by row.
    function compute(bytes32 seed, uint32 product, uint256 depth) internal pure returns (bytes memory) {
        return multiply(
            factor(seed, product, BenchmarkMatrices.ROW_OF_A, depth), factor(seed, product, BenchmarkMatrices.COLUMN_OF_B, depth), depth
        );
    }

    /// @notice The product of two factors, as `compute`.
    function multiply(uint256[][] memory rows, uint256[][] memory columns, uint256 depth) internal pure returns (bytes memory entries) {
        entries = new bytes(ROWS * TILE_BYTES);
        uint256[][] memory right = new uint256[][](ROWS);
        uint256[] memory sums = new uint256[](ROWS);
        for (uint256 j = 0; j < ROWS; j++) {
            (right[j], sums[j]) = _polynomials(columns[j], true);
        }
        for (uint256 i = 0; i < ROWS; i++) {
            (uint256[] memory left, uint256 sum) = _polynomials(rows[i], false);
            for (uint256 j = 0; j < ROWS; j++) {
                // (a - 32)(b - 32), summed.
                unchecked {
                    _put(entries, i, j, int32(int256(_inner(left, right[j]) + 1024 * depth) - int256(32 * (sum + sums[j]))));
                }
            }
        }
    }

    function _polynomials(uint256[] memory words, bool reversed) private pure returns (uint256[] memory out, uint256 sum) {
        out = new uint256[](GROUPS * words.length);
        for (uint256 k = 0; k < out.length; k++) {
            uint256 eight = _spread((words[k / GROUPS] >> (48 * (k % GROUPS))) & 0xffffffffffff);
            out[k] = reversed ? _reversed(eight) : eight;
            unchecked {
                sum += ((eight * EIGHT_ONES) >> 112) & 0xffff;
            }
        }
    }

    /// @dev 48 bits as eight lanes of 16 with 6 of them each.
    function _spread(uint256 bits) private pure returns (uint256) {
        bits = (bits & 0xffffff) | ((bits & 0xffffff000000) << 40);
        bits = (bits & 0x0000000000000fff0000000000000fff) | ((bits & 0x0000000000fff0000000000000fff000) << 20);
        return (bits & 0x0000003f0000003f0000003f0000003f) | ((bits & 0x00000fc000000fc000000fc000000fc0) << 10);
    }

    function _reversed(uint256 lanes) private pure returns (uint256) {
        lanes = (lanes >> 64) | ((lanes & 0xffffffffffffffff) << 64);
        lanes = ((lanes >> 32) & 0x00000000ffffffff00000000ffffffff) | ((lanes & 0x00000000ffffffff00000000ffffffff) << 32);
        return ((lanes >> 16) & 0x0000ffff0000ffff0000ffff0000ffff) | ((lanes & 0x0000ffff0000ffff0000ffff0000ffff) << 16);
    }

    /// @dev Two products before each look: 2 x 8 x 63 x 63 is below 2^16.
    function _inner(uint256[] memory left, uint256[] memory right) private pure returns (uint256 sum) {
        assembly ("memory-safe") {
            let end := add(left, shl(5, mload(left)))
            for {} lt(left, end) {} {
                let two := mul(mload(add(left, 32)), mload(add(right, 32)))
                left := add(left, 64)
                right := add(right, 64)
                two := add(two, mul(mload(left), mload(right)))
                sum := add(sum, and(shr(112, two), 0xffff))
            }
        }
    }

    /// @notice The entry of a row and column.
    function at(bytes memory entries, uint256 row, uint256 column) internal pure returns (int32 entry) {
        assembly ("memory-safe") {
            entry := signextend(3, shr(224, mload(add(add(entries, 32), add(mul(row, 256), mul(column, 4))))))
        }
    }

    /// @notice Changes the entry of a row and column by one.
    function spoil(bytes memory entries, uint256 row, uint256 column) internal pure {
        _put(entries, row, column, at(entries, row, column) + 1);
    }

    function _put(bytes memory entries, uint256 row, uint256 column, int32 entry) private pure {
        assembly ("memory-safe") {
            let place := add(add(entries, 32), add(mul(row, 256), mul(column, 4)))
            mstore(place, or(shl(224, entry), shr(32, shl(32, mload(place)))))
        }
    }

    /// @notice The root over a product's tiles.
    function rootOf(bytes memory entries) internal pure returns (bytes32) {
        bytes32[] memory layer = _leaves(entries);
        while (layer.length > 1) {
            layer = _above(layer);
        }
        return layer[0];
    }

    /// @notice A row's tile and its way to the product's root.
    function open(bytes memory entries, uint256 row) internal pure returns (Opening memory opening) {
        opening.tile = _tile(entries, row);
        opening.path = new bytes32[](6);
        bytes32[] memory layer = _leaves(entries);
        for (uint256 level = 0; level < 6; level++) {
            opening.path[level] = layer[(row >> level) ^ 1];
            layer = _above(layer);
        }
    }

    function _leaves(bytes memory entries) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](ROWS);
        for (uint256 row = 0; row < ROWS; row++) {
            leaves[row] = keccak256(bytes.concat(bytes1(0), _tile(entries, row)));
        }
    }

    function _above(bytes32[] memory layer) private pure returns (bytes32[] memory above) {
        above = new bytes32[](layer.length / 2);
        for (uint256 i = 0; i < above.length; i++) {
            above[i] = keccak256(abi.encode(layer[2 * i], layer[2 * i + 1]));
        }
    }

    function _tile(bytes memory entries, uint256 row) private pure returns (bytes memory tile) {
        tile = new bytes(TILE_BYTES);
        assembly ("memory-safe") {
            mcopy(add(tile, 32), add(add(entries, 32), mul(row, 256)), 256)
        }
    }
}
