"""Keccak-256 (Ethereum's, not SHA3-256) in bulk, and Merkle trees whose proofs are bound to a position.

A tree over n leaves is padded with zero hashes to the next power of two; node = ``keccak(left ++ right)``; a leaf's
position is read from the index's bits, lowest first (docs/reference/engine.md, Hashes).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from Crypto.Hash import keccak as _keccak

HASH_BYTES: Final = 32
ZERO_HASH: Final = bytes(HASH_BYTES)


def keccak256(data: bytes) -> bytes:
    """Keccak-256 of ``data``."""
    return _keccak.new(digest_bits=256, data=data).digest()


def keccak_many(data: bytes, width: int) -> bytes:
    """The hashes, one after another, of the consecutive ``width``-byte pieces of ``data``."""
    return b"".join(keccak256(data[at : at + width]) for at in range(0, len(data), width))


def merkle_layers(leaves: bytes) -> list[bytes]:
    """All layers of the tree over ``leaves`` (concatenated hashes): the padded leaves first, the root last."""
    count = len(leaves) // HASH_BYTES
    padded = 1 << max(count - 1, 0).bit_length()
    layers = [leaves + ZERO_HASH * (padded - count)]
    while len(layers[-1]) > HASH_BYTES:
        layers.append(keccak_many(layers[-1], 2 * HASH_BYTES))
    return layers


def merkle_root(leaves: bytes) -> bytes:
    """Root of the tree over ``leaves``, which are concatenated hashes."""
    return merkle_layers(leaves)[-1]


def merkle_path(layers: Sequence[bytes | memoryview], index: int) -> tuple[bytes, ...]:
    """The sibling hashes from the leaf at ``index`` up to, and without, the root."""
    path = []
    for layer in layers[:-1]:
        sibling = (index ^ 1) * HASH_BYTES
        path.append(bytes(layer[sibling : sibling + HASH_BYTES]))
        index >>= 1
    return tuple(path)


def merkle_root_from(leaf: bytes, index: int, path: Sequence[bytes]) -> bytes:
    """The root that ``leaf`` at ``index`` and its ``path`` lead to."""
    node = leaf
    for sibling in path:
        node = keccak256(sibling + node if index & 1 else node + sibling)
        index >>= 1
    return node
