"""One product C = A B through float32 BLAS, block of rows after block of rows (docs/reference/benchmark.md, Job).

Every partial sum is at most 32 * 32 * 16,384 = 2^24 in magnitude, so float32 accumulates exactly in any order and all
hardware gives the same C.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stab3l.compute.matrices import Side, lines
from stab3l.compute.runner import NumpyRunner, Runner
from stab3l.compute.shape import Entries, Shape
from stab3l.compute.statement import ComputeClass

ROWS_AT_ONCE: Final = 512
"""Rows of C in one block: bounds memory, and is large enough for BLAS to run at full speed."""


def row_blocks(
    seed: bytes, shape: Shape, product: int, rows_at_once: int = ROWS_AT_ONCE, runner: Runner | None = None
) -> Iterator[Entries]:
    """The rows of C of ``product`` in order, ``rows_at_once`` in each block (fewer in the last)."""
    runner = runner or NumpyRunner(ComputeClass.F32)
    columns = lines(seed, product, Side.B, shape.depth, 0, shape.rows)
    held = runner.hold(columns)
    for start in range(0, shape.rows, rows_at_once):
        rows = lines(seed, product, Side.A, shape.depth, start, min(start + rows_at_once, shape.rows))
        yield runner.multiply(rows, held)
