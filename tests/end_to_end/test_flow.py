"""Backpressure payments end to end: twenty sinks, the real Superfluid, hours of chain time, to the last wei."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from deployed_chain import DOLLAR, PRIMARY, Deployments
from flow_market import TASK, FlowMarket

from stab3l.chain.contracts import decode_log
from stab3l.chain.rpc import RpcChain
from stab3l.client.flow import EscrowFull, FlowSource, StreamMissing, StreamOpen
from stab3l.config import Network
from stab3l.errors import Rejected
from stab3l.flow.constants import EPOCH_SECONDS, UNIT_SCALE
from stab3l.flow.fifo import Fifo
from stab3l.flow.solvency import RateLossy, SourceInsolvent
from stab3l.keepers.flow import FlowKeeper
from stab3l.provider.sink import SinkAct, SinkAgent, join, leave

pytestmark = [pytest.mark.anyio, pytest.mark.chain]

SINKS = 20
STEPS = int(os.environ.get("STAB3L_FLOW_STEPS", "10"))
"""Two and a half hours; `make flow-soak` lets days pass."""
EPOCHS_A_STEP = 3
"""So that everyone also has silent epochs."""
SEED = 7
CAPACITY = 10**15
DAY = 86_400


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def market(deployments: Deployments) -> AsyncIterator[FlowMarket]:
    deployed = await deployments.chain(PRIMARY)
    with deployed.anvil() as anvil:
        config = deployed.config(anvil, 1)
        async with RpcChain(config) as chain:
            yield FlowMarket(anvil, chain, config)


def network_of(market: FlowMarket) -> Network:
    return Network(
        chains=(market.config,),
        markets=(),
        gateway="127.0.0.1:1",
        api_url="http://127.0.0.1:1",
        verifier_urls=(),
        provider_url="http://127.0.0.1:1",
        database_url="sqlite://",
    )


def source_of(market: FlowMarket, name: str, dollars: int) -> FlowSource:
    sender = market.person(name)
    market.give(DOLLAR, sender.signer.address, dollars * 10**6)
    return FlowSource(network_of(market), market.chain, sender.signer)


async def holdings(market: FlowMarket, address: str) -> int:
    """Wei of the payment token, deposits included, and of the dollar in the same decimals."""
    account = await market.flows.account(address)
    dollars = await market.chain.call(market.contract(DOLLAR), "balanceOf", address)
    return account.available + account.deposit + int(dollars) * 10**12


# --- Hours of stream


@dataclass
class Story:
    """What one run knows."""

    market: FlowMarket
    keeper: FlowKeeper
    source: FlowSource
    chance: random.Random
    given: int = 0

    async def epoch(self, index: int) -> None:
        """Most sinks report, a few signal by themselves, some are silent; the demand changes; keepers keep."""
        market = self.market
        for _ in range(EPOCHS_A_STEP):
            await market.next_epoch()
        awake = [i for i in range(SINKS) if self.chance.random() > 0.1]
        alone = awake[:2] if index % 3 == 0 else []
        reports = {i: self.chance.randrange(CAPACITY // 2, 2 * CAPACITY) for i in awake if i not in alone}
        await market.report(self.keeper.sender, reports)
        for i in alone:
            await market.signal(i, self.chance.randrange(CAPACITY))
        market.pass_time(self.chance.randrange(1, EPOCH_SECONDS // 3))
        if index % 2 == 0:
            await self.change_demand(index)
        await self.keeper.round()
        await self.no_sink_is_above_capacity()

    async def change_demand(self, index: int) -> None:
        """From below what the sinks can do to far beyond, and to nothing."""
        capacity = (await self.market.flows.state(TASK)).capacity
        rate = capacity * (50, 300, 120, 0, 20)[index // 2 % 5] // 100
        current = (await self.source.status()).rate
        if not rate:
            await self.source.close()
        elif current:
            await self.source.adjust(await self.source.quote(rate, DAY))
        else:
            await self.source.open(await self.source.quote(rate, DAY))

    async def no_sink_is_above_capacity(self) -> None:
        """I11, as it stands in the chain."""
        pool = await self.market.flows.pool(TASK)
        addresses = [sink.signer.address for sink in self.market.sinks]
        rates = await asyncio.gather(*(self.market.chain.call(pool, "getMemberFlowRate", a) for a in addresses))
        signals = await asyncio.gather(*(self.market.flows.signal(TASK, a) for a in addresses))
        for rate, signal in zip(rates, signals, strict=True):
            assert rate <= signal.smoothed // UNIT_SCALE


async def test_every_wei_of_hours_of_stream_is_where_its_share_says(market: FlowMarket) -> None:
    await market.add_sinks(SINKS)
    source = source_of(market, "source", 1_000_000)
    keeper = FlowKeeper(market.flows, market.person("keeper"), "compute.wasm", market.config.deploy_block)
    story = Story(market, keeper, source, random.Random(SEED))
    begun = await holdings(market, source.address)
    for index in range(STEPS):
        await story.epoch(index)
    if (await source.status()).rate:
        await source.close()
    await market.follow()
    pool, total = await market.flows.pool(TASK), 0
    for sink in market.sinks:
        received = await market.chain.call(pool, "getTotalAmountReceivedByMember", sink.signer.address)
        assert received == market.reference.received(sink.signer.address)
        total += received
    assert total > 0
    escrow = market.flows.escrow.address
    assert await market.chain.call(pool, "getTotalAmountReceivedByMember", escrow) == market.reference.received(escrow)
    dust = await market.chain.call(market.flows.token, "balanceOf", market.flows.pools.address)
    assert dust == market.reference.dust
    sent = begun - await holdings(market, source.address)
    assert sent == market.reference.sent[source.address]
    # What the escrow gave back is in the sinks' hands and left its level: so the level closes the account.
    assert sent == total + await market.chain.call(market.flows.escrow, "bufferLevel", TASK) + dust
    assert dust * 10_000 < sent


# --- Escrow


async def test_the_escrow_gives_back_in_the_order_of_coming(market: FlowMarket) -> None:
    await market.add_sinks(3)
    keeper = FlowKeeper(market.flows, market.person("keeper"), "compute.wasm", market.config.deploy_block)
    for _ in range(8):
        await market.next_epoch()
        await market.report(keeper.sender, dict.fromkeys(range(3), CAPACITY))
        await keeper.round()
    source = source_of(market, "source", 10_000)
    capacity = (await market.flows.state(TASK)).capacity
    await source.open(await source.quote(3 * capacity, DAY))
    market.pass_time(120)
    await source.close()
    for _ in range(6):
        market.pass_time(EPOCH_SECONDS // 2)
        await keeper.round()
    model = Fifo(10**30)
    pool = await market.flows.pool(TASK)
    head = await market.chain.head()
    for entry in await market.chain.logs([market.flows.escrow.address], 0, head.number):
        event = decode_log(market.flows.escrow, entry)
        assert event is not None
        if event.event == "Deposited":
            model.absorb(event.args["source"], event.args["amount"])
        elif event.event == "Drained":
            model.drain(event.args["amount"])
    found = await market.chain.call(market.flows.escrow, "queueOf", TASK)
    assert found.count == len(model.entries)
    for index, entry in enumerate(model.entries, 1):
        held = await market.chain.call(market.flows.escrow, "entryOf", TASK, index)
        assert (held.source, held.amount) == (entry.source, entry.amount)
    assert model.entries[0].source == pool.address
    taken_in = await market.chain.call(pool, "getTotalAmountReceivedByMember", market.flows.escrow.address)
    assert model.level * 10**6 < taken_in, "all is given back, but for what falls to the escrow's own unit"


# --- A source


async def test_a_source_sees_what_it_signs_and_is_kept_from_harm(market: FlowMarket) -> None:
    await market.add_sinks(1)
    for _ in range(8):
        await market.next_epoch()
        await market.signal(0, CAPACITY)
    source = source_of(market, "source", 100)
    quote = await source.quote(CAPACITY // 2, DAY)
    assert quote.rate <= CAPACITY // 2
    assert (CAPACITY // 2 - quote.rate) * 10_000 <= CAPACITY // 2
    assert quote.solvency.seconds_to_critical is not None
    assert quote.solvency.seconds_to_critical >= DAY
    with pytest.raises(RateLossy):
        await source.quote(2 * quote.pool.total_units - 1, DAY)
    with pytest.raises(SourceInsolvent):
        await source.quote(CAPACITY // 2, 10 * DAY)
    with pytest.raises(StreamMissing):
        await source.adjust(quote)
    await source.open(quote)
    with pytest.raises(StreamOpen):
        await source.open(replace(quote, current=quote.rate))
    status = await source.status()
    assert status.rate == quote.rate
    assert not status.pool.needs_rebalance
    await source.close()
    assert (await source.status()).deposit == 0


async def test_a_full_escrow_refuses_more_and_says_what_still_fits(market: FlowMarket) -> None:
    await market.add_sinks(1)
    source = source_of(market, "source", 3_000_000)
    await source.open(await source.quote(10**19, DAY))
    market.pass_time(DAY + 6 * 3_600)
    with pytest.raises(EscrowFull) as refused:
        await source.quote(2 * 10**19, DAY // 24)
    assert refused.value.values["level"] >= refused.value.values["max"]
    await source.adjust(await source.quote(5 * 10**18, DAY // 24))


async def test_the_keeper_closes_a_stream_that_cannot_pay(market: FlowMarket) -> None:
    await market.add_sinks(1)
    source = source_of(market, "poor source", 20)
    await source.open(await source.quote(CAPACITY, 3_600))
    keeper = FlowKeeper(market.flows, market.person("keeper"), "compute.wasm", market.config.deploy_block)
    await keeper.round()
    assert (await source.status()).rate
    market.pass_time(5 * 3_600)
    while not await keeper.critical_sources():
        market.pass_time(1_800)
        await keeper.round()
        if not (await source.status()).rate:
            break
    await keeper.round()
    status = await source.status()
    assert status.rate == 0
    assert status.available >= 0
    assert status.pool.rate == 0


# --- A sink


async def test_a_provider_joins_signals_collects_and_leaves_cleanly(market: FlowMarket, tmp_path: Path) -> None:
    sink = market.person("provider")
    market.give("sSTBToken", sink.signer.address, 100 * 10**18)
    agent = SinkAgent(network_of(market), market.chain, sink, lambda horizon: CAPACITY)
    assert await agent.round() is SinkAct.WAIT
    with pytest.raises(Rejected):
        await join(market.flows, sink, 50 * 10**18)
    await join(market.flows, sink, 100 * 10**18)
    await join(market.flows, sink, 100 * 10**18)
    for _ in range(4):
        await market.next_epoch()
        acts = [await agent.round() for _ in range(2)]
        if SinkAct.REVEAL not in acts:
            market.anvil.ask("evm_mine")
            acts.append(await agent.round())
        assert acts[0] is SinkAct.COMMIT
        assert SinkAct.REVEAL in acts
    source = source_of(market, "source", 2_000)
    await source.open(await source.quote(10 * CAPACITY, DAY))
    market.pass_time(600)
    departure = await leave(market.flows, sink)
    assert departure.claimed == 0, "a connected sink has its income already"
    assert departure.stake == 100 * 10**18
    pool = await market.flows.pool(TASK)
    assert await market.chain.call(pool, "getUnits", sink.signer.address) == 0
    market.pass_time(DAY)
    assert (await leave(market.flows, sink)).stake == 0
    balance = await market.chain.call(market.flows.token, "balanceOf", sink.signer.address)
    assert balance == await market.chain.call(pool, "getTotalAmountReceivedByMember", sink.signer.address) > 0
