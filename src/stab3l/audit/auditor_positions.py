"""The auditor's books of futures and options: positions, what they may still cost, and who may carry them.

All of it follows from the events and docs/reference/derivatives.md, except two things that no event tells: that a debt
was repaid from what its account has, and that the insurance fund took over an account that had a debt and no lots. So
what an account has is known as an upper bound, and what is judged here is what even that does not allow.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Final

from stab3l.engine.wire import (
    CollateralSet,
    Deleveraged,
    IndexChanged,
    InstrumentListed,
    MarketKind,
    OptionMarked,
    PositionSettled,
    PositionTakenOver,
    UnderlyingListed,
)

INSURANCE: Final = 1
PPM: Final = 10**6
AMOUNT_MAX: Final = 2**127 - 1
THIRDS: Final = (0, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3, 6, -6)
EXTREMES: Final = 2
"""The last of the scenarios, which count by a third."""


@dataclass(slots=True)
class Held:
    """An account's signed lots in a market, and what was paid less received for them."""

    lots: int = 0
    entry: int = 0


class PositionBook:
    """Positions, debts and marks of everyone, as the events tell them."""

    def __init__(self) -> None:
        self.underlyings: dict[int, UnderlyingListed] = {}
        self.instruments: dict[int, InstrumentListed] = {}
        self.indexes: dict[int, int] = {}
        self.given: dict[int, OptionMarked] = {}
        self.collateral: dict[int, CollateralSet] = {}
        self.held: defaultdict[int, dict[int, Held]] = defaultdict(dict)
        """By account, then market."""
        self.debts: Counter[int] = Counter()
        """What an account owes, or more."""
        self.settled: set[int] = set()
        self._net: Counter[int] = Counter()
        """The sum of all lots, by market."""

    def underlying_of(self, market: int) -> UnderlyingListed:
        """What a market is on."""
        return self.underlyings[self.instruments[market].underlying]

    def tick(self, market: int) -> int:
        """Settlement base units per lot and price tick."""
        return self.underlying_of(market).tick

    def lots(self, account: int, market: int) -> int:
        """An account's signed lots."""
        held = self.held[account].get(market)
        return held.lots if held else 0

    def is_clear(self, market: int) -> bool:
        """Whether every lot that is long is short elsewhere."""
        return self._net[market] == 0

    def is_empty(self, market: int) -> bool:
        """Whether nobody has a lot."""
        return all(held[market].lots == 0 for held in self.held.values() if market in held)

    def change(self, account: int, market: int, lots: int, ticks: int) -> int:
        """Adds signed lots at a price; the gain (or loss) of those that close."""
        held = self.held[account].setdefault(market, Held())
        self._net[market] += lots
        realised = 0
        if held.lots * lots < 0:
            closing, sign = min(abs(lots), abs(held.lots)), 1 if held.lots > 0 else -1
            entry = held.entry * closing // abs(held.lots)
            realised = sign * closing * ticks * self.tick(market) - entry
            held.lots -= sign * closing
            held.entry -= entry
            lots += sign * closing
        held.lots += lots
        held.entry += lots * ticks * self.tick(market)
        return realised

    def settle(self, event: PositionSettled) -> str:
        """Makes a position cash; what is wrong with the event, "" when nothing is."""
        held = self.held[event.account].pop(event.market, Held())
        self._net[event.market] -= held.lots
        realised = held.lots * event.ticks * self.tick(event.market) - held.entry
        if (event.lots, event.realised) == (held.lots, realised):
            return ""
        return f"account {event.account} had {held}, which realises {realised}"

    def take_over(self, event: PositionTakenOver) -> str:
        """Moves a position to the insurance fund; what is wrong with the event."""
        held = self.held[event.account].pop(event.market, Held())
        fund = self.held[INSURANCE].setdefault(event.market, Held())
        fund.lots += held.lots
        fund.entry = fund.entry + held.entry if fund.lots else 0
        same = (event.lots, event.entry) == (held.lots, held.entry)
        return "" if same else f"account {event.account} had {held}"

    def deleverage(self, event: Deleveraged, mark: int | None) -> str:
        """Why two positions may not be closed against each other like this."""
        mine, theirs = self.lots(event.account, event.market), self.lots(event.counterparty, event.market)
        if mine * theirs >= 0 or not 0 < event.lots <= min(abs(mine), abs(theirs)):
            return f"account {event.account} has {mine} lots, account {event.counterparty} {theirs}"
        return "" if event.ticks == mark else f"the mark is {mark}"

    def index(self, event: IndexChanged) -> None:
        """Follows an index."""
        self.indexes[event.underlying] = event.ticks

    def changes(self, market: int, mark: int) -> list[int]:
        """How many ticks a lot gains in each scenario."""
        instrument, index = self.instruments[market], self.indexes.get(self.instruments[market].underlying, 0)
        if instrument.kind != MarketKind.FUTURE:
            given = self.given[market]
            return [value - given.mark for value in given.values]
        span = index * self.underlying_of(market).range_ppm
        return [max(span * third // (3 * PPM), -mark) for third in THIRDS]

    def short_option(self, market: int) -> int:
        """The least margin of a sold option's lot, in parts per million of a tick."""
        instrument = self.instruments[market]
        if instrument.kind == MarketKind.FUTURE:
            return 0
        return self.indexes.get(instrument.underlying, 0) * self.underlying_of(market).short_option_ppm

    def initial(self, account: int, marks: dict[int, int]) -> int:
        """The initial margin of an account's positions."""
        losses: dict[int, list[int]] = {}
        sold: Counter[int] = Counter()
        for market, held in self.held[account].items():
            if held.lots:
                underlying, size = self.instruments[market].underlying, held.lots * self.tick(market)
                before = losses.get(underlying, [0] * len(THIRDS))
                changes = self.changes(market, marks[market])
                losses[underlying] = [loss - size * change for loss, change in zip(before, changes, strict=True)]
                if held.lots < 0:
                    sold[underlying] += _up(-size * self.short_option(market), PPM)
        needed = {one: max(0, sold[one], worst(found)) for one, found in losses.items()}
        return sum(_up(least * self.underlyings[one].initial_ppm, PPM) for one, least in needed.items())

    def per_lot(self, market: int, mark: int, ticks: int, *, buys: bool) -> int:
        """What an order reserves for each lot."""
        underlying, instrument = self.underlying_of(market), self.instruments[market]
        risk = worst([(-change if buys else change) for change in self.changes(market, mark)])
        risk = max(0, risk, 0 if buys else _up(self.short_option(market), PPM))
        adverse = max(0, ticks - mark if buys else mark - ticks) * underlying.tick
        fee = _up(ticks * underlying.tick * instrument.taker_fee_ppm, PPM)
        return _up(risk * underlying.tick * underlying.initial_ppm, PPM) + adverse + fee

    def worth(self, account: int, marks: dict[int, int], available: Counter[tuple[int, int]]) -> int:
        """What an account is worth at most: available and collateral, less debt, and its positions at their marks."""
        total = -self.debts[account]
        for asset in {one.settlement_asset for one in self.underlyings.values()}:
            total += available[account, asset]
        for asset, terms in self.collateral.items():
            value = available[account, asset] * terms.price // 10**18 * (PPM - terms.haircut_ppm) // PPM
            total += min(value, AMOUNT_MAX)
        for market, held in self.held[account].items():
            if held.lots:
                total += held.lots * marks[market] * self.tick(market) - held.entry
        return total


def worst(losses: list[int]) -> int:
    """The largest loss, with the extreme scenarios at one third, rounded up."""
    return max(*losses[:-EXTREMES], *(_up(loss, 3) for loss in losses[-EXTREMES:]))


def _up(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)
