"""A simulated run replayed on a chain: every trade that its agents and stabilisers made pays the same to the last unit.

``STAB3L_DIFFERENTIAL_OPERATIONS`` sets how many operations about; `make peg-differential` runs ten thousand. Each
operation is a block of its own here: what a trade pays does not depend on the block, and the history has a test of its
own.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from itertools import islice

import pytest
from chain_anvil import deploy
from peg_bench import Bench

from stab3l import _engine
from stab3l.chain.contracts import Contract
from stab3l.peg.pool import Regime, State, Terms, mid_price, targets_up
from stab3l.sim.peg.economy import STABILISED, P, Parameters
from stab3l.sim.peg.scenarios import scenario
from stab3l.sim.peg.world import Pool, World

pytestmark = [pytest.mark.anyio, pytest.mark.chain]

OPERATIONS = int(os.environ.get("STAB3L_DIFFERENTIAL_OPERATIONS", "120"))
REPLAYED = (P.CUSDT_CUSDC, P.CUSDC_GOLD, P.SSTB_CUSDC)
"""6/6 decimals with the stabiliser and the attacker, a pool that follows gold, 18/6 decimals."""


@dataclass(frozen=True)
class Replay:
    """A simulated pool on the chain."""

    bench: Bench
    pool: Contract
    tokens: tuple[Contract, Contract]

    @classmethod
    async def open(cls, bench: Bench, authority: Contract, world: World, spec: Pool) -> Replay:
        me = bench.sender.signer.address
        base, quote = [
            await deploy(bench.sender, "LocalToken", [name, world.assets[asset].decimals])
            for name, asset in (("BASE", spec.base), ("QUOTE", spec.quote))
        ]
        terms = [spec.price, spec.slope, spec.fee]
        pool = await deploy(bench.sender, "PMMPool", [authority.address, base.address, quote.address, me, *terms])
        opened = cls(bench, pool, (base, quote))
        await bench.sender.transact(base, "faucet", pool.address, spec.base_reserve)
        await bench.sender.transact(quote, "faucet", pool.address, spec.quote_reserve)
        await bench.sender.transact(pool, "init")
        return opened

    async def sell(self, sells_base: bool, amount: int, paid: int) -> None:
        """The sale, which must pay exactly that."""
        query, function = ("querySellBase", "sellBase") if sells_base else ("querySellQuote", "sellQuote")
        found, _ = await self.bench.chain.call(self.pool, query, amount)
        assert found == paid
        await self.bench.sender.transact(self.tokens[0 if sells_base else 1], "faucet", self.pool.address, amount)
        await self.bench.sender.transact(self.pool, function, self.bench.sender.signer.address, paid)

    async def set_price(self, spec: Pool, price: int) -> None:
        await self.bench.sender.transact(self.pool, "setTerms", price, spec.slope, spec.fee)

    async def compare(self, terms: Terms, state: State) -> None:
        """Reserves, targets, regime and price at the end."""
        found = await self.bench.chain.call(self.pool, "state")
        assert (found.baseReserve, found.quoteReserve) == (state.base_reserve, state.quote_reserve)
        assert (found.baseTarget, found.quoteTarget) == targets_up(terms, state)
        assert found.regime == state.regime
        assert await self.bench.chain.call(self.pool, "midPrice") == mid_price(terms, state)


def simulated() -> tuple[World, _engine.PegWorld]:
    """A flash-loan run with a flow that gives about so many operations in the replayed pools."""
    found = scenario("flash-loan")
    parameters = found.settled(Parameters(), {"flow_usd_per_hour": 200_000, "volatility_ppm": 20_000_000})
    blocks = max(OPERATIONS // 5, 24)
    world = found.world(parameters, 3, blocks)
    world = replace(world, feeds=tuple(replace(feed, heartbeat_blocks=5) for feed in world.feeds))
    made = _engine.PegWorld(world, log=True)
    made.run(blocks)
    return world, made


async def test_a_simulated_run_pays_the_same_on_chain(bench: Bench) -> None:
    world, made = simulated()
    authority = await deploy(bench.sender, "AccessManager", [bench.sender.signer.address])
    replays = {place: await Replay.open(bench, authority, world, world.pools[place]) for place in REPLAYED}
    done = dict.fromkeys(("sale", "stabilise", "price"), 0)
    operations = made.operations()
    for kind, _, place, outcome, sells_base, sold, paid, _ in islice(operations, 3 * OPERATIONS):
        pool = STABILISED[place] if kind == "stabilise" else P(place)
        if pool not in replays or outcome != 0:
            continue
        done[kind] += 1
        if kind == "price":
            await replays[pool].set_price(world.pools[pool], sold)
        else:
            await replays[pool].sell(sells_base, sold, paid)
    assert min(done.values()) > 0, done
    assert len(operations) <= 3 * OPERATIONS, "the run was not replayed to its end"
    pools = made.pools()
    for place, replay in replays.items():
        (*amounts, regime), price, *_ = pools[place]
        spec = world.pools[place]
        decimals = [world.assets[asset].decimals for asset in (spec.base, spec.quote)]
        await replay.compare(Terms(price, spec.slope, spec.fee, *decimals), State(*amounts, Regime(regime)))
