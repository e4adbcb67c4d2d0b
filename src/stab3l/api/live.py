"""Who listens to what: the channels of ``/v1/ws`` and the messages that the exchange's outputs turn into."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import structlog

from stab3l.api.account_feed import AccountFeed
from stab3l.api.books import Books
from stab3l.api.catalogue import Catalogue, NamedMarket
from stab3l.api.chronicle import History
from stab3l.api.exchange import Exchange
from stab3l.api.feed import Feed, TimedTrade
from stab3l.api.live_messages import (
    BookMessage,
    Channel,
    HeartbeatMessage,
    StatusMessage,
    SubscribedMessage,
    TickerMessage,
    TradesMessage,
)
from stab3l.api.market_views import trade_view
from stab3l.api.outbox import Outbox
from stab3l.api.provider_feed import ProviderFeed
from stab3l.api.tickers import Tickers
from stab3l.api.topics import Topic
from stab3l.engine.wire import Event, Trade
from stab3l.errors import Stab3lError

STATUS_PAUSE_S: Final = 1
HEARTBEAT_S: Final = 5
SNAPSHOT_TRADES: Final = 50

_encode = msgspec.json.Encoder().encode
_log = structlog.get_logger(__name__)


class Live:
    """All subscriptions of this process. ``read_status`` gives the body of ``GET /v1/status``.

    ``epoch`` names this process's run: its ``seq`` numbers mean nothing to another.
    """

    def __init__(
        self,
        exchange: Exchange,
        catalogue: Catalogue,
        feed: Feed,
        history: History,
        tickers: Tickers,
        read_status: Callable[[], Awaitable[Any]],
    ) -> None:
        self._catalogue = catalogue
        self._feed = feed
        self._tickers = tickers
        self._read_status = read_status
        self._topics: dict[tuple[Channel, str], Topic] = {}
        self._markets: dict[str, NamedMarket] = {}
        self._outboxes: set[Outbox] = set()
        self._accounts = AccountFeed(exchange, catalogue, feed)
        self._providers = ProviderFeed(history)
        self.epoch = secrets.token_hex(8)
        self.books = Books(exchange, catalogue, self._publish_book)
        feed.listen(self._hear)

    def outbox(self) -> Outbox:
        """A client's outbox."""
        outbox = Outbox(lambda market: _encode(self.books.published(self._markets[market])))
        self._outboxes.add(outbox)
        return outbox

    async def subscribe(
        self,
        outbox: Outbox,
        channel: Channel,
        name: str,
        *,
        message_id: int | str | None = None,
        since: tuple[str, int] | None = None,
        owner: bytes = b"",
    ) -> None:
        """Answers ``subscribed``, then what was missed ``since`` (epoch, seq), or a snapshot, then updates.

        ``owner``: whose account, for channel ``account``. Raises `Problem` ``market_unknown``, ``account_unknown``.
        """
        topic = await self._topic(channel, name, owner)
        missed = topic.since(since[1]) if since is not None and since[0] == self.epoch else None
        seq = topic.seq
        topic.join(outbox)
        try:
            snapshot = None if missed is not None else await self._snapshot(topic, owner, seq)
            told = SubscribedMessage(message_id, channel, topic.name, self.epoch, str(seq), missed is not None)
            outbox.put(_encode(told))
            for encoded in missed or ():
                outbox.put(encoded)
            if snapshot is not None:
                outbox.put(snapshot)
        except BaseException:
            topic.leave(outbox)
            raise
        topic.begin(outbox)

    def unsubscribe(self, outbox: Outbox, channel: Channel, name: str) -> None:
        """Ends a subscription, if there is one."""
        if channel == "account":
            self._accounts.leave(outbox)
        elif topic := self._topics.get((channel, _key(channel, name))):
            topic.leave(outbox)
        if channel == "book":
            outbox.forget_book(name)

    def leave(self, outbox: Outbox) -> None:
        """Ends all subscriptions of a client."""
        self._outboxes.discard(outbox)
        self._accounts.leave(outbox)
        for topic in self._topics.values():
            topic.leave(outbox)

    async def run(self) -> None:
        """Publishes until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.books.run())
            tasks.create_task(self._accounts.run())
            tasks.create_task(self._publish_status())
            tasks.create_task(self._publish_slowly())
            tasks.create_task(self._beat())

    async def _topic(self, channel: Channel, name: str, owner: bytes) -> Topic:
        if channel == "account":
            return await self._accounts.topic(owner)
        if channel in ("book", "trades", "ticker") and name not in self._markets:
            self._markets[name] = await self._catalogue.market(name)
        key = (channel, _key(channel, name))
        topic = self._topics.get(key)
        if topic is None:
            topic = self._topics[key] = Topic(channel, key[1])
        if channel == "book":
            topic.seq = int((await self.books.snapshot(self._markets[name])).seq)
        if channel == "providers":
            await self._providers.begin(topic)
        return topic

    async def _snapshot(self, topic: Topic, owner: bytes, seq: int) -> bytes:
        name = topic.name
        match topic.channel:
            case "book":
                return _encode(self.books.published(self._markets[name]))
            case "trades":
                market = self._markets[name]
                trades = [trade_view(market, one) for one in self._feed.trades(market.market.id, SNAPSHOT_TRADES)]
                return _encode(TradesMessage("trades", "snapshot", name, str(seq), None, trades))
            case "ticker":
                ticker = await self._tickers.of(self._markets[name])
                return _encode(TickerMessage("ticker", "snapshot", name, str(seq), None, ticker))
            case "providers":
                return _encode(self._providers.snapshot(seq))
            case "account":
                return _encode(await self._accounts.snapshot(owner, seq))
            case _:
                return _encode(StatusMessage("status", "snapshot", await self._read_status()))

    async def _publish_status(self) -> None:
        last = b""
        while True:
            await asyncio.sleep(STATUS_PAUSE_S)
            topic = self._topics.get(("status", ""))
            if topic is None or not topic.subscribers:
                continue
            try:
                message = _encode(StatusMessage("status", "update", await self._read_status()))
            except Stab3lError as error:
                _log.warning("status_unread", error=error.message)
                continue
            if message != last:
                for outbox in topic.subscribers:
                    outbox.put_latest(("status", ""), message)
                last = message

    async def _publish_slowly(self) -> None:
        """Tickers and what happened on chain: about once a second, while somebody listens."""
        while True:
            await asyncio.sleep(STATUS_PAUSE_S)
            try:
                for (channel, name), topic in list(self._topics.items()):
                    if channel == "ticker" and topic.subscribers:
                        await self._publish_ticker(name, topic)
                    elif channel == "providers" and topic.subscribers:
                        await self._providers.publish(topic)
            except Stab3lError as error:
                _log.warning("live_unread", error=error.message)

    async def _publish_ticker(self, name: str, topic: Topic) -> None:
        ticker = await self._tickers.of(await self._catalogue.market(name))
        if ticker != topic.last:
            topic.last = ticker
            topic.publish(
                topic.seq + 1, lambda seq, before: TickerMessage("ticker", "update", name, seq, before, ticker)
            )

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            sealed = self._feed.last_sealed
            block = str(sealed.block) if sealed else None
            beat = _encode(HeartbeatMessage(str(self._feed.sequence), block, str(self._tickers.clock.now())))
            for outbox in self._outboxes:
                outbox.put_latest(("heartbeat", ""), beat)

    def _publish_book(self, market: str, seq: int, message: BookMessage) -> None:
        if topic := self._topics.get(("book", market)):
            topic.publish(seq, lambda *_: message)

    def _hear(self, events: list[Event], at: int) -> None:
        self.books.hear(events, at)
        self._accounts.hear(events, at)
        for (channel, symbol), topic in self._topics.items():
            if channel != "trades":
                continue
            market = self._markets[symbol]
            trades = [e for e in events if isinstance(e, Trade) and e.market == market.market.id]
            if trades:
                self._publish_trades(topic, market, [TimedTrade(trade, at) for trade in trades])

    def _publish_trades(self, topic: Topic, market: NamedMarket, trades: list[TimedTrade]) -> None:
        views = [trade_view(market, one) for one in trades]

        def message(seq: str, before: str) -> TradesMessage:
            return TradesMessage("trades", "update", market.symbol, seq, before, views)

        topic.publish(topic.seq + 1, message)


def _key(channel: Channel, name: str) -> str:
    return name if channel in ("book", "trades", "ticker") else ""
