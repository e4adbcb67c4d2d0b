"""Freivalds' check of a whole C in O(N^2): C r = A (B r) for random r, in exact integers.

r is uniform in [0, 2^20)^N and drawn by the verifier after the commitment; a wrong C passes one vector with at most
2^-20 (docs/reference/benchmark.md, Freivalds). The check takes C block by block, so memory stays bounded.

Products run through float64 BLAS. The vectors are split into limbs so small that every sum stays within 2^53, where
float64 counts exactly; limbs are put together in int64, which holds the largest result (2^60).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt

from stab3l.compute.matrices import ELEMENT_MAGNITUDE, Side, lines
from stab3l.compute.shape import Entries, Shape
from stab3l.errors import Rejected

VECTORS: Final = 3
"""A wrong C passes with at most 2^-60."""

RANDOM_BITS: Final = 20
_RANDOM_BYTES: Final = 4
_FLOAT64_EXACT_BITS: Final = 53
_LINES_AT_ONCE: Final = 512

Integers = npt.NDArray[np.int64]


class ProductWrong(Rejected):
    """The published C is not A B."""

    code: ClassVar[str] = "product_wrong"


def vectors_bytes(shape: Shape, vectors: int = VECTORS) -> int:
    """How many secret random bytes ``vectors_from`` needs."""
    return shape.rows * vectors * _RANDOM_BYTES


def vectors_from(shape: Shape, randomness: bytes) -> Integers:
    """Random columns r (N x vectors) in [0, 2^20): the low 20 bits of each 4 bytes."""
    words = np.frombuffer(randomness, dtype="<u4") & ((1 << RANDOM_BITS) - 1)
    return words.astype(np.int64).reshape(shape.rows, -1)


def exact_product(matrix: npt.NDArray[np.float64], magnitude: int, vectors: Integers) -> Integers:
    """``matrix @ vectors`` exactly; ``matrix`` holds integers up to ``magnitude``, and the result fits int64."""
    width = max(matrix.shape[1], 1)
    limb_bits = _FLOAT64_EXACT_BITS - magnitude.bit_length() - width.bit_length()
    assert limb_bits > 0, "no limb is small enough for this matrix"
    total = np.zeros((matrix.shape[0], vectors.shape[1]), dtype=np.int64)
    shift, rest = 0, vectors
    while rest.any():
        # An arithmetic shift and a mask split negative numbers too: rest = (rest >> b) * 2^b + (rest & (2^b - 1)).
        last = bool((np.abs(rest) < 1 << limb_bits).all())
        limb = rest if last else rest & ((1 << limb_bits) - 1)
        total += (matrix @ limb.astype(np.float64)).astype(np.int64) << shift
        shift += limb_bits
        rest = np.zeros_like(rest) if last else rest >> limb_bits
    return total


class ProductCheck:
    """Takes the rows of one published C in order, then says whether C = A B."""

    def __init__(self, seed: bytes, shape: Shape, product: int, vectors: Integers) -> None:
        self._seed = seed
        self._shape = shape
        self._product = product
        self._vectors = vectors
        self._images: list[Integers] = []

    def add(self, rows: Entries) -> None:
        """The next rows of C.

        Raises:
            ProductWrong: an entry is beyond what any product of this depth can reach.
        """
        magnitude = ELEMENT_MAGNITUDE**2 * self._shape.depth
        if rows.size and not -magnitude <= int(rows.min()) <= int(rows.max()) <= magnitude:
            raise ProductWrong(f"an entry of product {self._product} exceeds {magnitude}", product=self._product)
        self._images.append(exact_product(rows.astype(np.float64), magnitude, self._vectors))

    def finish(self) -> None:
        """Judges C after its last row.

        Raises:
            ProductWrong: C r differs from A (B r).
        """
        published = np.concatenate(self._images)
        wrong = np.flatnonzero((published != self._expected()).any(axis=1))
        if wrong.size:
            raise ProductWrong(
                f"product {self._product} is wrong in {wrong.size} rows, first in row {wrong[0]}",
                product=self._product,
                rows=int(wrong.size),
                row=int(wrong[0]),
            )

    def _expected(self) -> Integers:
        shape = self._shape
        inner = np.zeros((shape.depth, self._vectors.shape[1]), dtype=np.int64)
        for start, columns in self._blocks(Side.B):
            inner += exact_product(columns.T, ELEMENT_MAGNITUDE, self._vectors[start : start + len(columns)])
        images = [exact_product(rows, ELEMENT_MAGNITUDE, inner) for _, rows in self._blocks(Side.A)]
        return np.concatenate(images)

    def _blocks(self, side: Side) -> Iterator[tuple[int, npt.NDArray[np.float64]]]:
        for start in range(0, self._shape.rows, _LINES_AT_ONCE):
            stop = min(start + _LINES_AT_ONCE, self._shape.rows)
            block = lines(self._seed, self._product, side, self._shape.depth, start, stop)
            yield start, block.astype(np.float64)
