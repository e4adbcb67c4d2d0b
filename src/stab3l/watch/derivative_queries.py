"""Typed questions about futures and options, and about an account's fills; as `stab3l.watch.queries`."""

from __future__ import annotations

import sqlalchemy as sa

from stab3l.store import tables as t
from stab3l.store.database import Database
from stab3l.watch.reading import all_of, limited
from stab3l.watch.values import Fill, Instrument, MarginEvent, Position, PositionChange, Price

Place = tuple[int, int]
"""Sequence number and place within it."""


async def fills_of(
    database: Database, account: int, limit: int = 100, *, market: int | None = None, before: int | None = None
) -> list[Fill]:
    """Both sides of an account's trades, newest first; ``before`` a trade id, to page on.

    A trade with itself is two fills of one trade id, the maker's first; a page never parts them.
    """
    sides = sa.union_all(_fills(account, maker=True), _fills(account, maker=False)).subquery()
    c = sides.c
    where = (*_equal(c.market, market), *(() if before is None else (c.trade_id < before,)))
    query = sa.select(sides).where(*where).order_by(c.trade_id.desc(), c.is_maker.desc())
    found = await all_of(database, query.limit(limited(limit) + 1), Fill)
    if len(found) > limit and found[limit].trade_id == found[limit - 1].trade_id and limit > 1:
        return found[: limit - 1]
    return found[:limit]


async def instruments(database: Database, limit: int = 1_000) -> list[Instrument]:
    """Futures and options, newest first."""
    query = sa.select(t.instruments).order_by(t.instruments.c.market.desc()).limit(limited(limit))
    return await all_of(database, query, Instrument)


async def positions_of(database: Database, account: int) -> list[Position]:
    """An account's positions that have lots, by market, as far as the index has read."""
    c = t.positions.c
    query = sa.select(t.positions).where(c.account == account, c.lots != 0).order_by(c.market)
    return await all_of(database, query, Position)


async def position_changes_of(
    database: Database, account: int, limit: int = 100, *, market: int | None = None, before: Place | None = None
) -> list[PositionChange]:
    """What happened to an account's positions, newest first."""
    c = t.position_changes.c
    where = (c.account == account, *_equal(c.market, market))
    return await all_of(database, _newest(t.position_changes, limit, before, *where), PositionChange)


async def margin_events(
    database: Database, limit: int = 100, *, account: int | None = None, before: Place | None = None
) -> list[MarginEvent]:
    """Steps of liquidations, newest first, of everybody or one account."""
    where = _equal(t.margin_events.c.account, account)
    return await all_of(database, _newest(t.margin_events, limit, before, *where), MarginEvent)


async def index_prices(
    database: Database, underlying: int, limit: int = 100, *, before: int | None = None
) -> list[Price]:
    """An underlying's index prices, newest first; ``before`` a sequence number, to page on."""
    return await _prices(database, t.index_prices, t.index_prices.c.underlying == underlying, limit, before)


async def marks(database: Database, market: int, limit: int = 100, *, before: int | None = None) -> list[Price]:
    """A market's marks, newest first."""
    return await _prices(database, t.marks, t.marks.c.market == market, limit, before)


async def _prices(
    database: Database, table: sa.Table, which: sa.ColumnElement[bool], limit: int, before: int | None
) -> list[Price]:
    earlier = () if before is None else (table.c.sequence < before,)
    query = sa.select(table).where(which, *earlier).order_by(table.c.sequence.desc()).limit(limited(limit))
    return await all_of(database, query, Price)


def _newest(
    table: sa.Table, limit: int, before: Place | None, *where: sa.ColumnElement[bool]
) -> sa.Select[tuple[object, ...]]:
    c = table.c
    earlier = () if before is None else (sa.tuple_(c.sequence, c.place) < before,)
    order = (c.sequence.desc(), c.place.desc())
    return sa.select(table).where(*where, *earlier).order_by(*order).limit(limited(limit))


def _fills(account: int, *, maker: bool) -> sa.Select[tuple[object, ...]]:
    c = t.trades.c
    own, order, fee = (
        (c.maker_account, c.maker_order, c.maker_fee) if maker else (c.taker_account, c.taker_order, c.taker_fee)
    )
    side = 1 - c.taker_side if maker else c.taker_side
    columns = (c.trade_id, c.sequence, c.at, c.market, order.label("order_id"), sa.literal(maker).label("is_maker"))
    return sa.select(*columns, side.label("side"), c.ticks, c.lots, fee.label("fee")).where(own == account)


def _equal(column: sa.ColumnElement[int], value: int | None) -> tuple[sa.ColumnElement[bool], ...]:
    return () if value is None else (column == value,)
