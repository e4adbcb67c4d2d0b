"""What the gateway tells about futures, options, margin and what is due."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from exchange_setting import RICH, SECOND_NS, Setting, send
from gateway_process import GatewayProcess

from stab3l.audit.reference_trees import leaf, root_of_proof
from stab3l.clock import SystemClock
from stab3l.engine.wire import (
    Command,
    Deposit,
    DepositCredited,
    IndexPrice,
    ListFuture,
    ListOption,
    ListUnderlying,
    OptionKind,
    Outcome,
    OutcomeCode,
    Place,
    ScheduleCancel,
    Seal,
    SetCollateral,
    Side,
    TimeInForce,
)
from stab3l.engine.wire import OptionMarks as GiveMarks
from stab3l.exchange.gateway_client import (
    Collateral,
    Due,
    GatewayClient,
    Instrument,
    OptionMarks,
    Portfolio,
    Position,
    Underlying,
    Unhealthy,
)
from stab3l.testing.trading_desk import BASE, CHAIN, QUOTE, owner

pytestmark = pytest.mark.anyio

INSURANCE = 1
FUTURE, CALL, DAY_NS, TICK = 1, 2, 86_400 * SECOND_NS, 10
VALUES = tuple(range(16))
RATES = (100_000, 1_000_000, 1_250_000, 50_000, 5_000, 500_000)
"""Range, basis, initial, short option, liquidation fee and step."""
SHIFTS = (0, 0, 33, 33, -34, -34, 66, 66, -67, -67, 100, 100, -100, -100, 200, -200)
"""Of an index of 1,000 with a range of 10 %."""


@dataclass
class Venue:
    client: GatewayClient
    setting: Setting
    expiry: int

    @property
    def accounts(self) -> list[int]:
        return self.setting.accounts

    async def accepted(self, *commands: Command) -> None:
        outcomes = [event for event in await send(self.client, *commands) if isinstance(event, Outcome)]
        assert {outcome.code for outcome in outcomes} == {OutcomeCode.ACCEPTED}, outcomes

    async def trade(self, buyer: int, seller: int, lots: int, ticks: int) -> None:
        await self.accepted(self.order(seller, Side.SELL, lots, ticks), self.order(buyer, Side.BUY, lots, ticks))

    def order(self, account: int, side: Side, lots: int, ticks: int, good_till: int = 0) -> Place:
        dies = TimeInForce.GTD if good_till else TimeInForce.GTC
        expires_at = SystemClock().now() + 600 * SECOND_NS
        client_id = next(self.setting.client_ids)
        terms = {"time_in_force": dies, "good_till": good_till}
        return Place(account, FUTURE, client_id, expires_at, ticks, lots, side, **terms)


@pytest.fixture(scope="module")
async def venue(gateway: GatewayProcess) -> AsyncIterator[Venue]:
    async with gateway.operator() as client:
        venue = Venue(client, await Setting.made(client), SystemClock().now() + DAY_NS)
        assert await client.underlyings() == ()
        assert await client.margin(venue.accounts[0]) is None
        await venue.accepted(
            ListUnderlying(b"sSTB\0\0\0\0", QUOTE, TICK, *RATES),
            ListFuture(0, venue.expiry, 0, 0, 1_000),
            ListOption(0, OptionKind.CALL, venue.expiry, 900, 0, 0, 1_000),
            IndexPrice(0, 1_000),
            GiveMarks(CALL, 120, VALUES),
        )
        await venue.trade(venue.accounts[0], venue.accounts[1], 3, 1_010)
        yield venue


async def test_what_is_listed_is_told(venue: Venue) -> None:
    client = venue.client
    (underlying,) = await client.underlyings()
    assert underlying == Underlying(0, "sSTB", QUOTE, TICK, *RATES, index=1_000, index_at=underlying.index_at)
    assert underlying.index_at > 0
    future, call = await client.instruments()
    assert future == Instrument(FUTURE, 0, 1, venue.expiry, 0, last_trade=1_010, open_interest=3)
    assert call == Instrument(CALL, 0, 2, venue.expiry, 900)
    spot, *derivatives = await client.markets()
    assert (spot.kind, [market.kind for market in derivatives]) == (0, [1, 2])
    assert [(one.base_asset, one.quote_asset, one.lot, one.tick) for one in derivatives] == [
        (QUOTE, QUOTE, 0, TICK)
    ] * 2
    assert [market.mark for market in derivatives] == [1_000, 120]
    assert await client.option_marks(CALL) == OptionMarks(CALL, 120, VALUES)
    assert await client.option_marks(FUTURE) is None
    assert await client.option_marks(99) is None


async def test_positions_and_margin_are_those_of_the_scenarios(venue: Venue) -> None:
    buyer, seller = venue.accounts
    assert await venue.client.positions(buyer) == (Position(FUTURE, 3, 30_300, 1_000, -300),)
    assert await venue.client.positions(seller) == (Position(FUTURE, -3, -30_300, 1_000, 300),)
    assert await venue.client.positions(99) == ()
    margin = await venue.client.margin(buyer)
    assert margin is not None
    gains = tuple(3 * TICK * shift for shift in SHIFTS)
    assert margin.portfolios == (Portfolio(0, 3_750, 3_000, gains),)
    assert (margin.asset, margin.equity, margin.debt) == (QUOTE, RICH - 300, 0)
    assert (margin.initial, margin.maintenance) == (3_750, 3_000)
    assert margin.free == margin.equity - margin.initial - margin.reserves


async def test_a_sealed_position_is_proved(venue: Venue) -> None:
    buyer = venue.accounts[0]
    await venue.accepted(Seal())
    proof, sealed = await venue.client.position_proof(buyer, FUTURE), await venue.client.sealed()
    assert proof is not None
    assert sealed is not None
    assert (proof.lots, proof.entry, proof.block, proof.root) == (3, 30_300, sealed.block, sealed.positions_root)
    found = leaf(owner(0), buyer, FUTURE, proof.lots, proof.entry)
    assert root_of_proof(found, proof.index, proof.siblings) == sealed.positions_root
    assert await venue.client.position_proof(buyer, CALL) is None


async def test_what_is_due_first_is_told(venue: Venue) -> None:
    assert await venue.client.due() == Due(0, 0, venue.expiry, FUTURE)
    now, (buyer, seller) = SystemClock().now(), venue.accounts
    early, late = now + 1_000 * SECOND_NS, now + 2_000 * SECOND_NS
    await venue.accepted(
        venue.order(seller, Side.SELL, 1, 1_500, late),
        venue.order(seller, Side.SELL, 1, 1_500, early),
        ScheduleCancel(buyer, next(venue.setting.client_ids), now + 600 * SECOND_NS, late),
    )
    assert await venue.client.due() == Due(early, late, venue.expiry, FUTURE)


async def test_who_lost_the_margin_is_found_until_a_new_price_has_judged(venue: Venue) -> None:
    client, amount = venue.client, 10**6
    credited = await send(client, Deposit(CHAIN, 5, BASE, 0, owner(7), amount, bytes(32)))
    (poor,) = [event.account for event in credited if isinstance(event, DepositCredited)]
    await venue.accepted(SetCollateral(BASE, 0, 10**18))
    assert await client.collateral() == (Collateral(BASE, 0, 10**18),)
    await venue.trade(poor, venue.accounts[1], 2, 1_000)
    assert await client.unhealthy(0) == Unhealthy(())
    await venue.accepted(SetCollateral(BASE, 0, 0))
    assert await client.unhealthy(0) == Unhealthy(((poor, 0),))
    assert await client.unhealthy(0, 1) == Unhealthy((), venue.accounts[1])
    assert await client.unhealthy(venue.accounts[1], 1) == Unhealthy((), poor)
    await venue.accepted(IndexPrice(0, 1_000))
    assert await client.positions(poor) == ()
    assert await client.unhealthy(0) == Unhealthy(((INSURANCE, 0),)), "the fund that took it over has nothing either"


async def test_what_accounts_own_of_the_settlement_asset_counts_open_positions(venue: Venue) -> None:
    """A gain that was credited and not yet paid by its loser is no new value."""
    credited = await send(venue.client, Deposit(CHAIN, 6, QUOTE, 0, owner(8), RICH, bytes(32)))
    (third,) = [event.account for event in credited if isinstance(event, DepositCredited)]
    await venue.trade(third, venue.accounts[0], 1, 1_400)
    total = (await venue.client.totals())[QUOTE]
    balances = [await venue.client.balances(account) for account in range(third + 1)]
    assert sum(one.available + one.held for some in balances for one in some if one.asset == QUOTE) > total.owned
    assert total.owned == total.credited - total.withdrawn
