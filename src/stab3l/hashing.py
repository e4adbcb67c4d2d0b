"""Keccak-256 (Ethereum's, not SHA3-256) in bulk, and Merkle trees whose proofs are bound to a position.

A tree over n leaves is padded with zero hashes to the next power of two; node = ``keccak(left ++ right)``; a leaf's
position is read from the index's bits, lowest first (docs/reference/engine.md, Hashes).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stab3l._engine import keccak256, keccak_many, merkle_layers

__all__ = ["HASH_BYTES", "keccak256", "keccak_many", "merkle_layers", "merkle_path", "merkle_root", "merkle_root_from"]

HASH_BYTES: Final = 32


def merkle_root(layers: bytes | memoryview) -> bytes:
    """The root of a tree from all its layers."""
    return bytes(layers[-HASH_BYTES:])


def merkle_path(layers: bytes | memoryview, index: int) -> tuple[bytes, ...]:
    """The sibling hashes from the leaf at ``index`` up to, and without, the root, from all layers of the tree."""
    path = []
    start, width = 0, (len(layers) // HASH_BYTES + 1) // 2
    while width > 1:
        sibling = (start + (index ^ 1)) * HASH_BYTES
        path.append(bytes(layers[sibling : sibling + HASH_BYTES]))
        start, width, index = start + width, width // 2, index // 2
    return tuple(path)


def merkle_root_from(leaf: bytes, index: int, path: Sequence[bytes]) -> bytes:
    """The root that ``leaf`` at ``index`` and its ``path`` lead to."""
    node = leaf
    for sibling in path:
        node = keccak256(sibling + node if index & 1 else node + sibling)
        index >>= 1
    return node
