// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Statement} from "../types/Compute.sol";
import {PositionalMerkleProof} from "./PositionalMerkleProof.sol";

/// @notice One entry of a committed product with its way up to the product's root.
struct Opening {
    bytes tile; // 64 entries of one row, big-endian int32
    bytes32[] path; // siblings from the tile upwards
}

/// @title Openings
/// @notice Reads entries out of a claim's root (docs/reference/benchmark.md, Commitment). The twin is src/stab3l/compute/commitment.py.
library Openings {
    error TileLengthWrong(uint256 length);
    error OpeningOfAnotherRoot(bytes32 found, bytes32 expected);

    uint256 internal constant TILE_COLUMNS = 64;
    uint256 internal constant TILE_BYTES = 256;

    /// @notice The product's root, checked to be number `product` of the `products` under the claim's root.
    function checkProduct(Statement memory statement, uint32 product, bytes32 productRoot, bytes32[] calldata path) internal pure {
        bytes32 found = PositionalMerkleProof.rootOf(productRoot, product, statement.products, path);
        if (found != statement.root) revert OpeningOfAnotherRoot(found, statement.root);
    }

    /// @notice The committed entry (row, column) of the product with this root.
    function read(Opening calldata opening, Statement memory statement, bytes32 productRoot, uint32 row, uint32 column)
        internal
        pure
        returns (int32)
    {
        if (opening.tile.length != TILE_BYTES) revert TileLengthWrong(opening.tile.length);
        uint256 tilesPerRow = statement.rows / TILE_COLUMNS;
        bytes32 leaf = keccak256(bytes.concat(bytes1(0), opening.tile));
        uint256 index = row * tilesPerRow + column / TILE_COLUMNS;
        bytes32 found = PositionalMerkleProof.rootOf(leaf, index, statement.rows * tilesPerRow, opening.path);
        if (found != productRoot) revert OpeningOfAnotherRoot(found, productRoot);
        uint256 at = 4 * (column % TILE_COLUMNS);
        return int32(uint32(bytes4(opening.tile[at:at + 4])));
    }
}
