"""How fast this machine is, and how many products to take on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from stab3l.compute.commitment import leaves
from stab3l.compute.credit import standard_rate_down
from stab3l.compute.product import row_blocks
from stab3l.compute.shape import PRODUCTS_MAX, Shape
from stab3l.hashing import keccak256
from stab3l.units import Wad

WORK_BLOCKS: Final = 12
"""The work should take about as many blocks: one more or less at either end then changes the rate little."""

WINDOW_SHARE_PERCENT: Final = 60
"""Most of the window that the work may take, so that a busy minute does not make it late."""

_TRIAL_SEED: Final = keccak256(b"stab3l trial run")
_TRIAL_BLOCKS: Final = 2
_TRIAL_ROWS: Final = 512


def seconds_per_product(shape: Shape, monotonic_s: Callable[[], float]) -> float:
    """An estimate from the first rows of a product: deriving B once, then block after block."""
    started = monotonic_s()
    blocks = row_blocks(_TRIAL_SEED, shape, 0, _TRIAL_ROWS)
    leaves(next(blocks))
    first = monotonic_s()
    counted = 0
    for rows, _ in zip(blocks, range(_TRIAL_BLOCKS), strict=False):
        leaves(rows)
        counted += len(rows)
    if not counted:
        return first - started
    per_row = (monotonic_s() - first) / counted
    return (first - started) + per_row * max(shape.rows - _TRIAL_ROWS, 0)


def seconds_at_most(one: Shape, conversion: int, rate_max: int | None) -> float:
    """How long one product takes at a rate of at most ``rate_max`` [standard operations per second]; 0 for none."""
    return 0.0 if rate_max is None else standard_rate_down(one.operations, Wad(conversion)) / rate_max


def products_for(product_seconds: float, block_seconds: int, window_blocks: int) -> int:
    """R such that the work takes about `WORK_BLOCKS` blocks, but not more than its share of the window."""
    wanted = WORK_BLOCKS * block_seconds
    most = window_blocks * block_seconds * WINDOW_SHARE_PERCENT / 100
    products = int(min(wanted, most) / product_seconds) + 1
    return max(1, min(products, int(most / product_seconds), PRODUCTS_MAX))
