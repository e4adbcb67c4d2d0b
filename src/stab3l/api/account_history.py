"""What happened to an account: fills, the ledger, and the portfolio over time, out of the index."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from typing import Literal

from stab3l.api.account_views import LedgerEntry, PortfolioBalance, PortfolioPoint
from stab3l.api.catalogue import NamedMarket
from stab3l.api.desk import Desk
from stab3l.api.grid import decimal_text
from stab3l.engine.wire import Side
from stab3l.watch import derivative_queries, pages
from stab3l.watch.values import Candle, Credit, Debit, Holding, PositionChange, Trade

HOUR_S = 3_600


Kind = Literal["realised", "settlement", "fee"]
Place = tuple[int, int, int, int]
"""Where a ledger goes on: before this sequence number, trade id, and position change (sequence and place)."""


async def ledger_entries(desk: Desk, account: int, before: Place, limit: int) -> tuple[list[LedgerEntry], Place | None]:
    """Changes before a place, newest first, of at most ``limit`` events; and where they go on."""
    sequence, trade, changed, place = before
    found = await asyncio.gather(
        desk.history.ask(pages.fills, account, limit, trade),
        desk.history.ask(derivative_queries.position_changes_of, account, limit, before=(changed, place)),
        desk.history.ask(pages.credits, account, limit, sequence),
        desk.history.ask(pages.debits, account, limit, sequence),
    )
    rows: list[Trade | PositionChange | Credit | Debit] = [row for part in found for row in part]
    rows.sort(key=_order, reverse=True)
    entries: list[LedgerEntry] = []
    for row in rows[:limit]:
        sequence = row.sequence
        if isinstance(row, Trade):
            trade = row.trade_id
            entries += _trade_entries(await desk.catalogue.market_of(row.market), row, account)
        elif isinstance(row, PositionChange):
            changed, place = row.sequence, row.place
            entries += _position_entries(await desk.catalogue.market_of(row.market), row)
        else:
            entries.append(await _transfer_entry(desk, row))
    return entries, (sequence, trade, changed, place) if len(rows) >= limit else None


def _order(row: Trade | PositionChange | Credit | Debit) -> tuple[int, int]:
    within = row.trade_id if isinstance(row, Trade) else row.place if isinstance(row, PositionChange) else 0
    return row.sequence, within


def _position_entries(market: NamedMarket, row: PositionChange) -> list[LedgerEntry]:
    """What a change of a future's or an option's position realised, and its fee."""
    asset, reference = market.quote, market.symbol if row.trade_id is None else str(row.trade_id)
    kind: Kind = "settlement" if row.cause == "settled" else "realised"
    changes: list[tuple[Kind, int]] = [(kind, row.realised), ("fee", -row.fee)]
    return [
        LedgerEntry(str(row.sequence), str(row.at), what, asset.asset.id, asset.symbol, str(change), reference)
        for what, change in changes
        if change
    ]


def _trade_entries(market: NamedMarket, row: Trade, account: int) -> list[LedgerEntry]:
    """What a trade moved; both sides when an account traded with itself."""
    if market.market.kind:
        return []
    entries = []
    quantity, cost = row.lots * market.market.lot, row.lots * row.ticks * market.market.tick
    for party, buys, fee in (
        (row.taker_account, row.taker_side == Side.BUY, row.taker_fee),
        (row.maker_account, row.taker_side != Side.BUY, row.maker_fee),
    ):
        if party != account:
            continue
        got, gave = (market.base, market.quote) if buys else (market.quote, market.base)
        received, paid = (quantity, cost) if buys else (cost, quantity)
        for kind, named, change in (("trade", gave, -paid), ("trade", got, received), ("fee", got, -fee)):
            if change:
                what = (named.asset.id, named.symbol, str(change), str(row.trade_id))
                entries.append(LedgerEntry(str(row.sequence), str(row.at), kind, *what))  # type: ignore[arg-type]
    return entries


async def _transfer_entry(desk: Desk, row: Credit | Debit) -> LedgerEntry:
    named = await desk.catalogue.asset(row.asset)
    if isinstance(row, Credit):
        what = (str(row.amount), f"{row.chain_id}/{row.ordinal}")
        return LedgerEntry(str(row.sequence), str(row.at), "deposit", row.asset, named.symbol, *what)
    what = (str(-row.amount), str(row.withdrawal))
    return LedgerEntry(str(row.sequence), str(row.at), "withdrawal", row.asset, named.symbol, *what)


async def portfolio_points(desk: Desk, account: int, start: int, end: int, step: int) -> list[PortfolioPoint]:
    """Holdings at the end of each interval, valued at the last price of that time."""
    rows = await desk.history.ask(pages.holdings, account, since=start, until=end)
    markets = [one for one in await desk.catalogue.markets() if not one.market.kind]
    unit = markets[0].quote if markets else None
    prices = await asyncio.gather(*(_closes(desk, one, start, end) for one in markets))
    held: dict[int, int] = {}
    points, at = [], 0
    for begin in range(start, end, step):
        while at < len(rows) and rows[at].start < begin + step:
            held[rows[at].asset] = _amount(rows[at])
            at += 1
        worth = _worth(held, markets, [_last(series, begin + step) for series in prices])
        balances = [
            PortfolioBalance(asset, (await desk.catalogue.asset(asset)).symbol, str(amount))
            for asset, amount in sorted(held.items())
        ]
        points.append(PortfolioPoint(str(begin), balances, worth, unit.symbol if unit else None))
    return points


def _amount(row: Holding) -> int:
    return row.amount


async def _closes(desk: Desk, market: NamedMarket, start: int, end: int) -> list[Candle]:
    """Hourly closes of the span, and the last one before it."""
    number = market.market.id
    earlier = await desk.history.ask(pages.candles, number, HOUR_S, since=None, until=start, limit=1)
    later = await desk.history.ask(pages.candles, number, HOUR_S, since=start, until=end, limit=1_000)
    return earlier + later


def _last(series: list[Candle], until: int) -> int | None:
    """Ticks of the last close before a time."""
    return next((one.close for one in reversed(series) if one.start < until), None)


def _worth(held: dict[int, int], markets: list[NamedMarket], ticks: list[int | None]) -> str | None:
    """In whole tokens of the first market's quote; every quote token counts as one of them (all are dollars here)."""
    quotes = {market.market.quote_asset for market in markets}
    total = Fraction(0)
    for asset, amount in held.items():
        if not amount:
            continue
        if asset in quotes:
            quote = next(market.quote for market in markets if market.market.quote_asset == asset)
            total += Fraction(amount, 10**quote.asset.decimals)
            continue
        priced = [(m, t) for m, t in zip(markets, ticks, strict=True) if m.market.base_asset == asset and t is not None]
        if not priced:
            return None
        market, price = priced[0]
        total += Fraction(amount, 10**market.base.asset.decimals) * price * market.grid.price_step
    return ("-" if total < 0 else "") + decimal_text(abs(total))
