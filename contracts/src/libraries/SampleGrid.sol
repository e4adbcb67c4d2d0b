// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Statement} from "../types/Compute.sol";
import {BenchmarkMatrices} from "./BenchmarkMatrices.sol";

/// @notice Two rows and two columns of one product, and so four entries where they cross.
struct Grid {
    uint32 product;
    uint32[2] rows;
    uint32[2] columns;
}

/// @title SampleGrid
/// @notice Which lines of a claim are proved, and the fold of their words and crossings (docs/reference/zero-knowledge.md). The twin is
/// src/stab3l/compute/grid.py.
library SampleGrid {
    uint256 internal constant SAMPLES = 2;
    uint256 internal constant CROSSINGS = 4;
    /// @notice Order of BN254's scalar field.
    uint256 internal constant FIELD =
        21_888_242_871_839_275_222_246_405_745_257_275_088_548_364_400_416_034_343_698_204_186_575_808_495_617;
    uint256 private constant PART_BITS = 48;

    /// @notice Five parts of 48 bits of one hash: the bias is below 2^-28.
    function draw(Statement memory statement) internal pure returns (Grid memory grid) {
        uint256 drawn = uint256(keccak256(abi.encodePacked(statement.sampleSeed, "grid")));
        grid.rows = [_part(drawn, 0, statement.rows), _part(drawn, 1, statement.rows)];
        grid.columns = [_part(drawn, 2, statement.rows), _part(drawn, 3, statement.rows)];
        grid.product = _part(drawn, 4, statement.products);
    }

    /// @notice Row and column of crossing 0 .. 3, row by row.
    function crossing(Grid memory grid, uint256 index) internal pure returns (uint32 row, uint32 column) {
        return (grid.rows[index / SAMPLES], grid.columns[index % SAMPLES]);
    }

    /// @notice Horner's rule at `gamma` over the hash of what the claim is bound to, the words of the rows, those of the columns, and the entries.
    function fold(Statement calldata statement, int32[4] memory entries, uint256 gamma) internal pure returns (uint256 folded) {
        Grid memory grid = draw(statement);
        (bytes32 seed, uint256 depth) = (statement.seed, statement.depth);
        folded = uint256(keccak256(abi.encode(seed, statement.root, statement.sampleSeed)));
        for (uint256 i = 0; i < 2 * SAMPLES; i++) {
            bool isRow = i < SAMPLES;
            (uint8 side, uint32 index) =
                isRow ? (BenchmarkMatrices.ROW_OF_A, grid.rows[i]) : (BenchmarkMatrices.COLUMN_OF_B, grid.columns[i - SAMPLES]);
            folded = BenchmarkMatrices.foldLine(folded, gamma, FIELD, seed, grid.product, side, index, depth);
        }
        for (uint256 i = 0; i < CROSSINGS; i++) {
            uint256 entry = entries[i] < 0 ? FIELD - uint256(-int256(entries[i])) : uint256(int256(entries[i]));
            folded = addmod(mulmod(folded, gamma, FIELD), entry, FIELD);
        }
    }

    function _part(uint256 drawn, uint256 index, uint32 bound) private pure returns (uint32) {
        return uint32(uint48(drawn >> (PART_BITS * index)) % bound);
    }
}
