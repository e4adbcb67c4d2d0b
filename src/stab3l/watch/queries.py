"""Typed questions to the read model, for the API and the console.

Each is one consistent view. ``limit`` is 1 to 1,000 rows, newest first. All raise ``Unavailable`` while the database
does not answer, and ``Invalid`` for a limit or an address that is none.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from stab3l.chain.address import checksum, is_address
from stab3l.errors import Invalid
from stab3l.store import tables as t
from stab3l.store.database import Database
from stab3l.watch.reading import LIMIT_MAX as LIMIT_MAX
from stab3l.watch.reading import V, all_of, limited
from stab3l.watch.values import (
    Batch,
    ChainEvent,
    ChainHead,
    Claim,
    Deposit,
    ExchangeBlock,
    Mint,
    Order,
    Provider,
    Redemption,
    Stake,
    Supply,
    Trade,
    Withdrawal,
)


async def chain_heads(database: Database) -> list[ChainHead]:
    """How far each chain is in the read model, by chain id."""
    joined = t.chains.outerjoin(
        t.blocks, sa.and_(t.blocks.c.chain_id == t.chains.c.chain_id, t.blocks.c.number == t.chains.c.cursor_number)
    )
    c = t.chains.c
    columns = (c.chain_id, c.name, c.confirmations, c.cursor_number.label("number"), c.cursor_hash.label("hash"))
    query = sa.select(*columns, t.blocks.c.timestamp).select_from(joined).order_by(c.chain_id)
    return await all_of(database, query, ChainHead)


async def supply(database: Database) -> list[Supply]:
    """Every token of ours on every chain."""
    return await _standing(database, t.supplies, Supply, order=(t.supplies.c.chain_id, t.supplies.c.token))


async def providers(database: Database, limit: int = 100) -> list[Provider]:
    """Providers, those with most outstanding CU first."""
    order = (t.providers.c.outstanding.desc(), t.providers.c.provider)
    return await _standing(database, t.providers, Provider, limit=limit, order=order)


async def provider(database: Database, address: str) -> Provider | None:
    """One provider; None when the chain never named it."""
    where = t.providers.c.provider == _address(address)
    found = await _standing(database, t.providers, Provider, where, limit=1)
    return found[0] if found else None


async def claims(database: Database, limit: int = 100, *, provider: str | None = None) -> list[Claim]:
    """Claims, newest first, of all providers or one."""
    where = is_address_of(t.claims.c.provider, provider)
    return await _standing(database, t.claims, Claim, *where, limit=limit, order=(t.claims.c.claim_id.desc(),))


async def mints(database: Database, limit: int = 100) -> list[Mint]:
    """Mints, newest first."""
    return await all_of(database, _newest(t.mints, limit), Mint)


async def stakes(database: Database, provider: str, limit: int = 100) -> list[Stake]:
    """A provider's stakes, newest first."""
    where = is_address_of(t.stakes.c.provider, provider)
    return await _standing(database, t.stakes, Stake, *where, limit=limit, order=(t.stakes.c.stake_id.desc(),))


async def redemptions(
    database: Database, limit: int = 100, *, buyer: str | None = None, provider: str | None = None
) -> list[Redemption]:
    """Redemptions, newest first, of everybody, a buyer or a provider."""
    c = t.redemptions.c
    where = (*is_address_of(c.buyer, buyer), *is_address_of(c.provider, provider))
    return await _standing(database, t.redemptions, Redemption, *where, limit=limit, order=(c.redemption_id.desc(),))


async def deposits(database: Database, owner: str | None = None, limit: int = 100) -> list[Deposit]:
    """Deposits, newest first, of one owner or all, with how deep they are and whether they are credited."""
    where = is_address_of(t.deposits.c.owner, owner)
    return await all_of(database, _newest(t.deposits, limit, *where, query=_deposits()), Deposit)


async def deposit(database: Database, chain_id: int, ordinal: int) -> Deposit | None:
    """One deposit of a chain."""
    query = _deposits().where(t.deposits.c.chain_id == chain_id, t.deposits.c.ordinal == ordinal)
    found = await all_of(database, query, Deposit)
    return found[0] if found else None


def _deposits() -> sa.Select[Any]:
    depth = t.chains.c.cursor_number - t.deposits.c.block_number + 1
    state = sa.case(
        (t.credits.c.ordinal.is_not(None), "credited"),
        (depth >= t.chains.c.confirmations, "confirmed"),
        else_="pending",
    )
    same_deposit = sa.and_(t.credits.c.chain_id == t.deposits.c.chain_id, t.credits.c.ordinal == t.deposits.c.ordinal)
    joined = t.deposits.join(t.chains, t.chains.c.chain_id == t.deposits.c.chain_id).outerjoin(t.credits, same_deposit)
    return sa.select(t.deposits, depth.label("depth"), state.label("state")).select_from(joined)


async def withdrawals(database: Database, owner: str | None = None, limit: int = 100) -> list[Withdrawal]:
    """Withdrawals, newest first, of one owner or all, with how far they are."""
    w = t.withdrawals.c
    query = _withdrawals().where(*is_address_of(w.owner, owner)).order_by(w.withdrawal.desc())
    return await all_of(database, query.limit(limited(limit)), Withdrawal)


async def withdrawal(database: Database, number: int) -> Withdrawal | None:
    """One withdrawal."""
    found = await all_of(database, _withdrawals().where(t.withdrawals.c.withdrawal == number), Withdrawal)
    return found[0] if found else None


def _withdrawals() -> sa.Select[Any]:
    w, paid = t.withdrawals, t.payments
    settled = (
        sa.select(t.batches.c.chain_id, sa.func.max(t.exchange_blocks.c.withdrawals_count).label("count"))
        .join(t.exchange_blocks, t.exchange_blocks.c.block == t.batches.c.exchange_block)
        .group_by(t.batches.c.chain_id)
        .subquery()
    )
    state = sa.case(
        (paid.c.tx_hash.is_not(None), "paid"), (w.c.withdrawal < settled.c.count, "settled"), else_="queued"
    )
    joined = w.outerjoin(paid, sa.and_(paid.c.chain_id == w.c.chain_id, paid.c.withdrawal == w.c.withdrawal)).outerjoin(
        settled, settled.c.chain_id == w.c.chain_id
    )
    return sa.select(w, state.label("state"), paid.c.tx_hash.label("paid_tx")).select_from(joined)


async def batches(database: Database, limit: int = 100, *, chain_id: int | None = None) -> list[Batch]:
    """Settled batches, newest exchange block first, on all chains or one."""
    c = t.batches.c
    where = () if chain_id is None else (c.chain_id == chain_id,)
    order = (c.exchange_block.desc(), c.chain_id)
    return await all_of(database, sa.select(t.batches).where(*where).order_by(*order).limit(limited(limit)), Batch)


async def exchange_blocks(database: Database, limit: int = 100) -> list[ExchangeBlock]:
    """Sealed blocks of the exchange, newest first."""
    query = sa.select(t.exchange_blocks).order_by(t.exchange_blocks.c.block.desc()).limit(limited(limit))
    return await all_of(database, query, ExchangeBlock)


async def recent_trades(database: Database, market: int, limit: int = 100, *, before: int | None = None) -> list[Trade]:
    """Trades of a market, newest first; ``before`` a trade id, to page on."""
    c = t.trades.c
    where = (c.market == market, *(() if before is None else (c.trade_id < before,)))
    query = sa.select(t.trades).where(*where).order_by(c.trade_id.desc()).limit(limited(limit))
    return await all_of(database, query, Trade)


async def orders_of(database: Database, account: int, limit: int = 100, *, before: int | None = None) -> list[Order]:
    """Orders of an account, open and closed, newest first; ``before`` an order id, to page on."""
    c = t.orders.c
    where = (c.account == account, *(() if before is None else (c.order_id < before,)))
    query = sa.select(t.orders).where(*where).order_by(c.order_id.desc()).limit(limited(limit))
    return await all_of(database, query, Order)


async def order(database: Database, order_id: int) -> Order | None:
    """One order, open or closed; None when the feed has not brought it (yet)."""
    found = await all_of(database, sa.select(t.orders).where(t.orders.c.order_id == order_id), Order)
    return found[0] if found else None


async def feed_position(database: Database) -> int:
    """The first sequence number of the exchange's outputs that is not in the read model yet."""
    async with database.read() as connection:
        return int(await connection.scalar(sa.select(sa.func.max(t.feed.c.next_sequence))) or 1)


async def chain_events(database: Database, limit: int = 100, *, chain_id: int | None = None) -> list[ChainEvent]:
    """The raw log of our contracts, newest first, of all chains or one."""
    where = () if chain_id is None else (t.chain_events.c.chain_id == chain_id,)
    return await all_of(database, _newest(t.chain_events, limit, *where), ChainEvent)


async def _standing(
    database: Database,
    table: sa.Table,
    kind: type[V],
    *where: sa.ColumnElement[bool],
    limit: int = LIMIT_MAX,
    order: tuple[Any, ...] = (),
) -> list[V]:
    query = sa.select(table).where(table.c.until_block.is_(None), *where).order_by(*order).limit(limited(limit))
    return await all_of(database, query, kind)


def _newest(
    table: sa.Table, limit: int, *where: sa.ColumnElement[bool], query: sa.Select[Any] | None = None
) -> sa.Select[Any]:
    chosen = sa.select(table) if query is None else query
    order = (table.c.at.desc(), table.c.chain_id, table.c.block_number.desc(), table.c.log_index.desc())
    return chosen.where(*where).order_by(*order).limit(limited(limit))


def _address(address: str) -> str:
    if not is_address(address):
        raise Invalid(f"{address!r} is not an address", address=address)
    return str(checksum(address))


def is_address_of(column: sa.ColumnElement[Any], address: str | None) -> tuple[sa.ColumnElement[bool], ...]:
    """The condition that a column is an address, none without one. Raises ``Invalid``."""
    return () if address is None else (column == _address(address),)
