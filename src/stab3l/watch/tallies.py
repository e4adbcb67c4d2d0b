"""What the exchange's trades, deposits and withdrawals add up to: candles, and what each account holds.

Collected in memory for the frames of one transaction, then merged with what is in the tables.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from stab3l.engine.wire import DepositCredited, MarketListed, Side, Trade, WithdrawalQueued
from stab3l.store.tables import candles, holdings, spot_markets
from stab3l.store.transaction import Transaction
from stab3l.units import NANOSECONDS_PER_SECOND
from stab3l.watch.position_feed import Cash

INTERVALS_S: Final = (60, 300, 900, 3_600, 14_400, 86_400)
HOUR_S: Final = 3_600

CandleKey = tuple[int, int, int]
"""Market, interval, start."""


@dataclass(slots=True)
class Tallies:
    """What several frames together change. ``markets``: (base, quote, lot, tick) by market, if known."""

    markets: dict[int, tuple[int, int, int, int]] = field(default_factory=dict)
    candles: dict[CandleKey, dict[str, Any]] = field(default_factory=dict)
    changes: dict[tuple[int, int], dict[int, int]] = field(default_factory=dict)
    """By account and asset: the change in each hour."""

    def listed(self, event: MarketListed) -> None:
        """A spot market."""
        self.markets[event.market] = (event.base_asset, event.quote_asset, event.lot, event.tick)

    def traded(self, event: Trade, at: int) -> None:
        """A trade at ``at`` (nanoseconds)."""
        second = at // NANOSECONDS_PER_SECOND
        for interval in INTERVALS_S:
            self._candle((event.market, interval, second - second % interval), event)
        market = self.markets.get(event.market)
        if market is None:
            return
        base, quote, lot, tick = market
        taker_buys = event.taker_side == Side.BUY
        buyer, seller = event.taker_account, event.maker_account
        buyer_fee, seller_fee = event.taker_fee, event.maker_fee
        if not taker_buys:
            buyer, seller, buyer_fee, seller_fee = seller, buyer, seller_fee, buyer_fee
        quantity, cost = event.lots * lot, event.lots * event.ticks * tick
        for account, asset, change in (
            (buyer, base, quantity - buyer_fee),
            (buyer, quote, -cost),
            (seller, base, -quantity),
            (seller, quote, cost - seller_fee),
        ):
            self._change(account, asset, second, change)

    def moved(self, event: DepositCredited | WithdrawalQueued, at: int) -> None:
        """Money in or out."""
        sign = 1 if isinstance(event, DepositCredited) else -1
        self._change(event.account, event.asset, at // NANOSECONDS_PER_SECOND, sign * event.amount)

    def earned(self, cash: Cash) -> None:
        """What futures and options brought or cost."""
        self._change(cash.account, cash.asset, cash.at // NANOSECONDS_PER_SECOND, cash.change)

    def _change(self, account: int, asset: int, second: int, change: int) -> None:
        hours = self.changes.setdefault((account, asset), {})
        hour = second - second % HOUR_S
        hours[hour] = hours.get(hour, 0) + change

    def _candle(self, key: CandleKey, event: Trade) -> None:
        ticks, notional = event.ticks, event.lots * event.ticks
        known = self.candles.get(key)
        if known is None:
            row = {"open": ticks, "high": ticks, "low": ticks, "close": ticks}
            self.candles[key] = row | {"lots": event.lots, "notional": notional, "trades": 1}
            return
        known.update(high=max(known["high"], ticks), low=min(known["low"], ticks), close=ticks)
        known.update(lots=known["lots"] + event.lots, notional=known["notional"] + notional, trades=known["trades"] + 1)


async def known_markets(connection: Transaction) -> dict[int, tuple[int, int, int, int]]:
    """Every spot market in the tables."""
    c = spot_markets.c
    rows = await connection.execute(sa.select(c.market, c.base_asset, c.quote_asset, c.lot, c.tick))
    return {row.market: (row.base_asset, row.quote_asset, row.lot, row.tick) for row in rows}


async def write_tallies(connection: Transaction, tallies: Tallies) -> None:
    """Merges them into the tables."""
    known = await known_markets(connection)
    fresh = [(market, *terms) for market, terms in tallies.markets.items() if market not in known]
    if fresh:
        names = ("market", "base_asset", "quote_asset", "lot", "tick")
        await connection.execute(sa.insert(spot_markets), [dict(zip(names, row, strict=True)) for row in fresh])
    for key, candle in tallies.candles.items():
        await _merge_candle(connection, key, candle)
    for (account, asset), hours in tallies.changes.items():
        await _merge_holding(connection, account, asset, hours)


async def _merge_candle(connection: Transaction, key: CandleKey, later: dict[str, Any]) -> None:
    names = ("market", "interval_s", "start")
    where = [candles.c[name] == value for name, value in zip(names, key, strict=True)]
    earlier = (await connection.execute(sa.select(candles).where(*where))).mappings().first()
    if earlier is None:
        await connection.execute(sa.insert(candles).values(**dict(zip(names, key, strict=True)), **later))
        return
    merged = {
        "high": max(earlier["high"], later["high"]),
        "low": min(earlier["low"], later["low"]),
        "close": later["close"],
        **{name: earlier[name] + later[name] for name in ("lots", "notional", "trades")},
    }
    await connection.execute(sa.update(candles).where(*where).values(merged))


async def _merge_holding(connection: Transaction, account: int, asset: int, hours: dict[int, int]) -> None:
    own = (holdings.c.account == account, holdings.c.asset == asset)
    newest = sa.select(holdings.c.start, holdings.c.amount).where(*own).order_by(holdings.c.start.desc()).limit(1)
    last = (await connection.execute(newest)).first()
    hour, amount = (last.start, last.amount) if last else (-1, 0)
    for start in sorted(hours):
        amount += hours[start]
        if start <= hour:
            await connection.execute(sa.update(holdings).where(*own, holdings.c.start == hour).values(amount=amount))
            continue
        hour = start
        row = {"account": account, "asset": asset, "start": start, "amount": amount}
        await connection.execute(sa.insert(holdings).values(row))
