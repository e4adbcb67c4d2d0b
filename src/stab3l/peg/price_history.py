"""What a pool's price was, block by block; trades of one block weigh nothing until the block has ended.

The twin of contracts/src/libraries/PriceHistory.sol; tests/differential holds them equal.

Before the first trade of a block the price that held since the last entry is accumulated: sum of price x blocks. Each
block has at most one entry, and the last ``ENTRIES`` are kept, so any window of up to ``WINDOW_MAX`` blocks is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from stab3l.units import WAD

ENTRIES: Final = 16
WINDOW_MAX: Final = ENTRIES - 1
PRICE_CAP: Final = (1 << 128) - 1
"""A higher price counts as this much."""


class Entry(NamedTuple):
    """``cumulative`` [wad x blocks]: sum of price x blocks up to the start of ``block``."""

    block: int
    cumulative: int


class Average(NamedTuple):
    """``deviation`` [wad, signed]: mean over the window; ``blocks``: how many of it the history covers."""

    deviation: int
    blocks: int


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """The last entries, oldest first."""

    entries: tuple[Entry, ...]

    @classmethod
    def start(cls, block: int) -> PriceHistory:
        """The history of a pool that opens in this block."""
        return cls((Entry(block, 0),))

    def accumulate(self, block: int, price: int) -> PriceHistory:
        """Records the price that held until ``block`` [wad]; nothing for a second trade in one block."""
        last = self.entries[-1]
        if block <= last.block:
            return self
        entry = Entry(block, last.cumulative + min(price, PRICE_CAP) * (block - last.block))
        return PriceHistory((*self.entries, entry)[-ENTRIES:])

    def average_deviation(self, block: int, price: int, target: int, clamp: int, window: int) -> Average:
        """Mean deviation from ``target`` over the last ``window`` blocks, each block's clamped to +-``clamp`` [wad].

        ``price`` held since the last entry. The clamp bounds what a single block can say, in both directions.
        """
        return _average(self._spans(block, price, window), target, clamp)

    def _spans(self, block: int, price: int, window: int) -> list[tuple[int, int]]:
        """(price, blocks) of the window, newest first."""
        spans: list[tuple[int, int]] = []
        left, until = window, block
        held = min(price, PRICE_CAP)
        for place in range(len(self.entries) - 1, -1, -1):
            entry = self.entries[place]
            blocks = min(until - entry.block, left)
            spans.append((held, blocks))
            left -= blocks
            if left == 0 or place == 0:
                break
            before = self.entries[place - 1]
            held = (entry.cumulative - before.cumulative) // (entry.block - before.block)
            until = entry.block
        return spans


def deviation_of(price: int, target: int) -> int:
    """(price - target) / target [wad], rounded towards zero."""
    distance = abs(price - target) * WAD // target
    return distance if price >= target else -distance


def _average(spans: Sequence[tuple[int, int]], target: int, clamp: int) -> Average:
    total = covered = 0
    for price, blocks in spans:
        total += max(-clamp, min(clamp, deviation_of(price, target))) * blocks
        covered += blocks
    mean = abs(total) // covered if covered else 0
    return Average(mean if total >= 0 else -mean, covered)
