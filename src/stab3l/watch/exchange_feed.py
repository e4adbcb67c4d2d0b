"""Follows the exchange's public outputs into the read model.

The outputs are the engine's event records in sequence order. Rows and cursor change in one transaction, so a process
killed at any point continues without a gap or a double row. An exchange that stands before the cursor (its journal was
put back) is followed again from its first output.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import anyio
import sqlalchemy as sa
import structlog
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from stab3l.chain.address import checksum
from stab3l.engine.wire import (
    CloseReason,
    DepositCredited,
    Event,
    MarketListed,
    OrderAccepted,
    OrderAmended,
    OrderClosed,
    OrderReduced,
    Sealed,
    Trade,
    WithdrawalQueued,
    decode_events,
)
from stab3l.errors import Corrupt, Unavailable
from stab3l.store.database import Database
from stab3l.store.tables import (
    candles,
    credits,
    exchange_blocks,
    feed,
    holdings,
    orders,
    spot_markets,
    trades,
    withdrawals,
)
from stab3l.store.transaction import Transaction
from stab3l.watch.position_feed import POSITION_TABLES, Told, is_concerned, write_positions
from stab3l.watch.tallies import Tallies, known_markets, write_tallies

log = structlog.get_logger(__name__)

SOURCE = "exchange"
FRAMES_WAITING_MAX = 256
EVENTS_PER_WRITE = 5_000
POLL_S = 0.5
BACKOFF_S_MAX = 10.0
FOLLOWED = (
    feed, orders, trades, credits, withdrawals, exchange_blocks, spot_markets, candles, holdings, *POSITION_TABLES,
)  # fmt: skip
STATES = {CloseReason.FILLED: "filled", CloseReason.IMMEDIATE_REST: "expired", CloseReason.EXPIRED: "expired"}
"""State of a closed order; every other reason leaves it ``cancelled``. An immediate rest is ``expired``."""


class OutputFrame(Protocol):
    """The outputs of one batch: event records from ``first_sequence`` on, at time ``now`` (nanoseconds)."""

    @property
    def first_sequence(self) -> int: ...
    @property
    def now(self) -> int: ...
    @property
    def payload(self) -> bytes: ...


class ExchangeStatus(Protocol):
    """How far the exchange is: ``sequence`` of its last input."""

    @property
    def sequence(self) -> int: ...


class OutputSource(Protocol):
    """Where the outputs come from: the gateway's client."""

    async def status(self) -> ExchangeStatus:
        """How far the exchange is. Raises ``Unavailable``."""
        ...

    def outputs(self, from_sequence: int) -> AsyncIterator[OutputFrame]:
        """All frames from the one that holds ``from_sequence`` on, then live. Raises ``Unavailable``."""
        ...


@dataclass(slots=True)
class _Changes:
    """What several frames together change; an order that comes and changes within them is written once."""

    floor: int
    """Everything before this sequence number is in the tables."""
    next_sequence: int
    orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    updates: dict[int, dict[str, Any]] = field(default_factory=dict)
    rows: dict[sa.Table, list[dict[str, Any]]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    """What futures and options hear of."""
    tallies: Tallies = field(default_factory=Tallies)

    def add(self, table: sa.Table, row: dict[str, Any]) -> None:
        self.rows.setdefault(table, []).append(row)

    def fill(self, order: int, lots: int, sequence: int) -> None:
        change = self._change(order, sequence)
        if order in self.orders or "lots_left" in change:
            change["lots_left"] -= lots
        else:
            change["filled"] = change.get("filled", 0) + lots

    def state_left(self, order: int, lots_left: int, sequence: int, **terms: int) -> None:
        """What is left of an order, and other terms, as an event states them."""
        change = self._change(order, sequence)
        change.pop("filled", None)
        change.update(terms, lots_left=lots_left)

    def close(self, event: OrderClosed) -> None:
        self.state_left(event.order, event.lots_left, event.sequence)
        change = self._change(event.order, event.sequence)
        change.update(state=STATES.get(event.reason, "cancelled"), reason=event.reason.name.lower())

    def _change(self, order: int, sequence: int) -> dict[str, Any]:
        change = self.orders.get(order)
        if change is None:
            change = self.updates.setdefault(order, {})
        change["changed_sequence"] = sequence
        return change


class ExchangeFeed:
    """The exchange's follower."""

    def __init__(self, database: Database, source: OutputSource) -> None:
        self.database = database
        self.source = source

    async def run(self) -> None:
        """Follows until cancelled; waits with backoff while gateway or database are away.

        Raises:
            Corrupt: the outputs skip a sequence number, or are no event records.
        """
        pause = POLL_S
        while True:
            try:
                await self._follow()
                pause = POLL_S
            except* Unavailable as errors:
                log.warning("exchange_feed_waits", error=str(errors.exceptions[0]))
                pause = min(pause * 2, BACKOFF_S_MAX)
            await anyio.sleep(pause)

    async def _follow(self) -> None:
        sending, receiving = anyio.create_memory_object_stream[OutputFrame](FRAMES_WAITING_MAX)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._pull, await self._resume_at(), sending)
            await self._write_all(receiving)

    async def _resume_at(self) -> int:
        known = (await self.source.status()).sequence
        at = await self.next_sequence()
        if at <= known + 1:
            return at
        log.error("exchange_forgot_outputs", tables_at=at, exchange_at=known + 1)
        async with self.database.write() as connection:
            for table in FOLLOWED:
                await connection.execute(sa.delete(table))
        return 1

    async def _pull(self, from_sequence: int, sending: MemoryObjectSendStream[OutputFrame]) -> None:
        async with sending:
            frames = self.source.outputs(from_sequence)
            try:
                async for frame in frames:
                    await sending.send(frame)
            finally:
                if isinstance(frames, AsyncGenerator):
                    await frames.aclose()

    async def _write_all(self, receiving: MemoryObjectReceiveStream[OutputFrame]) -> None:
        async with receiving:
            async for frame in receiving:
                frames, waiting = [frame], len(frame.payload)
                while waiting < EVENTS_PER_WRITE * 64:
                    try:
                        frames.append(receiving.receive_nowait())
                    except (anyio.WouldBlock, anyio.EndOfStream):
                        break
                    waiting += len(frames[-1].payload)
                await self.write(frames)

    async def next_sequence(self) -> int:
        """The first sequence number that is not in the tables yet."""
        async with self.database.read() as connection:
            return await _next_sequence(connection)

    async def write(self, frames: Sequence[OutputFrame]) -> None:
        """Writes frames, in one transaction; what is in the tables already is passed over.

        Raises:
            Corrupt: a sequence number is missing between the tables and the frames, or within them.
        """
        async with self.database.write() as connection:
            floor = await _next_sequence(connection)
            changes = _Changes(floor, floor, tallies=Tallies(await known_markets(connection)))
            for frame in frames:
                _collect(changes, frame)
            await _apply(connection, changes)


async def _next_sequence(connection: Transaction) -> int:
    found = await connection.scalar(sa.select(feed.c.next_sequence).where(feed.c.source == SOURCE))
    return 1 if found is None else int(found)


def _collect(changes: _Changes, frame: OutputFrame) -> None:
    place = sequence = 0
    for event in decode_events(frame.payload):
        place, sequence = (place + 1 if event.sequence == sequence else 0), event.sequence
        if event.sequence < changes.floor:
            continue
        if event.sequence > changes.next_sequence:
            raise Corrupt(
                f"the exchange's outputs go on at {event.sequence}, not at {changes.next_sequence}",
                expected=changes.next_sequence,
                found=event.sequence,
            )
        _note(changes, event, frame.now)
        if is_concerned(event):
            changes.told.append(Told(event, place, frame.now))
        changes.next_sequence = event.sequence + 1


def _note(changes: _Changes, event: Event, at: int) -> None:
    match event:
        case OrderAccepted():
            changes.orders[event.order] = _order(event, at)
        case Trade():
            changes.fill(event.maker_order, event.lots, event.sequence)
            changes.fill(event.taker_order, event.lots, event.sequence)
            changes.add(trades, {**_fields(event, trades), "trade_id": event.trade, "at": at})
            changes.tallies.traded(event, at)
        case OrderClosed():
            changes.close(event)
        case OrderAmended():
            changes.state_left(event.order, event.lots, event.sequence, ticks=event.ticks)
        case OrderReduced():
            changes.state_left(event.order, event.lots_left, event.sequence)
        case DepositCredited():
            changes.add(credits, {**_fields(event, credits), "at": at})
            changes.tallies.moved(event, at)
        case MarketListed():
            changes.tallies.listed(event)
        case WithdrawalQueued():
            changes.tallies.moved(event, at)
            changes.add(withdrawals, {**_fields(event, withdrawals), "at": at})
        case Sealed():
            changes.add(exchange_blocks, {**_fields(event, exchange_blocks), "at": at})


def _order(event: OrderAccepted, at: int) -> dict[str, Any]:
    state = {"lots_left": event.lots, "state": "open", "reason": "", "changed_sequence": event.sequence}
    return {**_fields(event, orders), "order_id": event.order, "at": at, **state}


def _fields(event: Event, table: sa.Table) -> dict[str, Any]:
    """The event's fields that are columns, addresses as text."""
    names: Iterable[str] = (c.name for c in table.columns if hasattr(event, c.name))
    row = {name: getattr(event, name) for name in names}
    return {name: checksum(v) if isinstance(v, bytes) and len(v) == 20 else v for name, v in row.items()}


async def _apply(connection: Transaction, changes: _Changes) -> None:
    if changes.orders:
        await connection.execute(sa.insert(orders), list(changes.orders.values()))
    for order, change in changes.updates.items():
        filled = change.pop("filled", 0)
        values = {"lots_left": orders.c.lots_left - filled, **change}
        await connection.execute(sa.update(orders).where(orders.c.order_id == order).values(values))
    for table, rows in changes.rows.items():
        await connection.execute(sa.insert(table), rows)
    for cash in await write_positions(connection, changes.told):
        changes.tallies.earned(cash)
    await write_tallies(connection, changes.tallies)
    moved = await connection.change(
        sa.update(feed).where(feed.c.source == SOURCE).values(next_sequence=changes.next_sequence)
    )
    if moved == 0:
        await connection.execute(sa.insert(feed).values(source=SOURCE, next_sequence=changes.next_sequence))
