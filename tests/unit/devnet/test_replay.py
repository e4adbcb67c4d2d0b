"""I5 to I8 as the demo measures them: true for an honest exchange, false for each lie told in a frame."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from stab3l.audit.reference_exchange import ReferenceExchange
from stab3l.chain.contracts import contract
from stab3l.config import ChainConfig, Network
from stab3l.devnet.replay import Replay
from stab3l.engine.wire import (
    DepositCredited,
    Event,
    OrderAccepted,
    Outcome,
    Sealed,
    Side,
    Trade,
    decode_events,
    encode_events,
)
from stab3l.exchange.messages import Frame, Status
from stab3l.testing.chain import FakeChain
from stab3l.testing.trading_desk import BASE, CHAIN, LOT, QUOTE, TICK, TradingDesk

pytestmark = pytest.mark.anyio

PRICE = 1_000
Lie = Callable[[Event], Event | None]


@dataclass
class Recorded:
    """A gateway that streams what an exchange did, or what `lie` makes of it."""

    exchange: ReferenceExchange = field(default_factory=ReferenceExchange)
    entered: list[Frame] = field(default_factory=list)
    came_out: list[Frame] = field(default_factory=list)

    def apply(self, batch: bytes, now: int) -> bytes:
        first = self.exchange.sequence + 1
        events = self.exchange.apply(batch, now)
        self.entered.append(Frame(first, self.exchange.now, batch))
        self.came_out.append(Frame(first, self.exchange.now, events))
        return events

    def lie(self, kind: type[Event], about: Callable[[Event], Event | None]) -> None:
        """Has every event of a kind told otherwise; None leaves it out."""
        for place, frame in enumerate(self.came_out):
            told = [about(event) if isinstance(event, kind) else event for event in decode_events(frame.payload)]
            payload = encode_events(event for event in told if event is not None)
            self.came_out[place] = Frame(frame.first_sequence, frame.now, payload)

    async def status(self) -> Status:
        at = self.exchange
        return Status(at.sequence, at.now, at.block, at.sealed_through, bytes(32))

    async def inputs(self, _: int) -> AsyncIterator[Frame]:
        for frame in self.entered:
            yield frame

    async def outputs(self, _: int) -> AsyncIterator[Frame]:
        for frame in self.came_out:
            yield frame


@dataclass
class Market:
    """An exchange on which two made a trade and left an order, sealed in one block."""

    gateway: Recorded
    acknowledged: list[tuple[int, int]]
    sealed: Sealed

    async def replayed(self) -> Replay:
        replay = Replay()
        await replay.run(self.gateway)
        return replay


@pytest.fixture
def market() -> Market:
    gateway = Recorded()
    desk = TradingDesk.listed(gateway)
    seller, buyer = desk.fund(1, BASE, 100 * LOT), desk.fund(2, QUOTE, 100 * PRICE * TICK)
    orders = [
        desk.order(seller, Side.SELL, 10, PRICE),
        desk.order(buyer, Side.BUY, 4, PRICE),
        desk.order(buyer, Side.BUY, 5, PRICE - 1),
    ]
    for order in orders:
        desk.accepted(order)
    return Market(gateway, [(order.account, order.client_id) for order in orders], desk.seal())


def network_with(root: bytes, block: int) -> tuple[Network, dict[int, FakeChain]]:
    """A network of one chain whose Custody has this as its last batch."""
    config = ChainConfig(
        chain_id=CHAIN, name="primary", rpc_url="http://127.0.0.1:1", confirmations=1, block_seconds=1, deploy_block=0,
        contracts={"Custody": "0x" + "11" * 20},
    )  # fmt: skip
    chain = FakeChain(CHAIN)
    chain.answer(contract(config, "Custody"), "lastBatch", lambda: (1, 9, block, bytes(32)))
    chain.answer(contract(config, "Custody"), "stateRootOf", lambda _: root)
    nowhere = "127.0.0.1:1"
    network = Network(
        chains=(config,), markets=(), gateway=nowhere, api_url=nowhere, verifier_urls=(), provider_url=nowhere,
        database_url="sqlite://",
    )  # fmt: skip
    return network, {CHAIN: chain}


async def test_an_honest_exchange_keeps_every_invariant(market: Market) -> None:
    replay = await market.replayed()
    posted = network_with(market.sealed.state_root, market.sealed.block)
    verdicts = [
        await replay.replay_equals_live_and_posted(*posted),
        replay.acknowledged_once(market.acknowledged),
        replay.limits_and_priority_kept(),
        replay.nothing_is_negative(),
    ]
    assert [(verdict.id, verdict.ok) for verdict in verdicts] == [(i, True) for i in ("I5", "I6", "I7", "I8")]
    assert replay.frames == len(market.gateway.entered)
    assert replay.trades == 1


async def test_i5_is_false_from_the_first_output_that_differs(market: Market) -> None:
    market.gateway.lie(Outcome, lambda o: Outcome(o.sequence, o.code, o.command_kind, o.id, o.at + (o.sequence == 7)))
    verdict = await (await market.replayed()).replay_equals_live_and_posted(
        *network_with(market.sealed.state_root, market.sealed.block)
    )
    assert not verdict.ok
    assert verdict.values["diverged_at"] == 7


@pytest.mark.parametrize(("root", "block"), [(b"\x66" * 32, 1), (b"", 0), (bytes(32), 99)])
async def test_i5_is_false_when_a_chain_has_another_root_or_none(market: Market, root: bytes, block: int) -> None:
    replay = await market.replayed()
    assert replay.diverged_at is None
    assert not (await replay.replay_equals_live_and_posted(*network_with(root, block))).ok


async def test_i6_is_false_for_an_acknowledged_order_that_is_not_in_the_stream(market: Market) -> None:
    told = [*market.acknowledged, (market.acknowledged[0][0], 4_711)]
    verdict = (await market.replayed()).acknowledged_once(told)
    assert not verdict.ok
    assert verdict.values["lost"] == [str(told[-1])]


async def test_i6_is_false_for_an_order_that_was_accepted_twice(market: Market) -> None:
    account, client_id = market.acknowledged[0]
    second = market.acknowledged[1]

    def once_more(event: OrderAccepted) -> OrderAccepted:
        if (event.account, event.client_id) != second:
            return event
        kinds = (event.side, event.order_type, event.time_in_force)
        return OrderAccepted(
            event.sequence, event.order, account, event.market, client_id, event.ticks, event.lots, *kinds
        )

    market.gateway.lie(OrderAccepted, once_more)
    verdict = (await market.replayed()).acknowledged_once(market.acknowledged)
    assert not verdict.ok
    assert verdict.values["doubled"] == [str((account, client_id))]
    assert verdict.values["lost"] == [str(second)]


async def test_i6_is_false_when_nothing_was_acknowledged(market: Market) -> None:
    assert not (await market.replayed()).acknowledged_once([]).ok


def at_price(ticks: int) -> Lie:
    def lie(trade: Trade) -> Trade:
        parties = (trade.maker_order, trade.taker_order, trade.maker_account, trade.taker_account)
        fees = (trade.maker_fee, trade.taker_fee)
        return Trade(trade.sequence, trade.trade, trade.market, trade.taker_side, *parties, ticks, trade.lots, *fees)

    return lie


@pytest.mark.parametrize("ticks", [PRICE - 1, PRICE + 1])
async def test_i7_is_false_for_a_trade_outside_a_limit(market: Market, ticks: int) -> None:
    market.gateway.lie(Trade, at_price(ticks))
    replay = await market.replayed()
    assert not replay.limits_and_priority_kept().ok
    assert "outside the limit" in replay.limits_and_priority_kept().values["broken"]


async def test_i7_is_false_for_a_trade_of_an_order_that_nobody_placed(market: Market) -> None:
    market.gateway.lie(
        Trade,
        lambda t: Trade(
            t.sequence, t.trade, t.market, t.taker_side, 99, t.taker_order, t.maker_account, t.taker_account, t.ticks,
            t.lots, t.maker_fee, t.taker_fee,
        ),
    )  # fmt: skip
    verdict = (await market.replayed()).limits_and_priority_kept()
    assert not verdict.ok
    assert "99 was never listed or accepted" in verdict.values["broken"]


async def test_i7_is_false_when_nothing_traded(market: Market) -> None:
    market.gateway.lie(Trade, lambda _: None)
    assert not (await market.replayed()).limits_and_priority_kept().ok


async def test_i8_is_false_for_an_order_without_the_money_for_it(market: Market) -> None:
    market.gateway.lie(
        DepositCredited,
        lambda d: DepositCredited(d.sequence, d.chain_id, d.ordinal, d.account, d.asset, 1, d.owner),
    )
    assert not (await market.replayed()).nothing_is_negative().ok


async def test_i8_is_false_though_i7_was_broken_before_it(market: Market) -> None:
    market.gateway.lie(Trade, at_price(PRICE + 1))
    overpaid = Trade(99, 2, 0, Side.BUY, 1, 2, 1, 2, PRICE, 1, 10**30, 0)
    last = market.gateway.came_out[-1]
    told = encode_events([*decode_events(last.payload), overpaid])
    market.gateway.came_out[-1] = Frame(last.first_sequence, last.now, told)
    replay = await market.replayed()
    assert not replay.limits_and_priority_kept().ok
    assert not replay.nothing_is_negative().ok


async def test_an_exchange_that_did_nothing_yet_has_nothing_to_replay() -> None:
    replay = Replay()
    await replay.run(Recorded())
    assert replay.frames == 0
    assert replay.nothing_is_negative().ok
