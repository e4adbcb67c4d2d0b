"""What a provider commits to: one Merkle tree per product, and a root over the products' roots.

Leaf = ``keccak(0x00 ++ tile)``, a tile being 64 consecutive entries of one row, big-endian int32; leaf
index = row * (N / 64) + column / 64. A leaf's preimage has 257 bytes and a node's 64, so neither can pose as the other
(docs/reference/benchmark.md, Commitment).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from stab3l._engine import tile_leaves, tree_layers
from stab3l.compute.shape import TILE_COLUMNS, Entries, Shape
from stab3l.hashing import HASH_BYTES, keccak256, merkle_layers, merkle_path, merkle_root

LEAF_DOMAIN: Final = b"\x00"


def tile_index(shape: Shape, row: int, column: int) -> int:
    """Index of the leaf whose tile holds entry (row, column)."""
    return row * shape.tiles_per_row + column // TILE_COLUMNS


def leaf(tile: bytes) -> bytes:
    """Hash of one tile."""
    return keccak256(LEAF_DOMAIN + tile)


def leaves(rows: Entries) -> bytes:
    """Leaf hashes of whole rows of C, in order."""
    hashed = np.empty((rows.size // TILE_COLUMNS, HASH_BYTES), dtype=np.uint8)
    tile_leaves(_bytes(rows), hashed)
    return hashed.tobytes()


def product_layers(product_leaves: bytes) -> bytes:
    """All layers of one product's tree, one after another: leaves first, root last."""
    return merkle_layers(product_leaves)


class Tree:
    """One product's tree, from rows as they come; its memory serves for one product after another."""

    def __init__(self, shape: Shape) -> None:
        # Leaves beyond the tiles stay zero: the padding.
        self._layers = np.zeros(((2 << shape.tree_depth) - 1, HASH_BYTES), dtype=np.uint8)
        self._tiles = 0

    def add(self, rows: Entries) -> None:
        """Hashes the next whole rows of C."""
        tiles = rows.size // TILE_COLUMNS
        tile_leaves(_bytes(rows), self._layers[self._tiles : self._tiles + tiles])
        self._tiles += tiles

    def finish(self) -> memoryview:
        """All layers, as `product_layers` has them, until the next product's first row."""
        tree_layers(self._layers)
        self._tiles = 0
        return self._layers.reshape(-1).data


def _bytes(rows: Entries) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(rows, dtype=">i4").reshape(-1).view(np.uint8)


def products_root(roots: Sequence[bytes]) -> bytes:
    """The committed root: a tree over the products' roots, padded with zero hashes; the root itself for one product."""
    return merkle_root(merkle_layers(b"".join(roots)))


def products_path(roots: Sequence[bytes], product: int) -> tuple[bytes, ...]:
    """The siblings from one product's root up to the committed root."""
    return merkle_path(merkle_layers(b"".join(roots)), product)
