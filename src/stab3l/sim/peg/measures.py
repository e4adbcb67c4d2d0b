"""What a run is measured by. Values are integers in the series; here they become figures, for reading only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Series = NDArray[np.int64]

PPB_PER_BP = 100_000
PEG_BP = 10
"""Peg stability +-0.10 % (source 2, section 16)."""
SPREAD_BP = 15
"""Cross-chain spread below 0.15 %."""
REBALANCE_BLOCKS = 5
"""Rebalance latency below so many blocks."""
FLASH_BLOCKS = 3
"""Recovery from a flash drain in fewer blocks."""
SETTLED_BLOCKS = 3
"""A price has recovered when it then stays within the peg for so many blocks."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """A pool's distance from its peg, each block weighing the same, in bp (signed mean, the rest absolute)."""

    mean_bp: Any
    p50_bp: Any
    p95_bp: Any
    p99_bp: Any
    max_bp: Any
    rms_bp: Any
    share_within: Any
    """Of blocks that ended within the peg."""


@dataclass(frozen=True, slots=True)
class Excursions:
    """Stretches of blocks outside the peg."""

    count: int
    p50_blocks: Any
    p95_blocks: Any
    max_blocks: int
    share_short: Any
    """Of excursions that were over in fewer blocks than the target for rebalancing."""


def series_of(packed: bytes) -> Series:
    """A series of the native core as an array."""
    return np.frombuffer(packed, dtype="<i8")


def deviation_of(series: Series) -> Deviation:
    """About the peg, not about the mean."""
    size = np.abs(series) / PPB_PER_BP
    p50, p95, p99 = np.percentile(size, [50, 95, 99])
    return Deviation(
        mean_bp=round(series.mean().item() / PPB_PER_BP, 3),
        p50_bp=round(p50.item(), 3),
        p95_bp=round(p95.item(), 3),
        p99_bp=round(p99.item(), 3),
        max_bp=round(size.max().item(), 3),
        rms_bp=round(np.sqrt((size**2).mean()).item(), 3),
        share_within=round((size <= PEG_BP).mean().item(), 6),
    )


def excursions_of(series: Series) -> Excursions:
    """How long the price stayed outside the peg each time it left."""
    outside = np.abs(series) > PEG_BP * PPB_PER_BP
    edges = np.diff(np.concatenate(([0], outside.astype(np.int8), [0])))
    lengths = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    if not len(lengths):
        return Excursions(0, 0, 0, 0, 1)
    p50, p95 = np.percentile(lengths, [50, 95])
    short = (lengths < REBALANCE_BLOCKS).mean().item()
    return Excursions(len(lengths), p50.item(), p95.item(), lengths.max().item(), round(short, 6))


def blocks_to_recover(series: Series, event: int, lasting: int = 0) -> int | None:
    """Blocks that ended outside the peg from the event on until the price is back and stays; ``None``: it never was.

    Of an event that is ``lasting`` so many blocks, the longest of the excursions that began meanwhile. ``event`` is a
    block number; the first block of a series is number 1.
    """
    inside = np.abs(series[event - 1 :]) <= PEG_BP * PPB_PER_BP
    if len(inside) < SETTLED_BLOCKS:
        return None
    settled: NDArray[np.bool_] = np.all(np.lib.stride_tricks.sliding_window_view(inside, SETTLED_BLOCKS), axis=1)
    outside, back = np.flatnonzero(~inside), np.flatnonzero(settled)
    if not len(outside):
        return 0
    longest, left = 0, outside[0] if settled[0] else 0
    while True:
        place = np.searchsorted(back, left)
        if place == len(back):
            return None
        longest = max(longest, int(back[place] - left))
        later = np.searchsorted(outside, back[place])
        if later == len(outside) or outside[later] > lasting:
            return longest
        left = outside[later]


def spread_of(series: Series) -> dict[str, Any]:
    """The distance between two like pools in bp, and the share of blocks below the target."""
    size = series / PPB_PER_BP
    p50, p95, p99 = np.percentile(size, [50, 95, 99])
    return {
        "p50_bp": round(p50.item(), 3),
        "p95_bp": round(p95.item(), 3),
        "p99_bp": round(p99.item(), 3),
        "max_bp": round(size.max().item(), 3),
        "share_below": round((size < SPREAD_BP).mean().item(), 6),
    }
