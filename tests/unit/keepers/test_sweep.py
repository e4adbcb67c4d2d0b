"""The sweep keeper on a real engine whose clock is set by hand: it acts when something is due, and only then."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from stab3l.config import PRIMARY_CHAIN_ID, CollateralConfig, Network, UnderlyingConfig
from stab3l.engine import Engine
from stab3l.engine.wire import (
    Command,
    Deposit,
    Outcome,
    OutcomeCode,
    Place,
    RegisterAsset,
    ScheduleCancel,
    SetCollateral,
    Side,
    TimeInForce,
    Withdraw,
    decode_events,
    encode_batch,
)
from stab3l.exchange.gateway_client import Collateral
from stab3l.exchange.listing import ensure_contracts, next_expiry
from stab3l.keepers import mark_rules
from stab3l.keepers.collateral import CollateralKeeper
from stab3l.keepers.errors import PricesAway
from stab3l.keepers.mark_rules import MarkPolicy, steps_to
from stab3l.keepers.marks import MarkKeeper
from stab3l.keepers.sweep import LiquidationKeeper, SweepKeeper
from stab3l.testing.embedded_gateway import EmbeddedGateway
from stab3l.testing.trading_desk import owner, token
from stab3l.units import Nanoseconds

pytestmark = pytest.mark.anyio

SECOND_NS, DAY_S = 10**9, 86_400
START = 1_800_000_000 * SECOND_NS
COLLATERAL, DOLLAR, FUTURE, CALL = 0, 1, 0, 1
INDEX = 60_000
POLICY = MarkPolicy(heartbeat_s=60, deviation_bps=5)
CONFIG = UnderlyingConfig(
    name="sSTB",
    settlement=(PRIMARY_CHAIN_ID, "0x" + token(2).hex()),
    contract_size="100",
    price_step="0.000001",
    range_ppm=100_000,
    basis_ppm=20_000,
    initial_ppm=1_250_000,
    short_option_ppm=50_000,
    liquidation_fee_ppm=5_000,
    liquidation_step_ppm=500_000,
    maker_fee_ppm=0,
    taker_fee_ppm=0,
    max_lots=10_000,
    band_ppm=0,
    expiry_every_s=7 * DAY_S,
    expiry_first_s=115_200,
    expiry_ahead_s=DAY_S,
    strikes=("0.06",),
    feed="sSTB/USD",
    volatility_ppm=600_000,
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class HandClock:
    at: int = START

    def now(self) -> Nanoseconds:
        return Nanoseconds(self.at)

    def pass_s(self, seconds: int) -> None:
        self.at += seconds * SECOND_NS


@dataclass
class GivenPrice:
    """An index that a test sets; None: away."""

    index: int | None = INDEX

    async def ticks(self, config: UnderlyingConfig) -> int:
        if self.index is None:
            raise PricesAway(f"no price of {config.feed}", pair=config.feed)
        return self.index

    async def price(self, feed: str, settlement_feed: str) -> Fraction:
        return await self.ticks(CONFIG) * Fraction(CONFIG.price_step)


@dataclass
class Venue:
    """A future and two options, two rich users (3 and 4), and one (5) who has collateral only."""

    engine: Engine
    clock: HandClock
    gateway: EmbeddedGateway
    price: GivenPrice
    client_ids: int = 0

    @property
    def marks(self) -> MarkKeeper:
        return MarkKeeper(self.gateway, self.price, NETWORK, POLICY, self.clock)

    async def accepted(self, *commands: Command) -> None:
        events = decode_events((await self.gateway.submit(encode_batch(commands))).events)
        assert {event.code for event in events if isinstance(event, Outcome)} == {OutcomeCode.ACCEPTED}, events

    def order(self, account: int, side: Side, lots: int, ticks: int, *, life_s: int = 0) -> Place:
        self.client_ids += 1
        good_till = self.clock.at + life_s * SECOND_NS if life_s else 0
        dies = TimeInForce.GTD if life_s else TimeInForce.GTC
        terms = {"time_in_force": dies, "good_till": good_till}
        return Place(account, FUTURE, self.client_ids, self.clock.at + SECOND_NS, ticks, lots, side, **terms)

    async def trade(self, buyer: int, seller: int, lots: int) -> None:
        await self.accepted(self.order(seller, Side.SELL, lots, INDEX), self.order(buyer, Side.BUY, lots, INDEX))

    def open_orders(self) -> int:
        return sum(len(self.engine.open_orders(account)) for account in (3, 4, 5))


NETWORK = Network(
    chains=(),
    markets=(),
    underlyings=(CONFIG,),
    gateway="",
    api_url="",
    verifier_urls=(),
    provider_url="",
    database_url="",
)


@pytest.fixture
async def venue(tmp_path: Path) -> Iterator[Venue]:
    engine, clock = Engine.open(tmp_path, durability="page_cache"), HandClock()
    gateway = EmbeddedGateway(engine, clock)
    venue = Venue(engine, clock, gateway, GivenPrice())
    await venue.accepted(*(RegisterAsset(PRIMARY_CHAIN_ID, token(n), d) for n, d in ((1, 18), (2, 6))))
    for ordinal, (user, asset, amount) in enumerate(((1, DOLLAR, 10**12), (2, DOLLAR, 10**12), (3, COLLATERAL, 10**6))):
        deposit = Deposit(PRIMARY_CHAIN_ID, ordinal + 1, asset, 0, owner(user), amount, bytes(32))
        await venue.accepted(deposit)
    await ensure_contracts(gateway, NETWORK, clock.now())
    await venue.marks.round()
    yield venue
    engine.close()


async def test_an_idle_exchange_is_asked_and_not_told(venue: Venue) -> None:
    await venue.accepted(venue.order(3, Side.BUY, 1, 50_000, life_s=100))
    said, sweep = venue.engine.last_sequence, SweepKeeper(venue.gateway, venue.clock)
    marks = venue.marks
    judge = LiquidationKeeper(venue.gateway, marks, venue.clock)
    for _ in range(20):
        await sweep.round()
        await marks.round()
        await judge.round()
        venue.clock.pass_s(2)
    assert venue.engine.last_sequence == said


async def test_orders_past_their_time_and_scheduled_cancels_are_swept(venue: Venue) -> None:
    sweep = SweepKeeper(venue.gateway, venue.clock)
    await venue.accepted(venue.order(3, Side.BUY, 1, 50_000, life_s=10), venue.order(4, Side.BUY, 1, 50_000))
    schedule = ScheduleCancel(4, 99, venue.clock.at + SECOND_NS, venue.clock.at + 20 * SECOND_NS)
    await venue.accepted(schedule)
    await sweep.round()
    assert venue.open_orders() == 2
    venue.clock.pass_s(10)
    await sweep.round()
    assert venue.open_orders() == 1
    venue.clock.pass_s(10)
    await sweep.round()
    assert (venue.open_orders(), venue.engine.schedule(4)) == (0, 0)


async def test_more_than_one_sweeps_worth_is_swept_in_one_round(venue: Venue) -> None:
    orders = [venue.order(3, Side.BUY, 1, 50_000, life_s=10) for _ in range(1_200)]
    await venue.accepted(*orders)
    venue.clock.pass_s(10)
    before = venue.gateway.batches
    await SweepKeeper(venue.gateway, venue.clock).round()
    assert (venue.open_orders(), venue.gateway.batches - before) == (0, 2)


async def test_a_keeper_whose_clock_is_ahead_says_it_once_a_round(venue: Venue) -> None:
    await venue.accepted(venue.order(3, Side.BUY, 1, 50_000, life_s=10))
    before = venue.gateway.batches
    await SweepKeeper(venue.gateway, HandClock(START + 60 * SECOND_NS)).round()
    await SweepKeeper(venue.gateway, HandClock(START + 30 * DAY_S * SECOND_NS)).round()
    assert (venue.open_orders(), venue.gateway.batches - before) == (1, 2)


async def test_contracts_expire_and_the_next_ones_are_listed(venue: Venue) -> None:
    await venue.trade(3, 4, 5)
    expiry = next_expiry(CONFIG, venue.clock.now())
    venue.clock.at = expiry - DAY_S * SECOND_NS + 1
    await venue.marks.list_due()
    following = expiry + 7 * DAY_S * SECOND_NS
    assert [one.expiry for one in await venue.gateway.instruments()] == [expiry] * 3 + [following] * 3
    venue.clock.at = expiry
    await SweepKeeper(venue.gateway, venue.clock).round()
    settled = [one for one in await venue.gateway.instruments() if one.settled]
    assert [(one.market, one.settlement_ticks, one.open_interest) for one in settled] == [
        (FUTURE, INDEX, 0),
        (CALL, 0, 0),
        (CALL + 1, 0, 0),
    ]
    assert await venue.gateway.positions(3) == ()
    before = venue.engine.last_sequence
    await venue.marks.list_due()
    await SweepKeeper(venue.gateway, venue.clock).round()
    assert venue.engine.last_sequence == before


async def test_marks_are_posted_when_the_price_moves_or_has_stood_long(venue: Venue) -> None:
    marks = venue.marks

    async def posted() -> bool:
        before = venue.gateway.batches
        await marks.round()
        return venue.gateway.batches > before

    future, call, put = (market.mark for market in await venue.gateway.markets())
    assert future == INDEX
    assert 0 < put == call < INDEX // 10, "at the money both are worth the same"
    venue.clock.pass_s(5)
    venue.price.index = INDEX + 29
    assert not await posted()
    venue.price.index = INDEX + 30
    assert await posted()
    future, *_ = [market.mark for market in await venue.gateway.markets()]
    assert future == INDEX + 30
    venue.clock.pass_s(59)
    assert not await posted()
    venue.clock.pass_s(1)
    assert await posted()
    venue.clock.at = next_expiry(CONFIG, START) - 1_800 * SECOND_NS
    assert await posted()
    venue.clock.pass_s(10)
    assert await posted(), "in the last half hour marks follow the average"


@pytest.mark.parametrize("in_steps", [True, False])
async def test_a_jump_is_posted_in_steps_so_that_a_hedge_is_judged_as_one(
    venue: Venue, monkeypatch: pytest.MonkeyPatch, in_steps: bool
) -> None:
    """Calls sold against a long future: when the price falls, what the future loses first comes back by the calls."""
    if not in_steps:
        monkeypatch.setattr(mark_rules, "STEPS_MAX", 1)
    hedged, dollar = 6, 10**6
    await venue.accepted(Deposit(PRIMARY_CHAIN_ID, 4, DOLLAR, 0, owner(4), 60 * dollar, bytes(32)))
    value = (await venue.gateway.markets())[CALL].mark
    orders = (venue.order(hedged, Side.SELL, 40, value), venue.order(3, Side.BUY, 40, value))
    await venue.accepted(*(msgspec.structs.replace(order, market=CALL) for order in orders))
    await venue.trade(hedged, 4, 24)
    await venue.accepted(Withdraw(hedged, DOLLAR, 9_999, venue.clock.at + SECOND_NS, 36 * dollar, owner(4)))
    await venue.accepted(venue.order(4, Side.BUY, 100, 50_000))
    venue.price.index = INDEX * 90 // 100
    await venue.marks.round()
    kept = [(one.market, one.lots) for one in await venue.gateway.positions(hedged)]
    assert (kept == [(FUTURE, 24), (CALL, -40)]) is in_steps, kept


def test_steps_lead_all_the_way_and_none_is_long() -> None:
    assert steps_to(0, 60_000) == [60_000]
    assert steps_to(60_000, 60_000) == [60_000]
    assert steps_to(60_000, 60_100) == [60_100]
    up, down = steps_to(60_000, 66_000), steps_to(66_000, 60_000)
    assert (up[-1], down[-1]) == (66_000, 60_000)
    for path in ([60_000, *up], [66_000, *down]):
        assert all(abs(after - before) <= 301 for before, after in itertools.pairwise(path))
    assert len(steps_to(1, 10**9)) == 100


async def test_without_a_fresh_price_nothing_is_posted(venue: Venue) -> None:
    venue.clock.pass_s(600)
    venue.price.index = None
    before = venue.gateway.batches
    with pytest.raises(PricesAway):
        await venue.marks.round()
    assert venue.gateway.batches == before


async def test_who_falls_short_of_margin_between_prices_is_judged(venue: Venue) -> None:
    judge = LiquidationKeeper(venue.gateway, venue.marks, venue.clock)
    await venue.accepted(SetCollateral(COLLATERAL, 0, 10**21))
    await venue.trade(5, 4, 2)
    await judge.round()
    assert [one.lots for one in await venue.gateway.positions(5)] == [2]
    await venue.accepted(SetCollateral(COLLATERAL, 0, 0))
    await judge.round()
    assert await venue.gateway.positions(5) == (), "the insurance fund has them, and is short itself"
    attempts = []
    for second in range(40):
        before = venue.gateway.batches
        await judge.round()
        if venue.gateway.batches > before:
            attempts.append(second)
        venue.clock.pass_s(1)
    assert attempts == [0, 2, 6, 14, 30], "who cannot be helped is tried again later each time"


async def test_collateral_follows_its_price_and_the_networks_haircut(venue: Venue) -> None:
    terms = CollateralConfig(token=(PRIMARY_CHAIN_ID, "0x" + token(1).hex()), haircut_ppm=500_000, feed="sSTB/USD")
    network = NETWORK.model_copy(update={"collateral": (terms,)})
    keeper = CollateralKeeper(venue.gateway, venue.price, network)
    await keeper.round()
    assert await venue.gateway.collateral() == (Collateral(COLLATERAL, 500_000, 60_000),), "$0.06 for 10^18"
    before = venue.gateway.batches
    venue.price.index = INDEX * 1_009 // 1_000
    await keeper.round()
    assert venue.gateway.batches == before
    venue.price.index = INDEX * 101 // 100
    await keeper.round()
    assert await venue.gateway.collateral() == (Collateral(COLLATERAL, 500_000, 60_600),)
    stricter = network.model_copy(update={"collateral": (terms.model_copy(update={"haircut_ppm": 600_000}),)})
    await CollateralKeeper(venue.gateway, venue.price, stricter).round()
    assert await venue.gateway.collateral() == (Collateral(COLLATERAL, 600_000, 60_600),)


async def test_a_dry_run_only_tells(venue: Venue) -> None:
    await venue.accepted(venue.order(3, Side.BUY, 1, 50_000, life_s=10))
    venue.clock.pass_s(100)
    before = venue.gateway.batches
    await SweepKeeper(venue.gateway, venue.clock, dry_run=True).round()
    await MarkKeeper(venue.gateway, venue.price, NETWORK, POLICY, venue.clock, dry_run=True).round()
    assert venue.gateway.batches == before
