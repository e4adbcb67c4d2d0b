"""The integer rules of `stab3l.flow` and their twins in `contracts/src/flow` give the same integers."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import pytest
from deployed_chain import PRIMARY, Deployments
from flow_market import STAKE, TASK, FlowMarket

from stab3l.chain.flow_board import flow_board
from stab3l.chain.rpc import RpcChain
from stab3l.flow.cap import capacity_cap_down
from stab3l.flow.constants import QUANTUM, UNIT_SCALE
from stab3l.flow.signal import Signal
from stab3l.flow.units import escrow_units_up, must_write, units_down

pytestmark = [pytest.mark.anyio, pytest.mark.chain]

SINKS, EPOCHS, SEED = 5, 8, 3


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


async def test_signals_caps_and_units_are_the_same_in_contract_and_in_python(market: FlowMarket) -> None:
    chance, keeper = random.Random(SEED), market.person("keeper")
    await market.add_sinks(SINKS)
    cap = capacity_cap_down(STAKE)
    signals, written = [Signal()] * SINKS, [0] * SINKS
    for _ in range(EPOCHS):
        for _ in range(chance.randrange(1, 4)):
            await market.next_epoch()
        epoch = await market.epoch()
        said = {i: chance.randrange(2 * cap) for i in range(SINKS) if chance.random() < 0.7}
        await market.report(keeper, said)
        for i, capacity in said.items():
            signals[i] = signals[i].revealed(capacity, epoch, cap * UNIT_SCALE)
        await keeper.transact(market.flows.pools, "rebalance", TASK)
        for i, sink in enumerate(market.sinks):
            found = await market.flows.signal(TASK, sink.signer.address)
            assert (found.smoothed, found.epoch) == (signals[i].scaled, signals[i].epoch)
            read = await market.chain.call(market.flows.registry, "getSmoothedCapacity", TASK, sink.signer.address)
            assert read == signals[i].capacity(epoch)
            assert await market.chain.call(market.flows.stakes, "getCapacityCap", sink.signer.address) == cap
            units = units_down(signals[i].capacity(epoch), QUANTUM)
            if i in said and must_write(written[i], units):
                written[i] = units
            pool = await market.flows.pool(TASK)
            assert await market.chain.call(pool, "getUnits", sink.signer.address) == written[i]
    state = await market.flows.state(TASK)
    assert state.sink_units == sum(written)
    assert state.escrow_units == escrow_units_up(state.rate, state.quantum, state.sink_units)


async def test_whoever_shows_the_flows_reads_pool_escrow_and_sinks(market: FlowMarket) -> None:
    keeper = market.person("keeper")
    await market.add_sinks(2)
    await market.next_epoch()
    await market.report(keeper, {0: 10**15})
    await keeper.transact(market.flows.pools, "rebalance", TASK)
    board = await flow_board(market.chain, market.config)
    assert board is not None
    (row,) = board.flows
    assert row.task_type == "compute.wasm"
    assert row.pool == (await market.flows.pool(TASK)).address
    by_sink = {one.sink: one for one in row.sinks}
    first = by_sink[market.sinks[0].signer.address]
    assert first.capacity == 3 * 10**14
    assert first.units == first.capacity // row.quantum
    assert by_sink[market.sinks[1].signer.address].units == 0
    assert board.as_dict()["flows"][0]["sinks"][0].keys() >= {"sink", "capacity", "units", "rate", "received"}
