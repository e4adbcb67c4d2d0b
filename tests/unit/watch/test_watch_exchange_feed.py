"""The exchange feed against the reference exchange: every order and trade, once, whatever breaks in between."""

from __future__ import annotations

from random import Random
from typing import Any

import anyio
import pytest
import sqlalchemy as sa
from recorded_exchange import RecordedExchange, RecordedFrame

from stab3l.engine.wire import Cancel, OrderType, Side, encode_batch
from stab3l.errors import Corrupt
from stab3l.store.database import Database
from stab3l.store.tables import orders, trades
from stab3l.testing.trading_desk import BASE, MARKET, QUOTE, START_NS, TradingDesk
from stab3l.watch import queries
from stab3l.watch.exchange_feed import FOLLOWED, ExchangeFeed

pytestmark = pytest.mark.anyio


@pytest.fixture
def exchange() -> RecordedExchange:
    return RecordedExchange()


@pytest.fixture
def desk(exchange: RecordedExchange) -> TradingDesk:
    return TradingDesk.listed(exchange)


async def follow(database: Database, exchange: RecordedExchange) -> None:
    """A fresh feed catches up: what a restarted process does."""
    end = exchange.reference.sequence + 1
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ExchangeFeed(database, exchange).run)
        for _ in range(2_000):
            if await queries.feed_position(database) == end:
                break
            await anyio.sleep(0.005)
        tasks.cancel_scope.cancel()
    assert await queries.feed_position(database) == end


async def rows(database: Database) -> dict[str, list[Any]]:
    async with database.read() as connection:
        return {t.name: sorted(map(repr, (await connection.execute(sa.select(t))).all())) for t in FOLLOWED}


async def test_an_order_is_followed_from_open_to_filled(
    database: Database, exchange: RecordedExchange, desk: TradingDesk
) -> None:
    maker, taker = desk.fund(1, BASE, 10**9), desk.fund(2, QUOTE, 10**12)
    desk.accepted(desk.order(maker, Side.SELL, 10, 50))
    await follow(database, exchange)
    [resting] = await queries.orders_of(database, maker)
    assert (resting.state, resting.lots, resting.lots_left, resting.ticks) == ("open", 10, 10, 50)

    desk.accepted(desk.immediate(taker, Side.BUY, 4, 60))
    await follow(database, exchange)
    [resting] = await queries.orders_of(database, maker)
    [trade] = await queries.recent_trades(database, MARKET)
    assert (resting.state, resting.lots_left) == ("open", 6)
    assert (trade.lots, trade.ticks, trade.maker_order, trade.taker_account) == (4, 50, resting.order_id, taker)

    desk.accepted(desk.immediate(taker, Side.BUY, 9, 60))
    await follow(database, exchange)
    [resting] = await queries.orders_of(database, maker)
    newest = (await queries.orders_of(database, taker))[0]
    assert (resting.state, resting.lots_left) == ("filled", 0)
    assert (newest.state, newest.lots_left) == ("expired", 3)


async def test_a_cancelled_order_keeps_what_was_left(
    database: Database, exchange: RecordedExchange, desk: TradingDesk
) -> None:
    maker = desk.fund(1, BASE, 10**9)
    desk.accepted(desk.order(maker, Side.SELL, 10, 50))
    desk.accepted(Cancel(maker, 1))
    await follow(database, exchange)
    found = await queries.order(database, 1)
    assert found is not None
    assert (found.state, found.lots_left) == ("cancelled", 10)
    assert await queries.order(database, 2) is None


async def test_a_feed_that_breaks_and_restarts_anywhere_writes_the_same_rows(database: Database) -> None:
    exchange = RecordedExchange()
    desk = TradingDesk.listed(exchange)
    dice = Random(11)
    accounts = [desk.fund(user, asset, 10**15) for user in (1, 2, 3) for asset in (BASE, QUOTE)]
    for round_ in range(120):
        side = dice.choice([Side.BUY, Side.SELL])
        account, lots, ticks = dice.choice(accounts), dice.randrange(1, 50), dice.randrange(40, 60)
        market = desk.immediate(account, side, lots, 50, order_type=OrderType.MARKET)
        desk.send(*[desk.order(account, side, lots, ticks), market][: dice.randrange(1, 3)])
        if round_ % 10 == 9:
            desk.send(desk.withdrawal(dice.choice(accounts), BASE, 7), Cancel(account, dice.randrange(1, round_)))
            desk.seal()
        if round_ % 15 == 0:
            exchange.breaks_after = dice.randrange(1, 9)
            feed = ExchangeFeed(database, exchange)
            with anyio.move_on_after(0.2):
                await feed.run()
    exchange.breaks_after = None
    await follow(database, exchange)
    broken = await rows(database)

    async with database.write() as connection:
        for table in FOLLOWED:
            await connection.execute(sa.delete(table))
    await follow(database, exchange)
    assert await rows(database) == broken
    async with database.read() as connection:
        assert await connection.scalar(sa.select(sa.func.count()).select_from(trades)) == exchange.reference.trades
        left = await connection.scalar(sa.select(sa.func.min(orders.c.lots_left)))
    assert left == 0


async def test_open_orders_are_exactly_those_that_rest_in_the_exchange(
    database: Database, exchange: RecordedExchange, desk: TradingDesk
) -> None:
    maker, taker = desk.fund(1, BASE, 10**12), desk.fund(2, QUOTE, 10**12)
    for ticks in range(50, 70):
        desk.accepted(desk.order(maker, Side.SELL, 5, ticks))
    desk.accepted(desk.immediate(taker, Side.BUY, 33, 90))
    desk.accepted(Cancel(maker, 20))
    await follow(database, exchange)
    open_now = {o.order_id: o.lots_left for o in await queries.orders_of(database, maker) if o.state == "open"}
    assert open_now == {7: 2} | dict.fromkeys(range(8, 20), 5)


async def test_frames_that_come_twice_are_passed_over(
    database: Database, exchange: RecordedExchange, desk: TradingDesk
) -> None:
    maker = desk.fund(1, BASE, 10**9)
    desk.accepted(desk.order(maker, Side.SELL, 10, 50), desk.order(maker, Side.SELL, 10, 51))
    feed = ExchangeFeed(database, exchange)
    await feed.write(exchange.frames)
    once = await rows(database)
    await feed.write(exchange.frames)
    assert await rows(database) == once


async def test_a_missing_frame_is_called_corrupt(
    database: Database, exchange: RecordedExchange, desk: TradingDesk
) -> None:
    desk.fund(1, BASE, 10**9)
    desk.fund(2, BASE, 10**9)
    feed = ExchangeFeed(database, exchange)
    with pytest.raises(Corrupt) as caught:
        await feed.write([exchange.frames[0], exchange.frames[2]])
    assert caught.value.values == {"expected": 5, "found": 6}
    assert await queries.feed_position(database) == 1


async def test_bytes_that_are_no_events_stop_the_feed(database: Database, exchange: RecordedExchange) -> None:
    exchange.frames.append(RecordedFrame(1, 1, b"\x01\x02"))
    exchange.reference.sequence = 1
    with pytest.raises(ExceptionGroup):
        await ExchangeFeed(database, exchange).run()


async def test_an_exchange_that_was_put_back_is_followed_again_from_its_first_output(
    database: Database, exchange: RecordedExchange, desk: TradingDesk
) -> None:
    maker = desk.fund(1, BASE, 10**9)
    for _ in range(9):
        desk.accepted(desk.order(maker, Side.SELL, 10, 50))
    await follow(database, exchange)
    put_back = RecordedExchange()
    TradingDesk.listed(put_back).fund(1, BASE, 10**9)
    await follow(database, put_back)
    assert await queries.orders_of(database, maker) == []


async def test_an_empty_batch_of_frames_changes_nothing(database: Database, exchange: RecordedExchange) -> None:
    assert exchange.apply(encode_batch([]), START_NS) == b""
    await ExchangeFeed(database, exchange).write(exchange.frames)
    assert await queries.feed_position(database) == 1
