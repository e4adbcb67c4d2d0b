"""Futures and options in the exchange's outputs: listings, positions and their changes, liquidations, prices.

The outputs tell every fill, settlement, takeover and deleveraging; what a position becomes by them follows from
docs/reference/derivatives.md ("A fill"), as in the engine, and is held equal to it by a test.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from stab3l.engine.wire import (
    CollateralConverted,
    DebtTakenOver,
    Deleveraged,
    Event,
    IndexChanged,
    InstrumentListed,
    MarkChanged,
    MarketSettled,
    OrderAccepted,
    OrderType,
    PositionSettled,
    PositionTakenOver,
    Side,
    Trade,
    UnderlyingListed,
)
from stab3l.store.tables import (
    index_prices,
    instruments,
    margin_events,
    marks,
    position_changes,
    positions,
    underlyings,
)
from stab3l.store.transaction import Transaction

INSURANCE: Final = 1
POSITION_TABLES: Final = (underlyings, instruments, positions, position_changes, margin_events, index_prices, marks)
CONCERNED: Final = (
    UnderlyingListed,
    InstrumentListed,
    MarketSettled,
    IndexChanged,
    MarkChanged,
    Trade,
    PositionSettled,
    PositionTakenOver,
    Deleveraged,
    DebtTakenOver,
    CollateralConverted,
)
Key = tuple[int, int]
"""Account and market."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event of the outputs, its number within its command, and the frame's time [nanoseconds since 1970]."""

    event: Event
    place: int
    at: int


@dataclass(slots=True)
class Held:
    """A position: signed lots and what they cost."""

    lots: int = 0
    entry: int = 0

    def fill(self, lots: int, price: int) -> int:
        """Adds signed lots at ``price`` base units a lot; what that realises."""
        realised = 0
        if self.lots * lots < 0:
            closing, sign = min(abs(lots), abs(self.lots)), 1 if self.lots > 0 else -1
            entry = self.entry * closing // abs(self.lots)
            realised = sign * closing * price - entry
            self.entry -= entry
            self.lots -= sign * closing
            lots += sign * closing
        self.lots += lots
        self.entry += lots * price
        return realised


@dataclass(slots=True)
class PositionChanges:
    """What some events change, given what stood before them."""

    held: dict[Key, Held]
    ticks: dict[int, int]
    """Settlement base units per lot and price tick, by derivative market."""
    rows: dict[sa.Table, list[dict[str, Any]]] = field(default_factory=dict)
    changed: dict[Key, int] = field(default_factory=dict)
    """The last sequence number that changed a position."""
    settled: list[MarketSettled] = field(default_factory=list)
    settled_at: dict[int, int] = field(default_factory=dict)

    def note(self, told: Told) -> None:
        """Takes one event."""
        match told.event:
            case UnderlyingListed() as event:
                name = event.name.rstrip(b"\0").decode("ascii", "replace").replace("\0", "\ufffd")
                self._add(underlyings, told, name=name)
            case InstrumentListed():
                self._add(instruments, told, kind=int(told.event.kind))
            case MarketSettled() as event:
                self.settled.append(event)
                self.settled_at[event.market] = told.at
            case IndexChanged():
                self._add(index_prices, told)
            case MarkChanged():
                self._add(marks, told)
            case Trade() as event if event.market in self.ticks:
                self._trade(event, told)
            case PositionSettled() as event:
                self._settle(event, told)
            case PositionTakenOver() as event:
                self._take_over(event, told)
            case Deleveraged() as event:
                self._deleverage(event, told)
            case OrderAccepted(order_type=OrderType.LIQUIDATION) as event:
                self._margin(told, "liquidation_order", event.account, event.market, event.lots, event.ticks)
            case CollateralConverted() as event:
                self._margin(told, "collateral_converted", event.account, amount=event.paid, asset=event.asset)
            case DebtTakenOver() as event:
                self._margin(told, "debt_taken_over", event.account, amount=event.amount)

    def _trade(self, event: Trade, told: Told) -> None:
        taker_buys = event.taker_side == Side.BUY
        maker = (event.maker_account, event.maker_fee, event.maker_order)
        taker = (event.taker_account, event.taker_fee, event.taker_order)
        price = event.ticks * self.ticks[event.market]
        for side, (account, fee, order) in enumerate((taker, maker) if taker_buys else (maker, taker)):
            lots = -event.lots if side else event.lots
            realised = self._of(account, event.market).fill(lots, price)
            self._change(told, side, (account, event.market), "trade", lots, realised, fee=fee, order_id=order)

    def _settle(self, event: PositionSettled, told: Told) -> None:
        held = self._of(event.account, event.market)
        held.lots = held.entry = 0
        self._change(told, 0, (event.account, event.market), "settled", -event.lots, event.realised)

    def _take_over(self, event: PositionTakenOver, told: Told) -> None:
        left, fund = self._of(event.account, event.market), self._of(INSURANCE, event.market)
        left.lots = left.entry = 0
        fund.lots += event.lots
        fund.entry += event.entry
        realised = 0
        if fund.lots == 0:
            realised, fund.entry = -fund.entry, 0
        self._change(told, 0, (event.account, event.market), "taken_over", -event.lots, 0)
        self._change(told, 1, (INSURANCE, event.market), "taken_over", event.lots, realised)
        self._margin(told, "taken_over", event.account, event.market, event.lots, amount=event.entry)

    def _deleverage(self, event: Deleveraged, told: Told) -> None:
        price = event.ticks * self.ticks[event.market]
        own_sign = 1 if self._of(event.account, event.market).lots > 0 else -1
        for side, (account, sign) in enumerate(((event.account, -own_sign), (event.counterparty, own_sign))):
            lots = sign * event.lots
            realised = self._of(account, event.market).fill(lots, price)
            paid = event.charge if account == event.counterparty else -event.charge
            self._change(told, side, (account, event.market), "deleveraged", lots, realised - paid)
        self._margin(
            told, "deleveraged", event.account, event.market, event.lots, event.ticks, event.charge, event.counterparty
        )

    def _of(self, account: int, market: int) -> Held:
        return self.held.setdefault((account, market), Held())

    def _change(
        self, told: Told, side: int, key: Key, cause: str, lots: int, realised: int, fee: int = 0, **more: Any
    ) -> None:
        self.changed[key] = told.event.sequence
        held = self.held[key]
        row = {
            "sequence": told.event.sequence,
            "place": 2 * told.place + side,
            "at": told.at,
            "account": key[0],
            "market": key[1],
            "cause": cause,
            "change": lots,
            "ticks": getattr(told.event, "ticks", 0),
            "lots": held.lots,
            "entry": held.entry,
            "realised": realised,
            "fee": fee,
            "trade_id": getattr(told.event, "trade", None),
            "order_id": None,
        }
        self.rows.setdefault(position_changes, []).append(row | more)

    def _margin(
        self,
        told: Told,
        kind: str,
        account: int,
        market: int | None = None,
        lots: int = 0,
        ticks: int = 0,
        amount: int = 0,
        counterparty: int | None = None,
        asset: int | None = None,
    ) -> None:
        row = {
            "sequence": told.event.sequence,
            "place": told.place,
            "at": told.at,
            "account": account,
            "kind": kind,
            "market": market,
            "counterparty": counterparty,
            "asset": asset,
            "lots": lots,
            "ticks": ticks,
            "amount": amount,
        }
        self.rows.setdefault(margin_events, []).append(row)

    def _add(self, table: sa.Table, told: Told, **more: Any) -> None:
        row = {c.name: getattr(told.event, c.name) for c in table.columns if hasattr(told.event, c.name)}
        if "at" in table.columns:
            row["at"] = told.at
        self.rows.setdefault(table, []).append(row | more)


def is_concerned(event: Event) -> bool:
    """Whether an event is about futures, options or marks."""
    if isinstance(event, OrderAccepted):
        return event.order_type == OrderType.LIQUIDATION
    return isinstance(event, CONCERNED)


@dataclass(frozen=True, slots=True)
class Cash:
    """What an account's balance of an asset changed by at ``at``, less what it came to owe, in base units."""

    account: int
    asset: int
    at: int
    change: int


async def write_positions(connection: Transaction, told: Iterable[Told]) -> list[Cash]:
    """Writes what these events change, in their order, in the caller's transaction; what they did to balances."""
    events = list(told)
    if not events:
        return []
    terms = await _terms(connection, events)
    ticks = {market: tick for market, (tick, _) in terms.items()}
    changes = PositionChanges(await _standing(connection, events, ticks), ticks)
    for one in events:
        changes.note(one)
    await _apply(connection, changes)
    realised = [
        Cash(row["account"], terms[row["market"]][1], row["at"], row["realised"] - row["fee"])
        for row in changes.rows.get(position_changes, [])
    ]
    return realised + [cash for one in events for cash in _rescued(one, terms)]


def _rescued(told: Told, terms: Mapping[int, tuple[int, int]]) -> list[Cash]:
    """What insurance did for a debt: it bought collateral for it, or took it over."""
    event, settles = told.event, next((asset for _, asset in terms.values()), 0)
    if isinstance(event, CollateralConverted):
        gone = Cash(event.account, event.asset, told.at, -event.amount)
        return [gone, Cash(event.account, settles, told.at, event.paid)]
    if isinstance(event, DebtTakenOver):
        return [Cash(event.account, settles, told.at, event.amount)]
    return []


async def _terms(connection: Transaction, events: list[Told]) -> dict[int, tuple[int, int]]:
    """Tick and settlement asset of all derivative markets that these events may speak of."""
    by_underlying = {
        row.underlying: (row.tick, row.settlement_asset) for row in await connection.execute(sa.select(underlyings))
    }
    by_market = {row.market: row.underlying for row in await connection.execute(sa.select(instruments))}
    for one in events:
        if isinstance(one.event, UnderlyingListed):
            by_underlying[one.event.underlying] = (one.event.tick, one.event.settlement_asset)
        elif isinstance(one.event, InstrumentListed):
            by_market[one.event.market] = one.event.underlying
    return {market: by_underlying[underlying] for market, underlying in by_market.items()}


async def _standing(connection: Transaction, events: list[Told], ticks: Mapping[int, int]) -> dict[Key, Held]:
    keys = {key for one in events for key in _keys(one.event) if key[1] in ticks}
    if not keys:
        return {}
    c = positions.c
    query = sa.select(positions).where(c.market.in_({market for _, market in keys}))
    found = await connection.execute(query.where(c.account.in_({account for account, _ in keys})))
    return {(row.account, row.market): Held(row.lots, row.entry) for row in found}


def _keys(event: Event) -> tuple[Key, ...]:
    match event:
        case Trade():
            return (event.maker_account, event.market), (event.taker_account, event.market)
        case Deleveraged():
            return (event.account, event.market), (event.counterparty, event.market)
        case PositionTakenOver():
            return (event.account, event.market), (INSURANCE, event.market)
        case PositionSettled():
            return ((event.account, event.market),)
        case _:
            return ()


async def _apply(connection: Transaction, changes: PositionChanges) -> None:
    for table, rows in changes.rows.items():
        await connection.execute(sa.insert(table), rows)
    for event in changes.settled:
        settled = {"settled_sequence": event.sequence, "settled_ticks": event.ticks}
        settled["settled_at"] = changes.settled_at[event.market]
        listed = instruments.c.market == event.market
        await connection.execute(sa.update(instruments).where(listed).values(settled))
    for (account, market), sequence in changes.changed.items():
        held = changes.held[account, market]
        row = {"lots": held.lots, "entry": held.entry, "changed_sequence": sequence}
        own = sa.and_(positions.c.account == account, positions.c.market == market)
        if await connection.change(sa.update(positions).where(own).values(row)) == 0:
            await connection.execute(sa.insert(positions).values(account=account, market=market, **row))
