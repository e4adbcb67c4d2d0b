"""Who listens to what: channels, their subscribers, and the messages that the feed turns into."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

import msgspec
import structlog

from stab3l.api.answers import TradeView
from stab3l.api.books import BookMessage, Books
from stab3l.api.catalogue import Catalogue, NamedMarket
from stab3l.api.exchange import Exchange
from stab3l.api.feed import Feed, TimedTrade
from stab3l.api.outbox import Outbox
from stab3l.engine.wire import Event, Side, Trade
from stab3l.errors import Stab3lError

STATUS_PAUSE_S: Final = 1
SNAPSHOT_TRADES: Final = 50

Channel = Literal["book", "trades", "status"]

_encode = msgspec.json.Encoder().encode
_log = structlog.get_logger(__name__)


class TradesMessage(msgspec.Struct, frozen=True):
    """The latest trades (newest first), or those since ``seq - 1`` (in order)."""

    channel: Literal["trades"]
    type: Literal["snapshot", "update"]
    market: str
    seq: str
    trades: list[TradeView]


class StatusMessage(msgspec.Struct, frozen=True):
    """The body of ``GET /v1/status``."""

    channel: Literal["status"]
    type: Literal["snapshot", "update"]
    status: Any


class Live:
    """All subscriptions of this process. ``read_status`` gives the body of ``GET /v1/status``."""

    def __init__(
        self, exchange: Exchange, catalogue: Catalogue, feed: Feed, read_status: Callable[[], Awaitable[Any]]
    ) -> None:
        self._catalogue = catalogue
        self._feed = feed
        self._read_status = read_status
        self._subscribers: dict[tuple[Channel, str], set[Outbox]] = {}
        self._markets: dict[str, NamedMarket] = {}
        self._trade_seqs: dict[str, int] = {}
        self.books = Books(exchange, catalogue, self._publish_book)
        feed.listen(self._hear)

    def outbox(self) -> Outbox:
        """A client's outbox."""
        return Outbox(lambda market: _encode(self.books.published(self._markets[market])))

    async def subscribe(self, outbox: Outbox, channel: Channel, symbol: str) -> None:
        """Sends the channel's snapshot, then its updates. Raises `Problem` ``market_unknown``."""
        key = (channel, "" if channel == "status" else symbol)
        if channel == "status":
            outbox.put(_encode(StatusMessage("status", "snapshot", await self._read_status())))
        else:
            market = await self._catalogue.market(symbol)
            self._markets[symbol] = market
            if channel == "book":
                await self.books.snapshot(market)
                outbox.put(_encode(self.books.published(market)))
            else:
                trades = [trade_view(market, one) for one in self._feed.trades(market.market.id, SNAPSHOT_TRADES)]
                seq = str(self._trade_seqs.get(symbol, 0))
                outbox.put(_encode(TradesMessage("trades", "snapshot", symbol, seq, trades)))
        self._subscribers.setdefault(key, set()).add(outbox)

    def unsubscribe(self, outbox: Outbox, channel: Channel, symbol: str) -> None:
        """Ends a subscription, if there is one."""
        self._subscribers.get((channel, "" if channel == "status" else symbol), set()).discard(outbox)
        if channel == "book":
            outbox.forget_book(symbol)

    def leave(self, outbox: Outbox) -> None:
        """Ends all subscriptions of a client."""
        for subscribers in self._subscribers.values():
            subscribers.discard(outbox)

    async def run(self) -> None:
        """Publishes books and status until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.books.run())
            tasks.create_task(self._publish_status())

    async def _publish_status(self) -> None:
        last = b""
        while True:
            await asyncio.sleep(STATUS_PAUSE_S)
            subscribers = self._subscribers.get(("status", ""))
            if not subscribers:
                continue
            try:
                message = _encode(StatusMessage("status", "update", await self._read_status()))
            except Stab3lError as error:
                _log.warning("status_unread", error=error.message)
                continue
            if message != last:
                for outbox in subscribers:
                    outbox.put_status(message)
                last = message

    def _publish_book(self, market: str, message: BookMessage) -> None:
        subscribers = self._subscribers.get(("book", market))
        if subscribers:
            encoded = _encode(message)
            for outbox in subscribers:
                outbox.put_book(market, encoded)

    def _hear(self, events: list[Event], at: int) -> None:
        self.books.hear(events, at)
        for symbol, market in self._markets.items():
            trades = [e for e in events if isinstance(e, Trade) and e.market == market.market.id]
            if trades:
                seq = self._trade_seqs[symbol] = self._trade_seqs.get(symbol, 0) + 1
                views = [trade_view(market, TimedTrade(trade, at)) for trade in trades]
                encoded = _encode(TradesMessage("trades", "update", symbol, str(seq), views))
                for outbox in self._subscribers.get(("trades", symbol), ()):
                    outbox.put(encoded)


def side_name(side: int) -> Literal["buy", "sell"]:
    """An engine side by name."""
    return "buy" if side == Side.BUY else "sell"


def trade_view(market: NamedMarket, timed: TimedTrade) -> TradeView:
    """A trade in decimals."""
    trade = timed.trade
    return TradeView(
        trade_id=str(trade.trade),
        market=market.symbol,
        side=side_name(trade.taker_side),
        price=market.price(trade.ticks),
        quantity=market.quantity(trade.lots),
        sequence=str(trade.sequence),
        at=str(timed.at),
    )
