"""Jobs of the matrix kind: C = A B in exact integers, the work that CUs are proved with (docs/reference/jobs.md)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from stab3l.provider.jobs import JOB_BYTES_MAX, MATRIX_OUTPUT_BYTES_MAX, DocumentInvalid, Result, Status
from stab3l.units import Operations

MATRIX_MAGIC: Final = b"S3LMTX\x00\x01"
DEPTH_MAX: Final = 65_536
"""So that every entry fits 32 bits: 65,536 * 2^14 = 2^30."""

_SHAPE: Final = struct.Struct(">III")
_HEADER_BYTES: Final = len(MATRIX_MAGIC) + _SHAPE.size
_FLOAT32_EXACT_DEPTH: Final = 1_024
"""|a b| <= 2^14, and float32 counts exactly up to 2^24."""

_ENTRY_BYTES: Final = 4
Bytes = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class MatrixJob:
    """A (rows x depth) and B (depth x columns), elements int8.

    Raises:
        DocumentInvalid: sizes do not fit each other or their limits.
    """

    a: Bytes
    b: Bytes

    def __post_init__(self) -> None:
        sizes = (*self.a.shape, *self.b.shape)
        fits = (
            self.a.ndim == self.b.ndim == 2
            and self.a.shape[1] == self.b.shape[0]
            and min(sizes) > 0
            and self.a.shape[1] <= DEPTH_MAX
            and self.a.size + self.b.size + _HEADER_BYTES <= JOB_BYTES_MAX
            and self.a.shape[0] * self.b.shape[1] * _ENTRY_BYTES <= MATRIX_OUTPUT_BYTES_MAX
        )
        if not fits:
            raise DocumentInvalid(f"no matrix job has the sizes {sizes}", sizes=list(sizes))

    @property
    def operations(self) -> Operations:
        """What is billed: one multiplication and one addition for each pair of elements."""
        return Operations(2 * self.a.shape[0] * self.a.shape[1] * self.b.shape[1])

    def document(self) -> bytes:
        """The document that is uploaded and hashed."""
        shape = _SHAPE.pack(self.a.shape[0], self.a.shape[1], self.b.shape[1])
        return MATRIX_MAGIC + shape + self.a.tobytes() + self.b.tobytes()

    @classmethod
    def parse(cls, document: bytes) -> MatrixJob:
        """Reads a job document.

        Raises:
            DocumentInvalid: it is not one.
        """
        if not document.startswith(MATRIX_MAGIC) or len(document) < _HEADER_BYTES:
            raise DocumentInvalid("a matrix job starts with S3LMTX 00 01 and three sizes", length=len(document))
        rows, depth, columns = _SHAPE.unpack_from(document, len(MATRIX_MAGIC))
        if len(document) != _HEADER_BYTES + rows * depth + depth * columns:
            raise DocumentInvalid("a matrix job has as many elements as its sizes say", length=len(document))
        elements = np.frombuffer(document, dtype=np.int8, offset=_HEADER_BYTES)
        return cls(elements[: rows * depth].reshape(rows, depth), elements[rows * depth :].reshape(depth, columns))

    def run(self, budget: Operations) -> Result:
        """C, big-endian int32 by rows; the same on every machine, since every sum is exact in any order."""
        if self.operations > budget:
            return Result(Status.OUT_OF_FUEL, budget)
        exact = np.float32 if self.a.shape[1] <= _FLOAT32_EXACT_DEPTH else np.float64
        product = self.a.astype(exact) @ self.b.astype(exact)
        return Result(Status.COMPLETED, self.operations, product.astype(">i4").tobytes())
