"""Each rule of `stab3l.peg` against its Solidity twin by calls to `PegRules`, bit for bit, refusals included."""

from __future__ import annotations

import os
from random import Random
from typing import Any

import pytest
import random_pegs
from peg_bench import Bench

from stab3l.chain.errors import ContractRejected
from stab3l.errors import Stab3lError
from stab3l.peg import equation, flow_cap, reserves, stabiliser, triangulation
from stab3l.peg.pool import Regime, State, Terms, mid_price, sell_base, sell_quote, targets_up
from stab3l.peg.price_history import Average
from stab3l.units import WAD

pytestmark = [pytest.mark.anyio, pytest.mark.chain]

ROUNDS = int(os.environ.get("STAB3L_DIFFERENTIAL_OPERATIONS", "120"))
U64, U128 = (1 << 64) - 1, (1 << 128) - 1


def words(terms: Terms, state: State, band: int = 0) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return (
        (terms.price, terms.slope, terms.fee + band, terms.base_unit, terms.quote_unit),
        (state.base_reserve, state.quote_reserve, state.base_target, state.quote_target, int(state.regime)),
    )


async def test_a_pool_in_any_state_that_trades_can_reach(bench: Bench) -> None:
    """Many trades of one pool, without a transaction for each: the state goes on from what both sides gave."""
    dice = Random(1)
    regimes, refused = set(), 0
    for _ in range(ROUNDS // 4):
        terms, state = random_pegs.pool(dice)
        for _ in range(4):
            sells_base = dice.random() < 0.5
            reserve = state.base_reserve if sells_base else state.quote_reserve
            amount = random_pegs.scaled(dice, 3 * max(reserve, 1))
            band = dice.choice([0, WAD // 100])
            function, rule = ("sellBase", sell_base) if sells_base else ("sellQuote", sell_quote)
            try:
                trade = rule(terms, state, amount, band=band)
            except Stab3lError:
                refused += 1
                with pytest.raises(ContractRejected):
                    await bench.chain.call(bench.rules, function, *words(terms, state, band), amount)
                continue
            found = await bench.chain.call(bench.rules, function, *words(terms, state, band), amount)
            assert (found.paid, found.fee) == (trade.paid, trade.fee), (terms, state, amount)
            assert tuple(found.next) == words(terms, trade.after)[1]
            assert found.price == mid_price(terms, trade.after)
            assert tuple(await bench.chain.call(bench.rules, "targetsUp", *words(terms, state))) == targets_up(
                terms, state
            )
            state = trade.after
            regimes.add(state.regime)
    assert regimes == {Regime.BASE_SHORT, Regime.QUOTE_SHORT}


def any_policy(dice: Random) -> stabiliser.Policy:
    return stabiliser.Policy(
        threshold=dice.randrange(WAD // 100),
        clamp=dice.randrange(WAD // 50),
        sustained_blocks=dice.randrange(1, 16),
        interval_blocks=dice.randrange(1, 6),
        gain=random_pegs.scaled(dice, 10**20),
        amount_min=random_pegs.scaled(dice, 10**6),
        flow_max=random_pegs.scaled(dice, 10**16),
        memory=dice.randrange(WAD + 1),
        slippage=dice.randrange(WAD // 10),
        gas_price_max=dice.randrange(1, 10**12),
    )


def any_view(dice: Random, policy: stabiliser.Policy) -> stabiliser.View:
    block, side = dice.randrange(100, 10**6), dice.choice((-1, 1))
    return stabiliser.View(
        block=block,
        gas_price=dice.choice([0, policy.gas_price_max, policy.gas_price_max + 1]) if dice.random() < 0.2 else 0,
        acted_block=dice.choice([0, block - dice.randrange(8), block - 50]),
        average=Average(side * dice.randrange(WAD // 20), dice.choice([policy.sustained_blocks, dice.randrange(16)])),
        spot_deviation=side * dice.randrange(WAD // 10) * (1 if dice.random() < 0.9 else -1),
        flow=random_pegs.scaled(dice, 10**16),
        flow_block=block - dice.choice([0, 1, 5, 90]),
        base_inventory=random_pegs.scaled(dice, 10**15),
        quote_inventory=random_pegs.scaled(dice, 10**15),
    )


async def test_the_stabilisers_decisions(bench: Bench) -> None:
    dice = Random(2)
    seen = set()
    for _ in range(ROUNDS):
        p = any_policy(dice)
        v = any_view(dice, p)
        limits = (p.threshold, p.clamp, p.sustained_blocks, p.interval_blocks, p.memory, p.gain, p.amount_min,
                  p.flow_max, p.slippage, p.gas_price_max)  # fmt: skip
        view = (v.block, v.gas_price, v.acted_block, v.average.deviation, v.average.blocks, v.spot_deviation, v.flow,
                v.flow_block, v.base_inventory, v.quote_inventory)  # fmt: skip
        expected = stabiliser.decide(p, v)
        found = await bench.chain.call(bench.rules, "decide", limits, view)
        assert tuple(found) == (expected.outcome, expected.sells_base, expected.amount), (p, v)
        seen.add(expected.outcome)
        least: tuple[Any, ...] = (v.flow, random_pegs.scaled(dice, 10**24), p.slippage, 10**18, 10**6)
        assert await bench.chain.call(bench.rules, "leastPaidUp", *least) == stabiliser.least_paid_up(*least)
    assert stabiliser.Outcome.ACT in seen
    assert len(seen) >= 5


async def test_decay_reserves_and_triangulation(bench: Bench) -> None:
    dice = Random(3)
    for _ in range(ROUNDS):
        flow = (random_pegs.scaled(dice, U128), dice.randrange(WAD + 1), dice.choice([0, 1, dice.randrange(10**6)]))
        assert await bench.chain.call(bench.rules, "decayedUp", *flow) == flow_cap.decayed_up(*flow)
        need = (random_pegs.scaled(dice, U128), dice.randrange(10**5), dice.randrange(50_000))
        assert await bench.chain.call(bench.rules, "requiredUp", *need) == reserves.reserve_required_up(*need)
        rules = triangulation.Freshness(3_600, 345_600, dice.randrange(10**12), dice.randrange(WAD // 10))
        price = (dice.choice([0, random_pegs.scaled(dice, U128)]), 10**9 - dice.randrange(10**6), 10**9)
        words_ = (rules.age_s_max, rules.stale_s_max, rules.band_per_s, rules.band_max)
        try:
            usable = triangulation.usable(*price, rules)
        except Stab3lError:
            with pytest.raises(ContractRejected):
                await bench.chain.call(bench.rules, "usable", *price, words_)
            continue
        assert tuple(await bench.chain.call(bench.rules, "usable", *price, words_)) == usable
        other = triangulation.Price(random_pegs.scaled(dice, U128), 7)
        found = await bench.chain.call(bench.rules, "cross", tuple(usable), tuple(other))
        assert [tuple(one) for one in found] == [
            triangulation.cross_down(usable, other), triangulation.in_gold_down(usable, other)
        ]  # fmt: skip


async def test_the_peg_equation(bench: Bench) -> None:
    dice = Random(5)
    for _ in range(ROUNDS):
        inputs = [random_pegs.scaled(dice, 10 * WAD) for _ in range(4)]
        weights = [dice.randrange(WAD + 1) for _ in range(4)] + [dice.randrange(WAD // 2)]
        par = random_pegs.scaled(dice, WAD)
        found = await bench.chain.call(bench.rules, "pegTarget", par, tuple(inputs), tuple(weights))
        rules = equation.Inputs(*inputs), equation.Weights(*weights)
        assert tuple(found) == (equation.target(par, *rules), equation.unbounded_target(par, *rules))
