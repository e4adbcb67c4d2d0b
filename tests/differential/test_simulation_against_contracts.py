"""A simulated run replayed on a chain: all that agents and stabilisers traded pays the same to the last unit.

``STAB3L_DIFFERENTIAL_OPERATIONS`` sets how many operations about; `make peg-differential` runs ten thousand. What
happened in one block of the simulation is one transaction here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import pytest
from call_batch import Call
from chain_anvil import deploy
from peg_bench import OPERATIONS, Bench

from stab3l import _engine
from stab3l.chain.contracts import Contract
from stab3l.peg.pool import Regime, State, Terms, mid_price, targets_up
from stab3l.sim.peg.economy import STABILISED, P, Parameters
from stab3l.sim.peg.scenarios import scenario
from stab3l.sim.peg.world import Pool, World

pytestmark = [pytest.mark.anyio, pytest.mark.chain]

TEST = "simulation"
AT_ONCE = 20

Operation = tuple[Any, ...]
REPLAYED = (P.CUSDT_CUSDC, P.CUSDC_GOLD, P.SSTB_CUSDC)
"""6/6 decimals with the stabiliser and the attacker, a pool that follows gold, 18/6 decimals."""


@dataclass
class Replay:
    """A simulated pool on the chain; the vault of it is the batch."""

    bench: Bench
    spec: Pool
    pool: Contract
    tokens: tuple[Contract, Contract]

    @classmethod
    async def open(cls, bench: Bench, authority: Contract, world: World, spec: Pool) -> Replay:
        base, quote = [
            await deploy(bench.sender, "LocalToken", [name, world.assets[asset].decimals])
            for name, asset in (("BASE", spec.base), ("QUOTE", spec.quote))
        ]
        terms = [spec.price, spec.slope, spec.fee]
        vault = bench.batch.contract.address
        pool = await deploy(bench.sender, "PMMPool", [authority.address, base.address, quote.address, vault, *terms])
        return cls(bench, spec, pool, (base, quote))

    def opening(self) -> list[Call]:
        """Liquidity, and the pool is open."""
        reserves = (self.spec.base_reserve, self.spec.quote_reserve)
        gifts = [self.gift(place, amount) for place, amount in enumerate(reserves)]
        return [*gifts, Call(self.pool, "init", ())]

    def gift(self, token: int, amount: int) -> Call:
        return Call(self.tokens[token], "faucet", (self.pool.address, amount))

    def sale(self, sells_base: bool, amount: int, paid: int) -> list[Call]:
        """The sale, which must pay exactly that."""
        query, function = ("querySellBase", "sellBase") if sells_base else ("querySellQuote", "sellQuote")
        asked = Call(self.pool, query, (amount,), lambda found, _: _same(found.paid, paid))
        to = (self.bench.batch.contract.address, paid)
        sold = Call(self.pool, function, to, lambda found, _: _same(found, paid))
        return [asked, self.gift(0 if sells_base else 1, amount), sold]

    def price(self, price: int) -> list[Call]:
        return [Call(self.pool, "setTerms", (price, self.spec.slope, self.spec.fee))]

    def end(self, terms: Terms, state: State) -> list[Call]:
        """Reserves, targets, regime and price at the end."""
        whole = (state.base_reserve, state.quote_reserve, *targets_up(terms, state), int(state.regime))
        return [
            Call(self.pool, "state", (), lambda found, _: _same(tuple(found), whole)),
            Call(self.pool, "midPrice", (), lambda found, _: _same(found, mid_price(terms, state))),
        ]


def _same(found: object, expected: object) -> None:
    assert found == expected


def simulated() -> tuple[World, _engine.PegWorld]:
    """A flash-loan run with a flow that gives about so many operations in the replayed pools."""
    found = scenario("flash-loan")
    parameters = found.settled(Parameters(), {"flow_usd_per_hour": 200_000, "volatility_ppm": 20_000_000})
    blocks = max(OPERATIONS // 6, 24)
    world = found.world(parameters, 3, blocks)
    world = replace(world, feeds=tuple(replace(feed, heartbeat_blocks=5) for feed in world.feeds))
    made = _engine.PegWorld(world, log=True)
    made.run(blocks)
    return world, made


def by_block(operations: Sequence[Operation]) -> Iterator[list[Operation]]:
    """What the simulator did, block by block, a bounded number at a time."""
    for _, group in groupby(operations, key=lambda operation: operation[1]):
        some = list(group)
        for begin in range(0, len(some), AT_ONCE):
            yield some[begin : begin + AT_ONCE]


async def test_a_simulated_run_pays_the_same_on_chain(bench: Bench) -> None:
    """What happened in one block of the simulation happens in one block of the chain, in the same order."""
    world, made = simulated()
    authority = await deploy(bench.sender, "AccessManager", [bench.batch.contract.address])
    replays = {place: await Replay.open(bench, authority, world, world.pools[place]) for place in REPLAYED}
    await bench.batch.begin()
    await bench.batch.act([call for replay in replays.values() for call in replay.opening()])
    done = dict.fromkeys(("sale", "stabilise", "price"), 0)
    operations = made.operations()
    for some in by_block(operations):
        calls: list[Call] = []
        for kind, _, place, outcome, sells_base, sold, paid, _ in some:
            pool = STABILISED[place] if kind == "stabilise" else P(place)
            if pool not in replays or outcome != 0:
                continue
            done[kind] += 1
            calls += replays[pool].price(sold) if kind == "price" else replays[pool].sale(sells_base, sold, paid)
        if calls:
            await bench.batch.act(calls)
    pools = made.pools()
    for place, replay in replays.items():
        (*amounts, regime), price, *_ = pools[place]
        spec = world.pools[place]
        decimals = [world.assets[asset].decimals for asset in (spec.base, spec.quote)]
        terms = Terms(price, spec.slope, spec.fee, *decimals)
        await bench.batch.act(replay.end(terms, State(*amounts, Regime(regime))))
    await bench.batch.judge()
    assert min(done.values()) > 0, done
    for kind, times in done.items():
        bench.count(TEST, kind, times)
