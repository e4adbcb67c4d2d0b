"""Order books as they are published: read again when something touched them, sent as what changed.

Reading instead of rebuilding makes a wrong book impossible to keep, and joins bursts: a book is read at most once in
`PAUSE_S`, however many orders arrive. ``seq`` numbers the published changes of one market, without gaps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from stab3l.api.answers import BookView, Level
from stab3l.api.catalogue import Catalogue, NamedMarket
from stab3l.api.exchange import Book, Exchange
from stab3l.api.feed import listings_touched, markets_touched
from stab3l.api.live_messages import BookMessage
from stab3l.engine.wire import Event
from stab3l.errors import Unavailable

DEPTH_MAX: Final = 200
PAUSE_S: Final = 0.05
RETRY_S: Final = 1


class Books:
    """The published books. ``publish(market, seq, message)`` is called for each change."""

    def __init__(
        self, exchange: Exchange, catalogue: Catalogue, publish: Callable[[str, int, BookMessage], None]
    ) -> None:
        self._exchange = exchange
        self._catalogue = catalogue
        self._publish = publish
        self._books: dict[int, tuple[int, Book]] = {}
        self._touched: set[int] = set()
        self._wake = asyncio.Event()

    def hear(self, events: list[Event], at: int) -> None:
        """Notes which books a frame touched."""
        self._touched |= markets_touched(events) & self._books.keys()
        if self._touched or listings_touched(events):
            self._wake.set()

    async def run(self) -> None:
        """Reads and publishes touched books until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._catalogue.refresh()
                while self._touched:
                    await self._publish_changes(next(iter(self._touched)))
                await asyncio.sleep(PAUSE_S)
            except Unavailable:
                self._wake.set()
                await asyncio.sleep(RETRY_S)

    async def snapshot(self, market: NamedMarket) -> BookMessage:
        """The whole book as last published; the first call for a market begins its publication."""
        if market.market.id not in self._books:
            book = await self._exchange.book(market.market.id, DEPTH_MAX)
            self._books.setdefault(market.market.id, (0, book))
            self._touched.add(market.market.id)
            self._wake.set()
        return self.published(market)

    def published(self, market: NamedMarket) -> BookMessage:
        """The whole book of a market whose publication has begun."""
        seq, book = self._books[market.market.id]
        view = book_view(market, book)
        return BookMessage("book", "snapshot", market.symbol, str(seq), None, view.bids, view.asks)

    async def _publish_changes(self, market_id: int) -> None:
        market = await self._catalogue.market_of(market_id)
        self._touched.discard(market_id)
        try:
            book = await self._exchange.book(market_id, DEPTH_MAX)
        except Unavailable:
            self._touched.add(market_id)
            raise
        seq, before = self._books[market_id]
        bids, asks = _changes(before.bids, book.bids), _changes(before.asks, book.asks)
        self._books[market_id] = (seq, book)
        if bids or asks:
            self._books[market_id] = (seq + 1, book)
            told = BookMessage(
                "book", "update", market.symbol, str(seq + 1), str(seq), _levels(market, bids), _levels(market, asks)
            )
            self._publish(market.symbol, seq + 1, told)


def book_view(market: NamedMarket, book: Book) -> BookView:
    """A book in decimals."""
    return BookView(market.symbol, _levels(market, book.bids), _levels(market, book.asks))


def _levels(market: NamedMarket, levels: Iterable[tuple[int, int]]) -> list[Level]:
    return [Level(market.price(ticks), market.quantity(lots)) for ticks, lots in levels]


def _changes(before: Iterable[tuple[int, int]], after: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    old, new = dict(before), dict(after)
    gone = [(ticks, 0) for ticks in old if ticks not in new]
    return gone + [(ticks, lots) for ticks, lots in new.items() if old.get(ticks) != lots]
