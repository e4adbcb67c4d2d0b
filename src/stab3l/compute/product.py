"""One product C = A B through float32 BLAS, block of rows after block of rows (docs/reference/benchmark.md, Job).

Every partial sum is at most 32 * 32 * 16,384 = 2^24 in magnitude, so float32 accumulates exactly in any order and all
hardware gives the same C.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from stab3l.compute.commitment import Tree
from stab3l.compute.matrices import Side, lines
from stab3l.compute.runner import NumpyRunner, Runner
from stab3l.compute.shape import ELEMENT_BYTES, Entries, Shape
from stab3l.compute.statement import ComputeClass

_BLOCK_BYTES: Final = 1 << 28
"""Of rows of C in one block: bounds memory. The larger a block, the less often BLAS lays out B anew."""


def rows_at_once(shape: Shape) -> int:
    """Rows of C in one block."""
    return max(min(_BLOCK_BYTES // shape.row_bytes, _BLOCK_BYTES // (shape.depth * ELEMENT_BYTES), shape.rows), 1)


class Workspace:
    """Memory for the products of one shape, the same for each: fresh memory costs a tenth of a product's time."""

    def __init__(self, shape: Shape) -> None:
        rows = rows_at_once(shape)
        self.a = np.empty((rows, shape.depth), dtype=np.float32)
        self.b = np.empty((shape.rows, shape.depth), dtype=np.float32)
        self.c = np.empty((rows, shape.rows), dtype=np.float32)
        self.tree = Tree(shape)


def row_blocks(
    seed: bytes,
    shape: Shape,
    product: int,
    block_rows: int | None = None,
    runner: Runner | None = None,
    workspace: Workspace | None = None,
) -> Iterator[Entries]:
    """The rows of C of ``product`` in order, ``block_rows`` in each block (fewer in the last).

    In a ``workspace`` (which decides the rows of a block) they are good until the next block is asked for.
    """
    runner = runner or NumpyRunner(ComputeClass.F32)
    b = None if workspace is None else workspace.b
    held = runner.hold(lines(seed, product, Side.B, shape.depth, 0, shape.rows, b))
    if workspace is None:
        rows = min(block_rows or rows_at_once(shape), shape.rows)
        block, out = np.empty((rows, shape.depth), dtype=np.float32), None
    else:
        rows, block, out = len(workspace.a), workspace.a, workspace.c
    for start in range(0, shape.rows, rows):
        stop = min(start + rows, shape.rows)
        yield runner.multiply(lines(seed, product, Side.A, shape.depth, start, stop, block), held, out)
