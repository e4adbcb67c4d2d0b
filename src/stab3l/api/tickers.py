"""A market at a glance, out of the live window, the book and the index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stab3l.api.answers import Ticker
from stab3l.api.catalogue import NamedMarket
from stab3l.api.chronicle import History
from stab3l.api.exchange import Exchange
from stab3l.api.feed import Feed
from stab3l.api.market_views import ticker_view
from stab3l.clock import Clock, seconds
from stab3l.errors import Unavailable
from stab3l.watch import pages

DAY_S: Final = 86_400
INTERVAL_S: Final = 300
END: Final = 2**62


@dataclass(frozen=True, slots=True)
class Tickers:
    """Makes tickers."""

    exchange: Exchange
    feed: Feed
    history: History
    clock: Clock

    async def of(self, market: NamedMarket) -> Ticker:
        """A market's; what the index knows is missing while it does not answer."""
        number, now = market.market.id, seconds(self.clock.now())
        recent = self.feed.trades(number, 1)
        last = (recent[0].trade.ticks, recent[0].at) if recent else None
        try:
            span = {"since": now - DAY_S, "until": END, "limit": 1_000}
            day = await self.history.ask(pages.candles, number, INTERVAL_S, **span)
            if last is None:
                last = next(((one.ticks, one.at) for one in await self.history.trades(number, 1, None)), None)
        except Unavailable:
            day = []
        return ticker_view(market, await self.exchange.book(number, 1), last, day)
