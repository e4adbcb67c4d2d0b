"""Positions in the index are those of the exchange, whatever made them, and their history adds up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from random import Random

import pytest
import sqlalchemy as sa
from recorded_exchange import RecordedExchange

from stab3l.audit.reference_positions import DEBT
from stab3l.engine.wire import (
    IndexPrice,
    ListFuture,
    ListUnderlying,
    Side,
    Trade,
    decode_events,
)
from stab3l.store.database import Database
from stab3l.store.tables import holdings, margin_events, position_changes, positions
from stab3l.testing.command_stream import CommandStream
from stab3l.testing.trading_desk import BASE, QUOTE, SECOND_NS, TradingDesk
from stab3l.watch import derivative_queries as queries
from stab3l.watch.exchange_feed import ExchangeFeed
from stab3l.watch.values import Fill, Price

pytestmark = pytest.mark.anyio

COMMANDS = 9_000
FUTURE, DAY_NS = 1, 86_400 * SECOND_NS


@pytest.fixture(scope="module")
def exchange() -> RecordedExchange:
    """An exchange that has seen liquidations, takeovers, deleveraging and expiries."""
    exchange = RecordedExchange()
    stream = CommandStream(Random(14), exchange.reference)
    while exchange.reference.sequence < COMMANDS:
        batch = stream.batch()
        exchange.apply(batch, stream.now)
    return exchange


async def write(database: Database, exchange: RecordedExchange, seed: int) -> None:
    """Everything that the exchange said, in pieces of any size."""
    dice, feed, at = Random(seed), ExchangeFeed(database, exchange), 0
    while at < len(exchange.frames):
        count = dice.randrange(1, 60)
        await feed.write(exchange.frames[at : at + count])
        at += count


async def test_positions_are_those_of_the_exchange(database: Database, exchange: RecordedExchange) -> None:
    await write(database, exchange, 1)
    async with database.read() as connection:
        standing = {(row.account, row.market): row for row in await connection.execute(sa.select(positions))}
        order = (position_changes.c.sequence, position_changes.c.place)
        changes = (await connection.execute(sa.select(position_changes).order_by(*order))).all()
    held = {key: one for key, one in exchange.reference.positions.items() if key[1] != DEBT}
    assert {key: (one.lots, one.entry) for key, one in standing.items()} == {
        key: (one.lots, one.entry) for key, one in held.items()
    }
    assert Counter(row.cause for row in changes).keys() == {"trade", "settled", "taken_over", "deleveraged"}
    lots, realised = defaultdict[tuple[int, int], int](int), 0
    for row in changes:
        lots[row.account, row.market] += row.change
        realised += row.realised
        assert row.lots == lots[row.account, row.market]
    assert realised == sum(one.entry for one in standing.values()), "what one gains another loses or still has open"


async def test_holdings_are_the_exchanges_balances_less_what_is_owed(
    database: Database, exchange: RecordedExchange
) -> None:
    await write(database, exchange, 4)
    async with database.read() as connection:
        rows = await connection.execute(sa.select(holdings).order_by(holdings.c.start))
        told = {(row.account, row.asset): row.amount for row in rows}
        kinds = ("taken_over", "deleveraged")
        cleared = set(
            await connection.scalars(sa.select(margin_events.c.account).where(margin_events.c.kind.in_(kinds)))
        )
    reference, compared = exchange.reference, 0
    for (account, asset), balance in reference.balances.items():
        if not reference.is_user(account) or account in cleared:
            continue
        owed = reference.positions.get((account, DEBT)) if asset == reference.settlement_asset else None
        assert told.get((account, asset), 0) == balance.available + balance.held - (owed.entry if owed else 0)
        compared += (account, asset) in told
    realised = [row for row in await all_changes(database) if row.account not in cleared and row.realised]
    assert compared > 10
    assert realised


async def all_changes(database: Database) -> Sequence[sa.Row[tuple[object, ...]]]:
    async with database.read() as connection:
        return (await connection.execute(sa.select(position_changes))).all()


async def test_the_steps_of_liquidations_are_kept(database: Database, exchange: RecordedExchange) -> None:
    await write(database, exchange, 2)
    kinds = Counter(one.kind for one in await queries.margin_events(database, 1_000))
    assert kinds.keys() == {
        "liquidation_order",
        "collateral_converted",
        "taken_over",
        "deleveraged",
        "debt_taken_over",
    }
    [newest, *_] = await queries.margin_events(database, 1)
    older = await queries.margin_events(database, 5, before=(newest.sequence, newest.place))
    assert all((one.sequence, one.place) < (newest.sequence, newest.place) for one in older)
    listed = {one.market: one for one in await queries.instruments(database)}
    settled = [one for one in listed.values() if one.settled_ticks is not None]
    assert settled
    assert all(one.settled_at is not None and one.settled_at >= one.expiry for one in settled)


async def test_an_accounts_fills_are_paged_without_a_gap(database: Database, exchange: RecordedExchange) -> None:
    await write(database, exchange, 3)
    events = [event for frame in exchange.frames for event in decode_events(frame.payload)]
    trades = [event for event in events if isinstance(event, Trade)]
    account = Counter(trade.maker_account for trade in trades).most_common(1)[0][0]
    wanted = Counter((t.trade, True) for t in trades if t.maker_account == account)
    wanted += Counter((t.trade, False) for t in trades if t.taker_account == account)
    found: list[Fill] = []
    while page := await queries.fills_of(database, account, 7, before=found[-1].trade_id if found else None):
        found += page
    assert Counter((one.trade_id, one.is_maker) for one in found) == wanted
    assert len({(one.trade_id, one.is_maker) for one in found}) == len(found)


async def test_a_small_history_reads_as_it_happened(database: Database) -> None:
    exchange = RecordedExchange()
    desk = TradingDesk.listed(exchange)
    buyer, seller = desk.fund(1, QUOTE, 10**9), desk.fund(2, QUOTE, 10**9)
    rates = (100_000, 1_000_000, 1_250_000, 50_000, 5_000, 500_000)
    desk.accepted(ListUnderlying(b"sSTB\0\0\0\0", QUOTE, 10, *rates))
    desk.accepted(ListFuture(0, desk.now + DAY_NS, 0, 1_000, 1_000), IndexPrice(0, 1_000))
    desk.accepted(desk.order(seller, Side.SELL, 5, 1_000, market=FUTURE))
    desk.accepted(desk.order(buyer, Side.BUY, 5, 1_000, market=FUTURE))
    desk.accepted(desk.order(buyer, Side.SELL, 2, 1_100, market=FUTURE))
    desk.accepted(desk.order(seller, Side.BUY, 2, 1_100, market=FUTURE))
    await ExchangeFeed(database, exchange).write(exchange.frames)
    [closed, opened] = await queries.position_changes_of(database, buyer)
    assert (opened.cause, opened.change, opened.lots, opened.entry, opened.realised, opened.fee) == (
        "trade",
        5,
        5,
        50_000,
        0,
        50,
    )
    assert (closed.change, closed.lots, closed.entry, closed.realised) == (-2, 3, 30_000, 2_000)
    [standing] = await queries.positions_of(database, buyer)
    assert (standing.market, standing.lots, standing.entry) == (FUTURE, 3, 30_000)
    assert [(one.ticks, one.lots) for one in await queries.fills_of(database, buyer, market=FUTURE)] == [
        (1_100, 2),
        (1_000, 5),
    ]
    [price] = await queries.index_prices(database, 0)
    assert price == Price(price.sequence, exchange.frames[-5].now, 1_000)
    assert [one.ticks for one in await queries.marks(database, FUTURE)] == [1_000]
    assert await queries.fills_of(database, buyer, market=BASE) == []
