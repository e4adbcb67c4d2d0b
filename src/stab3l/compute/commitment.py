"""What a provider commits to: one Merkle tree per product, and a root over the products' roots.

Leaf = ``keccak(0x00 ++ tile)``, a tile being 64 consecutive entries of one row, big-endian int32; leaf
index = row * (N / 64) + column / 64. A leaf's preimage has 257 bytes and a node's 64, so neither can pose as the other
(docs/reference/benchmark.md, Commitment).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from stab3l._engine import tile_leaves
from stab3l.compute.shape import TILE_COLUMNS, Entries, Shape
from stab3l.hashing import keccak256, merkle_layers, merkle_path, merkle_root

LEAF_DOMAIN: Final = b"\x00"


def tile_index(shape: Shape, row: int, column: int) -> int:
    """Index of the leaf whose tile holds entry (row, column)."""
    return row * shape.tiles_per_row + column // TILE_COLUMNS


def leaf(tile: bytes) -> bytes:
    """Hash of one tile."""
    return keccak256(LEAF_DOMAIN + tile)


def leaves(rows: Entries) -> bytes:
    """Leaf hashes of whole rows of C, in order."""
    entries = np.ascontiguousarray(rows, dtype=">i4")
    return tile_leaves(entries.reshape(-1).view(np.uint8))


def product_layers(product_leaves: bytes) -> bytes:
    """All layers of one product's tree, one after another: leaves first, root last."""
    return merkle_layers(product_leaves)


def products_root(roots: Sequence[bytes]) -> bytes:
    """The committed root: a tree over the products' roots, padded with zero hashes; the root itself for one product."""
    return merkle_root(merkle_layers(b"".join(roots)))


def products_path(roots: Sequence[bytes], product: int) -> tuple[bytes, ...]:
    """The siblings from one product's root up to the committed root."""
    return merkle_path(merkle_layers(b"".join(roots)), product)
