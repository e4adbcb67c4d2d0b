"""One product C = A B through float32 BLAS, block of rows after block of rows (docs/reference/benchmark.md, Job).

Every partial sum is at most 32 * 32 * 16,384 = 2^24 in magnitude, so float32 accumulates exactly in any order and all
hardware gives the same C.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from stab3l.compute.matrices import Side, lines
from stab3l.compute.runner import NumpyRunner, Runner
from stab3l.compute.shape import ELEMENT_BYTES, Entries, Shape
from stab3l.compute.statement import ComputeClass

_BLOCK_BYTES: Final = 1 << 28
"""Of rows of C in one block: bounds memory. The larger a block, the less often BLAS lays out B anew."""


def rows_at_once(shape: Shape) -> int:
    """Rows of C in one block."""
    return max(min(_BLOCK_BYTES // shape.row_bytes, _BLOCK_BYTES // (shape.depth * ELEMENT_BYTES), shape.rows), 1)


def row_blocks(
    seed: bytes, shape: Shape, product: int, block_rows: int | None = None, runner: Runner | None = None
) -> Iterator[Entries]:
    """The rows of C of ``product`` in order, ``block_rows`` in each block (fewer in the last)."""
    runner = runner or NumpyRunner(ComputeClass.F32)
    held = runner.hold(lines(seed, product, Side.B, shape.depth, 0, shape.rows))
    rows = block_rows or rows_at_once(shape)
    block = np.empty((min(rows, shape.rows), shape.depth), dtype=np.float32)
    for start in range(0, shape.rows, rows):
        stop = min(start + rows, shape.rows)
        yield runner.multiply(lines(seed, product, Side.A, shape.depth, start, stop, block), held)
