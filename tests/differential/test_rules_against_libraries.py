"""Each rule of `stab3l.peg` against its Solidity twin by calls to `PegRules`, bit for bit, refusals included."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
import random_pegs
from call_batch import Call
from peg_bench import OPERATIONS, Bench

from stab3l.errors import Stab3lError
from stab3l.peg import equation, flow_cap, reserves, stabiliser, triangulation
from stab3l.peg.pool import Regime, State, Terms, mid_price, sell_base, sell_quote, targets_up
from stab3l.peg.price_history import Average
from stab3l.units import WAD

pytestmark = [pytest.mark.anyio, pytest.mark.chain]

TEST = "rules"
U64, U128 = (1 << 64) - 1, (1 << 128) - 1


def words(terms: Terms, state: State, band: int = 0) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return (
        (terms.price, terms.slope, terms.fee + band, terms.base_unit, terms.quote_unit),
        (state.base_reserve, state.quote_reserve, state.base_target, state.quote_target, int(state.regime)),
    )


class Questions:
    """Calls to the libraries with the answers that the rules give; asked many at a time."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._calls: list[Call] = []

    def add(self, function: str, *args: Any, answer: Any = None, refused: bool = False) -> None:
        """``answer``: a tuple for several outputs; nested tuples for structs."""

        def check(found: Any, block: int) -> None:
            assert (plain(found) if isinstance(answer, tuple) else found) == answer, (function, args)

        self._calls.append(Call(self._bench.rules, function, args, check, refused))

    async def ask(self) -> None:
        await self._bench.batch.ask(self._calls)
        for call in self._calls:
            self._bench.count(TEST, call.function + (" refused" if call.refused else ""))


def plain(value: Any) -> Any:
    """Named tuples as tuples, at every depth."""
    return tuple(plain(one) for one in value) if isinstance(value, tuple | list) else value


async def test_a_pool_in_any_state_that_trades_can_reach(bench: Bench) -> None:
    """Many trades of one pool, without a transaction for each: the state goes on from what the rules gave."""
    dice, questions = Random(1), Questions(bench)
    regimes = set()
    for _ in range(OPERATIONS // 4):
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
                questions.add(function, *words(terms, state, band), amount, refused=True)
                continue
            after = words(terms, trade.after)[1]
            expected = (trade.paid, trade.fee, after, mid_price(terms, trade.after))
            questions.add(function, *words(terms, state, band), amount, answer=expected)
            questions.add("targetsUp", *words(terms, state), answer=targets_up(terms, state))
            state = trade.after
            regimes.add(state.regime)
    await questions.ask()
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
    dice, questions = Random(2), Questions(bench)
    seen = set()
    for _ in range(OPERATIONS):
        p = any_policy(dice)
        v = any_view(dice, p)
        limits = (p.threshold, p.clamp, p.sustained_blocks, p.interval_blocks, p.memory, p.gain, p.amount_min,
                  p.flow_max, p.slippage, p.gas_price_max)  # fmt: skip
        view = (v.block, v.gas_price, v.acted_block, v.average.deviation, v.average.blocks, v.spot_deviation, v.flow,
                v.flow_block, v.base_inventory, v.quote_inventory)  # fmt: skip
        expected = stabiliser.decide(p, v)
        answer = (int(expected.outcome), expected.sells_base, expected.amount)
        questions.add("decide", limits, view, answer=answer)
        seen.add(expected.outcome)
        least: tuple[Any, ...] = (v.flow, random_pegs.scaled(dice, 10**24), p.slippage, 10**18, 10**6)
        questions.add("leastPaidUp", *least, answer=stabiliser.least_paid_up(*least))
    await questions.ask()
    assert stabiliser.Outcome.ACT in seen
    assert len(seen) >= 5


async def test_decay_reserves_and_triangulation(bench: Bench) -> None:
    dice, questions = Random(3), Questions(bench)
    for _ in range(OPERATIONS):
        flow = (random_pegs.scaled(dice, U128), dice.randrange(WAD + 1), dice.choice([0, 1, dice.randrange(10**6)]))
        questions.add("decayedUp", *flow, answer=flow_cap.decayed_up(*flow))
        need = (random_pegs.scaled(dice, U128), dice.randrange(10**5), dice.randrange(50_000))
        questions.add("requiredUp", *need, answer=reserves.reserve_required_up(*need))
        rules = triangulation.Freshness(3_600, 345_600, dice.randrange(10**12), dice.randrange(WAD // 10))
        price = (dice.choice([0, random_pegs.scaled(dice, U128)]), 10**9 - dice.randrange(10**6), 10**9)
        words_ = (rules.age_s_max, rules.stale_s_max, rules.band_per_s, rules.band_max)
        try:
            usable = triangulation.usable(*price, rules)
        except Stab3lError:
            questions.add("usable", *price, words_, refused=True)
            continue
        questions.add("usable", *price, words_, answer=tuple(usable))
        other = triangulation.Price(random_pegs.scaled(dice, U128), 7)
        crossed = (tuple(triangulation.cross_down(usable, other)), tuple(triangulation.in_gold_down(usable, other)))
        questions.add("cross", tuple(usable), tuple(other), answer=crossed)
    await questions.ask()


async def test_the_peg_equation(bench: Bench) -> None:
    dice, questions = Random(5), Questions(bench)
    for _ in range(OPERATIONS):
        inputs = [random_pegs.scaled(dice, 10 * WAD) for _ in range(4)]
        weights = [dice.randrange(WAD + 1) for _ in range(4)] + [dice.randrange(WAD // 2)]
        par = random_pegs.scaled(dice, WAD)
        rules = equation.Inputs(*inputs), equation.Weights(*weights)
        answer = (equation.target(par, *rules), equation.unbounded_target(par, *rules))
        questions.add("pegTarget", par, tuple(inputs), tuple(weights), answer=answer)
    await questions.ask()
