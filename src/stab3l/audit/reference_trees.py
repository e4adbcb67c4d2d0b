"""Hashes and Merkle trees of docs/reference/engine.md, section "Hashes", the slow way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sha3

ZERO_HASH: Final = bytes(32)
CHUNK_BYTES: Final = 1024

__all__ = [
    "CHUNK_BYTES",
    "ZERO_HASH",
    "abi_words",
    "keccak",
    "leaf",
    "merkle_proof",
    "merkle_root",
    "payload_hash",
    "payload_root",
    "root_of_proof",
]


def keccak(data: bytes) -> bytes:
    """Keccak-256, of a library that the engine does not use."""
    digest: bytes = sha3.keccak_256(data).digest()
    return digest


def abi_words(*values: int | bytes) -> bytes:
    """``abi.encode`` of static values, each a 32-byte word: left-padded, negative integers in two's complement."""
    words = [value % 2**256 if isinstance(value, int) else value for value in values]
    return b"".join(word.to_bytes(32, "big") if isinstance(word, int) else word.rjust(32, b"\0") for word in words)


def leaf(*values: int | bytes) -> bytes:
    """``keccak(keccak(abi.encode(values)))``: hashed twice, so that no leaf can pass for a node."""
    return keccak(keccak(abi_words(*values)))


def payload_root(payload: bytes) -> bytes:
    """Root over the hashes of the payload's chunks; zero for an empty payload."""
    return merkle_root([keccak(payload[at : at + CHUNK_BYTES]) for at in range(0, len(payload), CHUNK_BYTES)])


def payload_hash(payload: bytes) -> bytes:
    """What a link of a chain says about a payload: its length (u64, little-endian) and its root."""
    return len(payload).to_bytes(8, "little") + payload_root(payload)


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Root over the leaves padded with zero hashes to the next power of two; zero when there are none."""
    return _levels(leaves)[-1][0]


def merkle_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The sibling at each level from leaf ``index`` up to the root."""
    return [level[(index >> height) ^ 1] for height, level in enumerate(_levels(leaves)[:-1])]


def root_of_proof(one_leaf: bytes, index: int, siblings: Sequence[bytes]) -> bytes:
    """The root that a proof leads to; the index's bits, lowest first, say which side each sibling is on."""
    node = one_leaf
    for height, sibling in enumerate(siblings):
        node = keccak(sibling + node) if index >> height & 1 else keccak(node + sibling)
    return node


def _levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    width = 1
    while width < len(leaves):
        width *= 2
    levels = [[*leaves, *[ZERO_HASH] * (width - len(leaves))]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([keccak(below[i] + below[i + 1]) for i in range(0, len(below), 2)])
    return levels
