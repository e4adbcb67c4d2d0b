"""The matrices of a benchmark, derived from its seed (docs/reference/benchmark.md, Matrices).

A word is ``keccak(seed ++ product u32 ++ side u8 ++ line u32 ++ index u32)``, integers big-endian. Its low 252 bits
hold 42 elements of 6 bits, lowest first; an element is its 6 bits minus 32. Line i of side A is row i of A, line j of
side B is column j of B.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from stab3l.compute.shape import Shape
from stab3l.hashing import HASH_BYTES, keccak_many

ELEMENT_BITS: Final = 6
ELEMENTS_PER_WORD: Final = 42
WORD_MASK: Final = (1 << ELEMENT_BITS * ELEMENTS_PER_WORD) - 1
ELEMENT_OFFSET: Final = 32
"""Elements lie in [-32, 31]."""

ELEMENT_MAGNITUDE: Final = 32

_LINES_AT_ONCE: Final = 512
"""Bounds the memory of deriving: 512 lines of depth 16,384 are about 40 MiB of messages, words and indexes."""

_MESSAGE: Final = np.dtype([("seed", "V32"), ("product", ">u4"), ("side", "u1"), ("line", ">u4"), ("index", ">u4")])

_PAIRS_PER_WORD: Final = ELEMENTS_PER_WORD // 2
_PAIR_BITS: Final = 2 * ELEMENT_BITS

Float32s = npt.NDArray[np.float32]


class Side(IntEnum):
    """Which factor a line belongs to."""

    A = 0
    """Line i is row i of A."""
    B = 1
    """Line j is column j of B."""


def _pairs_by_bits() -> npt.NDArray[np.float64]:
    """For each 12-bit value its two elements as float32, side by side in one 8-byte item."""
    bits = np.arange(1 << _PAIR_BITS)
    pairs = np.stack([bits & 63, bits >> ELEMENT_BITS], axis=1) - ELEMENT_OFFSET
    return pairs.astype(np.float32).view(np.float64).reshape(-1)


_PAIRS: Final = _pairs_by_bits()


def words_per_line(depth: int) -> int:
    """Words that hold one line of ``depth`` elements."""
    return -(-depth // ELEMENTS_PER_WORD)


def lines(seed: bytes, product: int, side: Side, depth: int, start: int, stop: int) -> Float32s:
    """Lines ``start`` to ``stop`` (without it) of one factor, one line a row, as float32 (exact: |element| <= 32)."""
    out = np.empty((stop - start, depth), dtype=np.float32)
    for first in range(start, stop, _LINES_AT_ONCE):
        last = min(first + _LINES_AT_ONCE, stop)
        digests = keccak_many(_messages(seed, product, side, depth, first, last), _MESSAGE.itemsize)
        out[first - start : last - start] = _elements(digests).reshape(last - first, -1)[:, :depth]
    return out


def words(seed: bytes, product: int, side: Side, depth: int, index: int) -> list[int]:
    """The words of one line as a contract and a circuit see them: the low 252 bits of each hash."""
    digests = keccak_many(_messages(seed, product, side, depth, index, index + 1), _MESSAGE.itemsize)
    starts = range(0, len(digests), HASH_BYTES)
    return [int.from_bytes(digests[start : start + HASH_BYTES], "big") & WORD_MASK for start in starts]


def line(seed: bytes, product: int, side: Side, shape: Shape, index: int) -> npt.NDArray[np.int64]:
    """One row of A or column of B as int64."""
    elements = lines(seed, product, side, shape.depth, index, index + 1)
    return elements.reshape(-1).astype(np.int64)


def _messages(seed: bytes, product: int, side: Side, depth: int, start: int, stop: int) -> bytes:
    messages = np.empty((stop - start, words_per_line(depth)), dtype=_MESSAGE)
    messages["seed"] = np.void(seed)
    messages["product"] = product
    messages["side"] = side
    messages["line"] = np.arange(start, stop)[:, None]
    messages["index"] = np.arange(messages.shape[1])
    return messages.tobytes()


def _elements(digests: bytes) -> Float32s:
    """42 elements of each digest, lowest bits first; a digest is one big-endian 256-bit number."""
    words = np.frombuffer(digests, dtype=np.uint8).reshape(-1, HASH_BYTES)
    limbs = np.ascontiguousarray(words[:, ::-1]).view("<u8")
    pairs = np.empty((len(words), _PAIRS_PER_WORD), dtype=np.uint16)
    for pair in range(_PAIRS_PER_WORD):
        limb, shift = divmod(pair * _PAIR_BITS, 64)
        bits = limbs[:, limb] >> np.uint64(shift)
        if shift > 64 - _PAIR_BITS:
            bits |= limbs[:, limb + 1] << np.uint64(64 - shift)
        pairs[:, pair] = bits & np.uint64((1 << _PAIR_BITS) - 1)
    return np.take(_PAIRS, pairs).view(np.float32)
