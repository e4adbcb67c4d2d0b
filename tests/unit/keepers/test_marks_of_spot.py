"""Marks of spot markets: they follow the book, no further than the index allows, and wake stop orders."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from test_sweep import CONFIG, NETWORK, PRIMARY_CHAIN_ID, SECOND_NS, START, HandClock

from stab3l.config import MarketConfig
from stab3l.engine import Engine
from stab3l.engine.wire import (
    Command,
    Deposit,
    IndexPrice,
    ListMarket,
    OrderType,
    Outcome,
    OutcomeCode,
    Place,
    RegisterAsset,
    Side,
    TimeInForce,
    decode_events,
    encode_batch,
)
from stab3l.exchange.listing import ensure_contracts
from stab3l.keepers.mark_rules import MarkPolicy, clamped, median_down
from stab3l.keepers.spot_books import SpotBooks, SpotMarkKeeper
from stab3l.testing.embedded_gateway import EmbeddedGateway
from stab3l.testing.trading_desk import owner, token

pytestmark = pytest.mark.anyio

MARKET = MarketConfig(
    symbol="sSTB-USDC",
    base=(PRIMARY_CHAIN_ID, "0x" + token(1).hex()),
    quote=(PRIMARY_CHAIN_ID, "0x" + token(2).hex()),
    lot=10**17,
    tick=1,
    maker_fee_ppm=0,
    taker_fee_ppm=0,
    max_lots=10**6,
)
POLICY = MarkPolicy(heartbeat_s=60, deviation_bps=5)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_mark_follows_the_book_and_wakes_a_stop(tmp_path: Path) -> None:
    network = NETWORK.model_copy(update={"markets": (MARKET,)})
    engine = Engine.open(tmp_path, durability="page_cache")
    gateway = EmbeddedGateway(engine, HandClock())
    keeper = SpotMarkKeeper(gateway, SpotBooks(gateway, network), network, POLICY)
    number = 0

    async def accepted(*commands: Command) -> None:
        events = decode_events((await gateway.submit(encode_batch(commands))).events)
        assert {event.code for event in events if isinstance(event, Outcome)} == {OutcomeCode.ACCEPTED}, events

    def order(side: Side, ticks: int, lots: int = 10, trigger: int = 0) -> Place:
        nonlocal number
        number += 1
        terms = (OrderType.STOP_MARKET, TimeInForce.IOC) if trigger else (OrderType.LIMIT, TimeInForce.GTC)
        return Place(3, 0, number, START + SECOND_NS, ticks, lots, side, *terms, trigger_ticks=trigger)

    async def mark() -> int:
        await keeper.round()
        return (await gateway.markets())[0].mark

    try:
        await accepted(*(RegisterAsset(PRIMARY_CHAIN_ID, token(n), d) for n, d in ((1, 18), (2, 6))))
        await accepted(ListMarket(0, 1, MARKET.lot, MARKET.tick, 0, 0, MARKET.max_lots))
        for asset, amount in ((0, 10**22), (1, 10**12)):
            await accepted(Deposit(PRIMARY_CHAIN_ID, asset + 1, asset, 0, owner(1), amount, bytes(32)))
        assert await mark() == 0, "an empty book has no middle"
        await accepted(order(Side.BUY, 5_990), order(Side.SELL, 6_010), order(Side.BUY, 7_000, 1, trigger=6_050))
        assert await mark() == 6_000
        said = engine.last_sequence
        assert await mark() == 6_000
        assert engine.last_sequence == said, "a book that stands still is left alone"
        await accepted(order(Side.BUY, 6_010), order(Side.BUY, 6_090), order(Side.SELL, 6_110))
        assert await mark() == 6_100
        assert all(row[13] == 0 for row in engine.open_orders(3)), "the stop has been woken"
        await ensure_contracts(gateway, network, START)
        await accepted(IndexPrice(0, 50_000))
        assert await mark() == 5_100, "at most 2 % from the index of sSTB, $0.05"
    finally:
        engine.close()


def test_the_index_is_the_middle_of_its_sources() -> None:
    step = Fraction(CONFIG.price_step)
    prices = [Fraction(6, 100), Fraction(61, 1_000), Fraction(1, 100)]
    assert median_down(prices, step) == 60_000
    assert median_down(prices[:2], step) == 60_500
    assert median_down([Fraction("0.0600009")], step) == 60_000


def test_a_price_is_held_near_its_reference() -> None:
    reference = Fraction(6, 100)
    assert clamped(Fraction(7, 100), reference, 20_000) == reference * 102 / 100
    assert clamped(Fraction(1, 100), reference, 20_000) == reference * 98 / 100
    assert clamped(Fraction("0.0601"), reference, 20_000) == Fraction("0.0601")
