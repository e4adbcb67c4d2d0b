"""Lists of the read model in parts, for whoever pages through them. Positions are keys of the last row seen.

Each answers newest first (`candles` and `holdings` oldest first) and raises as ``queries`` does.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from stab3l.chain.address import checksum
from stab3l.store import tables as t
from stab3l.store.database import Database
from stab3l.watch.queries import is_address_of
from stab3l.watch.reading import all_of, limited
from stab3l.watch.values import (
    Batch,
    Candle,
    ChainEvent,
    Claim,
    Credit,
    Debit,
    ExchangeBlock,
    Holding,
    Order,
    Provider,
    Redemption,
    Stake,
    Trade,
)

FACT_START = (2**62, -1, 2**62, 2**62)
"""Before the newest fact: at, chain id, block, log index."""


async def providers(database: Database, limit: int, after: int) -> list[Provider]:
    """Providers by address, after an address given as a number."""
    c = t.providers.c
    where: list[sa.ColumnElement[bool]] = [c.until_block.is_(None)]
    if after:
        where.append(c.provider > str(checksum(after.to_bytes(20, "big"))))
    query = sa.select(t.providers).where(*where).order_by(c.provider).limit(limited(limit))
    return await all_of(database, query, Provider)


async def claims(database: Database, limit: int, before: int | None, provider: str | None = None) -> list[Claim]:
    """Claims below an id, of all providers or one."""
    c = t.claims.c
    where = [c.until_block.is_(None), *is_address_of(c.provider, provider), *_below(c.claim_id, before)]
    query = sa.select(t.claims).where(*where).order_by(c.claim_id.desc()).limit(limited(limit))
    return await all_of(database, query, Claim)


async def claim(database: Database, claim_id: int) -> Claim | None:
    """One claim."""
    c = t.claims.c
    found = await all_of(database, sa.select(t.claims).where(c.until_block.is_(None), c.claim_id == claim_id), Claim)
    return found[0] if found else None


async def stakes(database: Database, provider: str, limit: int) -> list[Stake]:
    """A provider's newest stakes."""
    c = t.stakes.c
    where = (c.until_block.is_(None), *is_address_of(c.provider, provider))
    query = sa.select(t.stakes).where(*where).order_by(c.stake_id.desc()).limit(limited(limit))
    return await all_of(database, query, Stake)


async def redemptions(
    database: Database, limit: int, before: int | None, buyer: str | None = None, provider: str | None = None
) -> list[Redemption]:
    """Redemptions below an id, of everybody, a buyer or a provider."""
    c = t.redemptions.c
    who = (*is_address_of(c.buyer, buyer), *is_address_of(c.provider, provider))
    where = (c.until_block.is_(None), *who, *_below(c.redemption_id, before))
    query = sa.select(t.redemptions).where(*where).order_by(c.redemption_id.desc()).limit(limited(limit))
    return await all_of(database, query, Redemption)


async def redemption(database: Database, redemption_id: int) -> Redemption | None:
    """One redemption."""
    c = t.redemptions.c
    query = sa.select(t.redemptions).where(c.until_block.is_(None), c.redemption_id == redemption_id)
    found = await all_of(database, query, Redemption)
    return found[0] if found else None


async def batches(database: Database, limit: int, before: tuple[int, int], chain_id: int | None = None) -> list[Batch]:
    """Settled batches beyond (exchange block, chain id)."""
    c = t.batches.c
    block, chain = before
    where = [sa.or_(c.exchange_block < block, sa.and_(c.exchange_block == block, c.chain_id > chain))]
    if chain_id is not None:
        where.append(c.chain_id == chain_id)
    query = sa.select(t.batches).where(*where).order_by(c.exchange_block.desc(), c.chain_id)
    return await all_of(database, query.limit(limited(limit)), Batch)


async def batch(database: Database, chain_id: int, index: int) -> Batch | None:
    """One batch of a chain."""
    c = t.batches.c
    found = await all_of(database, sa.select(t.batches).where(c.chain_id == chain_id, c.batch_index == index), Batch)
    return found[0] if found else None


async def batch_of(database: Database, chain_id: int, sequence: int) -> Batch | None:
    """The batch of a chain that settled an input."""
    c = t.batches.c
    query = sa.select(t.batches).where(c.chain_id == chain_id, c.last_input >= sequence).order_by(c.last_input).limit(1)
    found = await all_of(database, query, Batch)
    return found[0] if found else None


async def blocks(database: Database, limit: int, before: int | None) -> list[ExchangeBlock]:
    """Sealed blocks of the exchange below a number."""
    c = t.exchange_blocks.c
    query = sa.select(t.exchange_blocks).where(*_below(c.block, before)).order_by(c.block.desc())
    return await all_of(database, query.limit(limited(limit)), ExchangeBlock)


async def block_of(database: Database, sequence: int) -> ExchangeBlock | None:
    """The sealed block that holds an input."""
    c = t.exchange_blocks.c
    query = sa.select(t.exchange_blocks).where(c.last_input >= sequence).order_by(c.last_input).limit(1)
    found = await all_of(database, query, ExchangeBlock)
    return found[0] if found else None


async def events(
    database: Database,
    limit: int,
    beyond: tuple[int, ...] = FACT_START,
    *,
    chain_id: int | None = None,
    contract: str | None = None,
    event: str | None = None,
    argument: tuple[str, str] | None = None,
) -> list[ChainEvent]:
    """The log of our contracts beyond a position; ``argument``: (name, value in words) that it must have."""
    c = t.chain_events.c
    where: list[Any] = [_beyond(t.chain_events, beyond)]
    given = ((c.chain_id, chain_id), (c.contract, contract), (c.event, event))
    where += [column == value for column, value in given if value is not None]
    if argument is not None:
        where.append(c.args[argument[0]].as_string() == argument[1])
    order = (c.at.desc(), c.chain_id, c.block_number.desc(), c.log_index.desc())
    query = sa.select(t.chain_events).where(*where).order_by(*order).limit(limited(limit))
    return await all_of(database, query, ChainEvent)


async def events_after(database: Database, chain_id: int, number: int, limit: int) -> list[ChainEvent]:
    """The log of one chain above a block, oldest first."""
    c = t.chain_events.c
    query = sa.select(t.chain_events).where(c.chain_id == chain_id, c.block_number > number)
    query = query.order_by(c.block_number, c.log_index).limit(limited(limit))
    return await all_of(database, query, ChainEvent)


async def orders(
    database: Database,
    account: int,
    limit: int,
    before: int | None,
    *,
    market: int | None = None,
    is_open: bool | None = None,
) -> list[Order]:
    """Orders of an account below an id, all or open or closed ones, of all markets or one."""
    c = t.orders.c
    where = [c.account == account, *_below(c.order_id, before)]
    if market is not None:
        where.append(c.market == market)
    if is_open is not None:
        where.append((c.state == "open") if is_open else (c.state != "open"))
    query = sa.select(t.orders).where(*where).order_by(c.order_id.desc()).limit(limited(limit))
    return await all_of(database, query, Order)


async def fills(
    database: Database, account: int, limit: int, before: int | None, *, market: int | None = None
) -> list[Trade]:
    """Trades of an account below an id, as maker or taker; one with itself comes once."""
    sides = []
    for column in (t.trades.c.maker_account, t.trades.c.taker_account):
        where = [column == account, *_below(t.trades.c.trade_id, before)]
        if market is not None:
            where.append(t.trades.c.market == market)
        newest = sa.select(t.trades.c.trade_id).where(*where).order_by(t.trades.c.trade_id.desc())
        sides.append(newest.limit(limited(limit)).subquery())
    ids = sa.union(*(sa.select(side.c.trade_id) for side in sides))
    query = sa.select(t.trades).where(t.trades.c.trade_id.in_(ids)).order_by(t.trades.c.trade_id.desc())
    return await all_of(database, query.limit(limit), Trade)


async def credits(database: Database, account: int, limit: int, before: int | None) -> list[Credit]:
    """Deposits credited to an account below a sequence number."""
    c = t.credits.c
    query = sa.select(t.credits).where(c.account == account, *_below(c.sequence, before)).order_by(c.sequence.desc())
    return await all_of(database, query.limit(limited(limit)), Credit)


async def credit(database: Database, chain_id: int, ordinal: int) -> Credit | None:
    """The credit of a deposit."""
    c = t.credits.c
    found = await all_of(database, sa.select(t.credits).where(c.chain_id == chain_id, c.ordinal == ordinal), Credit)
    return found[0] if found else None


async def debits(database: Database, account: int, limit: int, before: int | None) -> list[Debit]:
    """Withdrawals of an account below a sequence number."""
    c = t.withdrawals.c
    query = sa.select(t.withdrawals).where(c.account == account, *_below(c.sequence, before))
    return await all_of(database, query.order_by(c.sequence.desc()).limit(limited(limit)), Debit)


async def candles(
    database: Database, market: int, interval_s: int, *, since: int | None, until: int, limit: int
) -> list[Candle]:
    """Candles from ``since`` on, or the last before ``until`` without it; oldest first."""
    c = t.candles.c
    where = [c.market == market, c.interval_s == interval_s, c.start < until]
    if since is not None:
        query = sa.select(t.candles).where(*where, c.start >= since).order_by(c.start)
        return await all_of(database, query.limit(limited(limit)), Candle)
    query = sa.select(t.candles).where(*where).order_by(c.start.desc()).limit(limited(limit))
    return (await all_of(database, query, Candle))[::-1]


async def holdings(database: Database, account: int, *, since: int, until: int) -> list[Holding]:
    """What an account held from ``since`` to ``until`` by hour, and before; oldest first."""
    h = t.holdings.c
    first = (
        sa.select(h.asset, sa.func.max(h.start).label("start"))
        .where(h.account == account, h.start <= since)
        .group_by(h.asset)
        .subquery()
    )
    inside = sa.and_(h.start > since, h.start < until)
    joined = t.holdings.outerjoin(first, first.c.asset == h.asset)
    query = sa.select(t.holdings).select_from(joined).where(h.account == account)
    query = query.where(sa.or_(inside, h.start == first.c.start)).order_by(h.start, h.asset)
    return await all_of(database, query, Holding)


def _below(column: sa.ColumnElement[Any], before: int | None) -> tuple[sa.ColumnElement[bool], ...]:
    return () if before is None else (column < before,)


def _beyond(table: sa.Table, position: tuple[int, ...]) -> sa.ColumnElement[bool]:
    at, chain, block, log = position
    c = table.c
    later = sa.or_(c.block_number < block, sa.and_(c.block_number == block, c.log_index < log))
    same_time = sa.or_(c.chain_id > chain, sa.and_(c.chain_id == chain, later))
    return sa.or_(c.at < at, sa.and_(c.at == at, same_time))
