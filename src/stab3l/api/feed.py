"""What just happened on the exchange, kept from its public output stream: recent trades and orders, and who hears.

The window is bounded; older facts are in the history. A reader that needs an event which is already sequenced waits
with ``reached``.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
import structlog

from stab3l.api.decoding import events_of
from stab3l.api.exchange import Exchange, Frame
from stab3l.engine.wire import (
    CloseReason,
    Event,
    InstrumentListed,
    MarketListed,
    MarketSettled,
    MarketStatusSet,
    OrderAccepted,
    OrderAmended,
    OrderClosed,
    OrderReduced,
    OrderTriggered,
    Sealed,
    Trade,
)
from stab3l.errors import Unavailable

ORDERS_KEPT: Final = 100_000
TRADES_KEPT: Final = 1_000
SEQUENCES_BEHIND_MAX: Final = 200_000
RETRY_S_MAX: Final = 5
TOUCHING: Final = frozenset((OrderAccepted, OrderAmended, OrderTriggered, OrderReduced, Trade, OrderClosed))
"""Events that may change a book."""
LISTING: Final = frozenset((MarketListed, InstrumentListed, MarketStatusSet, MarketSettled))
"""Events after which the catalogue is another."""

_log = structlog.get_logger(__name__)


class KnownOrder(msgspec.Struct):
    """An order as the stream told it."""

    accepted: OrderAccepted
    ticks: int
    lots_left: int
    closed: CloseReason | None = None


class TimedTrade(msgspec.Struct, frozen=True):
    """A trade and the engine's time of its frame, nanoseconds since 1970."""

    trade: Trade
    at: int


class Feed:
    """Follows the output stream. Listeners are called with each frame's events, in order."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._orders: OrderedDict[int, KnownOrder] = OrderedDict()
        self._requests: dict[tuple[int, int], int] = {}
        self._trades: dict[int, deque[TimedTrade]] = {}
        self._listeners: list[Callable[[list[Event], int], None]] = []
        self._moved = asyncio.Condition()
        self._appliers: dict[type, Callable[[Any, int], None]] = {
            OrderAccepted: self._accepted,
            Trade: self._traded,
            OrderClosed: self._closed,
            OrderAmended: self._amended,
            OrderReduced: self._reduced,
            Sealed: self._sealed,
        }
        self.sequence = 0
        """Last sequence number that was seen here."""
        self.last_sealed: Sealed | None = None

    def listen(self, listener: Callable[[list[Event], int], None]) -> None:
        """Calls ``listener(events, at)`` for every frame from now on."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Follows the stream until cancelled; waits with backoff while the exchange is down."""
        wait_s = 0.1
        while True:
            try:
                if self.sequence == 0:
                    self.sequence = max(0, (await self._exchange.status()).sequence - SEQUENCES_BEHIND_MAX)
                async for frame in self._exchange.outputs(self.sequence + 1):
                    await self._take(frame)
                    wait_s = 0.1
            except Unavailable as error:
                _log.warning("output_stream_lost", error=error.message, sequence=self.sequence)
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, RETRY_S_MAX)

    async def reached(self, sequence: int, timeout_s: float) -> bool:
        """Waits until this sequence number was seen here; False when it takes longer than ``timeout_s``."""
        try:
            async with asyncio.timeout(timeout_s), self._moved:
                await self._moved.wait_for(lambda: self.sequence >= sequence)
        except TimeoutError:
            return False
        return True

    def order(self, order: int) -> KnownOrder | None:
        """An order of the window."""
        return self._orders.get(order)

    def order_of(self, account: int, client_id: int) -> KnownOrder | None:
        """The latest order of the window that an account gave this client id."""
        order = self._requests.get((account, client_id))
        return None if order is None else self._orders.get(order)

    def trades(self, market: int, limit: int) -> list[TimedTrade]:
        """The latest trades, newest first."""
        kept = self._trades.get(market, deque())
        return [kept[-1 - i] for i in range(min(limit, len(kept)))]

    async def _take(self, frame: Frame) -> None:
        fresh = [event for event in events_of(frame.payload) if event.sequence > self.sequence]
        if not fresh:
            return
        for event in fresh:
            apply = self._appliers.get(type(event))
            if apply is not None:
                apply(event, frame.now)
        for listener in self._listeners:
            listener(fresh, frame.now)
        async with self._moved:
            self.sequence = fresh[-1].sequence
            self._moved.notify_all()

    def _accepted(self, event: OrderAccepted, at: int) -> None:
        self._orders[event.order] = KnownOrder(event, event.ticks, event.lots)
        self._requests[event.account, event.client_id] = event.order
        if len(self._orders) > ORDERS_KEPT:
            self._forget(self._orders.popitem(last=False)[1].accepted)

    def _traded(self, event: Trade, at: int) -> None:
        self._trades.setdefault(event.market, deque(maxlen=TRADES_KEPT)).append(TimedTrade(event, at))
        for order in (event.maker_order, event.taker_order):
            if known := self._orders.get(order):
                known.lots_left -= event.lots

    def _closed(self, event: OrderClosed, at: int) -> None:
        if known := self._orders.get(event.order):
            known.lots_left, known.closed = event.lots_left, event.reason

    def _amended(self, event: OrderAmended, at: int) -> None:
        if known := self._orders.get(event.order):
            known.ticks, known.lots_left = event.ticks, event.lots

    def _reduced(self, event: OrderReduced, at: int) -> None:
        if known := self._orders.get(event.order):
            known.lots_left = event.lots_left

    def _sealed(self, event: Sealed, at: int) -> None:
        self.last_sealed = event

    def _forget(self, order: OrderAccepted) -> None:
        key = (order.account, order.client_id)
        if self._requests.get(key) == order.order:
            del self._requests[key]


def markets_touched(events: Iterable[Event]) -> set[int]:
    """Markets whose book these events may have changed."""
    return {event.market for event in events if type(event) in TOUCHING}  # type: ignore[union-attr]


def listings_touched(events: Iterable[Event]) -> bool:
    """Whether these events list a market or change its status."""
    return not LISTING.isdisjoint(map(type, events))
