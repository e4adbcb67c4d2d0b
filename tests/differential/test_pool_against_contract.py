"""PMMPool on a chain against `stab3l.peg`: payment, fee, state, price and history after each operation, bit for bit.

Several operations share a block, and blocks pass without any: what happens within one weighs nothing in the average.
``STAB3L_DIFFERENTIAL_OPERATIONS`` sets how many; `make peg-differential` runs ten thousand.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest
import random_pegs
from call_batch import Call, Check
from chain_anvil import deploy
from peg_bench import OPERATIONS, Bench

from stab3l.chain.contracts import Contract, contract_at
from stab3l.errors import Stab3lError
from stab3l.peg.pool import State, Terms, mid_price, sell_base, sell_quote, targets_up
from stab3l.peg.price_history import WINDOW_MAX, PriceHistory
from stab3l.units import WAD

pytestmark = [pytest.mark.anyio, pytest.mark.chain]

PER_POOL = 40
IN_A_BLOCK = 4
WIDE = 10 * WAD
TEST = "pool"


@dataclass
class Pair:
    """A pool twice: on the chain, and as the rules have it. The rules are ahead: answers are judged at the end."""

    bench: Bench
    pool: Contract
    tokens: tuple[Contract, Contract]
    terms: Terms
    state: State
    block: int
    history: PriceHistory
    calls: list[Call] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    @classmethod
    async def open(cls, bench: Bench, dice: Random, authority: Contract) -> Pair:
        """Deploys tokens and a pool whose vault is the batch, and opens it in a block of its own."""
        terms, state = random_pegs.pool(dice)
        tokens = [
            await deploy(bench.sender, "LocalToken", [name, decimals])
            for name, decimals in (("BASE", terms.base_decimals), ("QUOTE", terms.quote_decimals))
        ]
        addresses = [token.address for token in tokens]
        vault = bench.batch.contract.address
        args = [authority.address, *addresses, vault, terms.price, terms.slope, terms.fee]
        pool = await deploy(bench.sender, "PMMPool", args)
        block = await bench.batch.begin() + 1
        pair = cls(bench, pool, (tokens[0], tokens[1]), terms, state, block, PriceHistory.start(block))
        pair.give(0, state.base_reserve)
        pair.give(1, state.quote_reserve)
        pair.call(pool, "init")
        await pair.close_block()
        return pair

    def call(
        self, contract: Contract, function: str, *args: Any, check: Check | None = None, refused: bool = False
    ) -> None:
        self.calls.append(Call(contract, function, args, check, refused))

    def give(self, token: int, amount: int) -> None:
        self.call(self.tokens[token], "faucet", self.pool.address, amount)

    async def close_block(self, quiet: int = 0) -> None:
        """Sends what was gathered, then lets blocks pass."""
        await self.bench.batch.act(self.calls)
        self.calls = []
        if quiet:
            await self.bench.batch.wait(quiet)
        self.block += 1 + quiet

    def step(self, dice: Random) -> None:
        """One operation on both sides: mostly a trade, sometimes new terms; then everything is compared."""
        if dice.random() < 0.1:
            self._set_terms(dice)
        else:
            self._trade(dice, sells_base=dice.random() < 0.5)
        self._compare(dice)

    def _set_terms(self, dice: Random) -> None:
        price = max(self.terms.price * dice.randrange(900, 1100) // 1000, 10**6)
        slope = dice.choice([self.terms.slope, dice.choice(random_pegs.SLOPES)])
        self.call(self.pool, "setTerms", price, slope, self.terms.fee)
        self._accrue()
        self.terms = replace(self.terms, price=price, slope=slope)
        self.done.append("terms")

    def _trade(self, dice: Random, *, sells_base: bool) -> None:
        reserve = self.state.base_reserve if sells_base else self.state.quote_reserve
        amount = random_pegs.scaled(dice, 2 * max(reserve, 1))
        query, function = ("querySellBase", "sellBase") if sells_base else ("querySellQuote", "sellQuote")
        try:
            expected = (sell_base if sells_base else sell_quote)(self.terms, self.state, amount)
        except Stab3lError:
            self.call(self.pool, query, amount, refused=True)
            self.done.append("refused")
            return
        self.call(self.pool, query, amount, check=equals((expected.paid, expected.fee)))
        if expected.paid == 0:
            self.done.append("nothing paid")
            return
        self.give(0 if sells_base else 1, amount)
        me = self.bench.batch.contract.address
        self.call(self.pool, function, me, expected.paid, check=equals(expected.paid))
        self._accrue()
        self.state = expected.after
        self.done.append(f"{function} in {self.state.regime.name}")

    def _accrue(self) -> None:
        self.history = self.history.accumulate(self.block, mid_price(self.terms, self.state))

    def _compare(self, dice: Random) -> None:
        state, price = self.state, mid_price(self.terms, self.state)
        whole = (state.base_reserve, state.quote_reserve, *targets_up(self.terms, state), int(state.regime))
        self.call(self.pool, "state", check=equals(whole))
        target, window = random_pegs.scaled(dice, 4 * price), dice.randrange(1, WINDOW_MAX + 1)
        clamp = dice.choice([WIDE, WAD // 1000])
        mean = self.history.average_deviation(self.block, price, target, clamp, window)
        self.call(self.pool, "averageDeviation", target, clamp, window, check=at(self.block, (*mean, price)))


def equals(expected: Any) -> Check:
    def check(found: Any, block: int) -> None:
        assert (tuple(found) if isinstance(expected, tuple) else found) == expected

    return check


def at(block: int, expected: tuple[Any, ...]) -> Check:
    """The answer, and that it was given in the block for which it was computed."""

    def check(found: Any, mined: int) -> None:
        assert mined == block
        assert tuple(found) == expected

    return check


async def test_every_operation_of_a_pool_gives_the_same_integers(bench: Bench) -> None:
    dice = Random(4)
    authority = await deploy(bench.sender, "AccessManager", [bench.batch.contract.address])
    seen: set[str] = set()
    for _ in range(0, OPERATIONS, PER_POOL):
        async with bench.batch.passing():
            pair = await Pair.open(bench, dice, authority)
            while len(pair.done) < PER_POOL:
                for _ in range(dice.randrange(1, IN_A_BLOCK)):
                    pair.step(dice)
                await pair.close_block(dice.choice([1, 2, 5, 17]) if dice.random() < 0.2 else 0)
            await bench.batch.judge()
        for what in pair.done:
            bench.count(TEST, what)
        seen |= set(pair.done)
    # A run that never left balance would say little.
    assert {"sellBase in QUOTE_SHORT", "sellBase in BASE_SHORT", "sellQuote in BASE_SHORT", "terms"} <= seen, seen


def test_the_contract_is_one_of_ours() -> None:
    assert "averageDeviation" in contract_at(1, "PMMPool", "0x" + "11" * 20).interface.functions
