"""Paths of the market: what is listed, books, trades, candles, tickers, fees, and how far everything is."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import msgspec

from stab3l.api.answers import BookView, FeeView, Markets, MarketView, StatusView, Ticker, TimeView, TradeView
from stab3l.api.books import DEPTH_MAX, book_view
from stab3l.api.cursors import COUNT_MAX, Cursor, cursor_of, position_of
from stab3l.api.endpoints import Call, Nothing, Page, Routes
from stab3l.api.feed import TRADES_KEPT
from stab3l.api.history import Candle
from stab3l.api.market_views import asset_view, candle_view, market_view, past_trade_view, trade_view
from stab3l.clock import seconds
from stab3l.errors import Unavailable
from stab3l.watch import pages

INTERVALS: Final = {"1m": 60, "5m": 300, "15m": 900, "1h": 3_600, "4h": 14_400, "1d": 86_400}

MARKETS: Final = Routes("Markets")


class BookQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of a book."""

    depth: Annotated[int, msgspec.Meta(ge=1, le=DEPTH_MAX, description="Levels of each side.")] = 50


class TradesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a market's trades."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=TRADES_KEPT)] = 100
    cursor: Cursor | None = None


class CandlesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which candles; without ``from`` the latest before ``to``."""

    interval: Literal["1m", "5m", "15m", "1h", "4h", "1d"] = "1m"
    start: Annotated[int, msgspec.Meta(ge=0, le=COUNT_MAX)] | None = msgspec.field(default=None, name="from")
    end: Annotated[int, msgspec.Meta(ge=0, le=COUNT_MAX)] = msgspec.field(default=COUNT_MAX, name="to")
    limit: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 500


@MARKETS.get("/v1/time")
async def time(call: Call[Nothing, Nothing]) -> TimeView:
    """The API's clock, for requests that expire."""
    now = call.desk.clock.now()
    at = datetime.fromtimestamp(seconds(now), UTC)
    return TimeView(str(now), at.isoformat().replace("+00:00", "Z"))


@MARKETS.get("/v1/status")
async def status(call: Call[Nothing, Nothing]) -> StatusView:
    """How far every part is; a part that does not answer is named."""
    return await call.desk.status()


@MARKETS.get("/v1/markets")
async def markets(call: Call[Nothing, Nothing]) -> Markets:
    """Assets, markets and what a client needs to sign."""
    desk = call.desk
    await desk.catalogue.refresh()
    return Markets(
        assets=[asset_view(asset) for asset in await desk.catalogue.assets()],
        markets=[market_view(market) for market in await desk.catalogue.markets()],
        chain_id=desk.network.primary.chain_id,
        custody=desk.network.primary.contracts["Custody"],
    )


@MARKETS.get("/v1/markets/{symbol}", problems=("market_unknown",))
async def market(call: Call[Nothing, Nothing]) -> MarketView:
    """One market."""
    await call.desk.catalogue.refresh()
    return market_view(await call.desk.catalogue.market(call.path["symbol"]))


@MARKETS.get("/v1/markets/{symbol}/book", problems=("market_unknown",))
async def book(call: Call[BookQuery, Nothing]) -> BookView:
    """The best levels of a market, best first."""
    found = await call.desk.catalogue.market(call.path["symbol"])
    return book_view(found, await call.desk.exchange.book(found.market.id, call.query.depth))


@MARKETS.get("/v1/markets/{symbol}/trades", problems=("market_unknown", "cursor_invalid"))
async def trades(call: Call[TradesQuery, Nothing]) -> Page[TradeView]:
    """Trades of a market, newest first."""
    desk, limit = call.desk, call.query.limit
    (before,) = position_of(call.query.cursor, (COUNT_MAX,))
    found = await desk.catalogue.market(call.path["symbol"])
    recent = desk.feed.trades(found.market.id, limit) if call.query.cursor is None else []
    views = [trade_view(found, one) for one in recent]
    if len(views) < limit:
        below = recent[-1].trade.trade if recent else min(before, COUNT_MAX)
        try:
            past = await desk.history.trades(found.market.id, limit - len(views), below)
        except Unavailable:
            if not recent:
                raise
            past = []
        views += [past_trade_view(found, one) for one in past]
    return Page(views, cursor_of(int(views[-1].trade_id)) if len(views) == limit else None)


@MARKETS.get("/v1/markets/{symbol}/candles", problems=("market_unknown",), cache_s=1)
async def candles(call: Call[CandlesQuery, Nothing]) -> Page[Candle]:
    """Open, high, low, close and volume of a market by time, oldest first; intervals without a trade are absent."""
    query = call.query
    found = await call.desk.catalogue.market(call.path["symbol"])
    span = {"since": query.start, "until": query.end, "limit": query.limit}
    rows = await call.desk.history.ask(pages.candles, found.market.id, INTERVALS[query.interval], **span)
    return Page([candle_view(found, row) for row in rows])


@MARKETS.get("/v1/tickers", cache_s=1)
async def tickers(call: Call[Nothing, Nothing]) -> Page[Ticker]:
    """Every market at a glance."""
    await call.desk.catalogue.refresh()
    listed = await call.desk.catalogue.markets()
    return Page(list(await asyncio.gather(*(call.desk.tickers.of(one) for one in listed))))


@MARKETS.get("/v1/markets/{symbol}/ticker", problems=("market_unknown",), cache_s=1)
async def ticker(call: Call[Nothing, Nothing]) -> Ticker:
    """One market at a glance: last price, best bid and ask, and the last 24 hours."""
    await call.desk.catalogue.refresh()
    return await call.desk.tickers.of(await call.desk.catalogue.market(call.path["symbol"]))


@MARKETS.get("/v1/fees")
async def fees(call: Call[Nothing, Nothing]) -> Page[FeeView]:
    """What makers and takers pay in each market, in millionths of what they receive."""
    listed = [one.market for one in await call.desk.catalogue.markets()]
    symbols = [one.symbol for one in await call.desk.catalogue.markets()]
    return Page([FeeView(symbol, m.maker_fee_ppm, m.taker_fee_ppm) for symbol, m in zip(symbols, listed, strict=True)])
