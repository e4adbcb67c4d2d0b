"""One product C = A B through float32 BLAS, block of rows after block of rows (docs/reference/benchmark.md, Job).

Every partial sum is at most 32 * 32 * 16,384 = 2^24 in magnitude, so float32 accumulates exactly in any order and all
hardware gives the same C.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from stab3l.compute.matrices import Side, lines
from stab3l.compute.shape import Shape

ROWS_AT_ONCE: Final = 512
"""Rows of C in one block: bounds memory, and is large enough for BLAS to run at full speed."""

Entries = npt.NDArray[np.int32]
"""Rows of C, stored big-endian (dtype ``>i4``), as they are hashed and sent."""


def row_blocks(seed: bytes, shape: Shape, product: int, rows_at_once: int = ROWS_AT_ONCE) -> Iterator[Entries]:
    """The rows of C of ``product`` in order, ``rows_at_once`` in each block (fewer in the last)."""
    columns = lines(seed, product, Side.B, shape.depth, 0, shape.rows)
    for start in range(0, shape.rows, rows_at_once):
        rows = lines(seed, product, Side.A, shape.depth, start, min(start + rows_at_once, shape.rows))
        yield (rows @ columns.T).astype(">i4")
