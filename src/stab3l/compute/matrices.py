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

from stab3l._engine import benchmark_lines
from stab3l.compute.shape import Shape
from stab3l.hashing import HASH_BYTES, keccak_many

ELEMENT_BITS: Final = 6
ELEMENTS_PER_WORD: Final = 42
WORD_MASK: Final = (1 << ELEMENT_BITS * ELEMENTS_PER_WORD) - 1
ELEMENT_OFFSET: Final = 32
"""Elements lie in [-32, 31]."""

ELEMENT_MAGNITUDE: Final = 32

_MESSAGE: Final = np.dtype([("seed", "V32"), ("product", ">u4"), ("side", "u1"), ("line", ">u4"), ("index", ">u4")])

Float32s = npt.NDArray[np.float32]


class Side(IntEnum):
    """Which factor a line belongs to."""

    A = 0
    """Line i is row i of A."""
    B = 1
    """Line j is column j of B."""


def words_per_line(depth: int) -> int:
    """Words that hold one line of ``depth`` elements."""
    return -(-depth // ELEMENTS_PER_WORD)


def lines(
    seed: bytes, product: int, side: Side, depth: int, start: int, stop: int, out: Float32s | None = None
) -> Float32s:
    """Lines ``start`` to ``stop`` (without it) of one factor, one line a row, as float32 (exact: |element| <= 32).

    Into ``out``, where it is given: an array of at least as many rows, which nobody else uses meanwhile.
    """
    filled = np.empty((stop - start, depth), dtype=np.float32) if out is None else out[: stop - start]
    benchmark_lines(seed, product, side, start, filled)
    return filled


def words(seed: bytes, product: int, side: Side, depth: int, index: int) -> list[int]:
    """The words of one line as a contract and a circuit see them: the low 252 bits of each hash."""
    digests = keccak_many(_messages(seed, product, side, depth, index), _MESSAGE.itemsize)
    starts = range(0, len(digests), HASH_BYTES)
    return [int.from_bytes(digests[start : start + HASH_BYTES], "big") & WORD_MASK for start in starts]


def line(seed: bytes, product: int, side: Side, shape: Shape, index: int) -> npt.NDArray[np.int64]:
    """One row of A or column of B as int64."""
    elements = lines(seed, product, side, shape.depth, index, index + 1)
    return elements.reshape(-1).astype(np.int64)


def _messages(seed: bytes, product: int, side: Side, depth: int, index: int) -> bytes:
    messages = np.empty(words_per_line(depth), dtype=_MESSAGE)
    messages["seed"] = np.void(seed)
    messages["product"] = product
    messages["side"] = side
    messages["line"] = index
    messages["index"] = np.arange(len(messages))
    return messages.tobytes()
