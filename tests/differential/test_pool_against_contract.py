"""PMMPool on a chain against `stab3l.peg`: payment, fee, state, price and history after each operation, bit for bit.

``STAB3L_DIFFERENTIAL_OPERATIONS`` sets how many; `make peg-differential` runs ten thousand.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from random import Random

import pytest
import random_pegs
from chain_anvil import deploy
from peg_bench import Bench

from stab3l.chain.contracts import Contract, contract_at
from stab3l.chain.errors import ContractRejected
from stab3l.errors import Stab3lError
from stab3l.peg.pool import State, Terms, mid_price, sell_base, sell_quote, targets_up
from stab3l.peg.price_history import WINDOW_MAX, PriceHistory
from stab3l.units import WAD

pytestmark = [pytest.mark.anyio, pytest.mark.chain]

OPERATIONS = int(os.environ.get("STAB3L_DIFFERENTIAL_OPERATIONS", "120"))
PER_POOL = 40
WIDE = 10 * WAD


@dataclass
class Pair:
    """A pool twice: on the chain, and as the rules have it."""

    bench: Bench
    pool: Contract
    tokens: tuple[Contract, Contract]
    terms: Terms
    state: State
    history: PriceHistory
    refused: int = 0
    done: dict[str, int] = field(default_factory=dict)

    @classmethod
    async def open(cls, bench: Bench, dice: Random, authority: Contract) -> Pair:
        """Deploys tokens and a pool whose vault is the sender, and opens it."""
        terms, state = random_pegs.pool(dice)
        me = bench.sender.signer.address
        tokens = [
            await deploy(bench.sender, "LocalToken", [name, decimals])
            for name, decimals in (("BASE", terms.base_decimals), ("QUOTE", terms.quote_decimals))
        ]
        addresses = [token.address for token in tokens]
        args = [authority.address, *addresses, me, terms.price, terms.slope, terms.fee]
        pool = await deploy(bench.sender, "PMMPool", args)
        pair = cls(bench, pool, (tokens[0], tokens[1]), terms, state, PriceHistory.start(0))
        await pair.give(0, state.base_reserve)
        await pair.give(1, state.quote_reserve)
        opened = await bench.sender.transact(pool, "init")
        pair.history = PriceHistory.start(opened.block_number)
        return pair

    async def give(self, token: int, amount: int) -> None:
        await self.bench.sender.transact(self.tokens[token], "faucet", self.pool.address, amount)

    async def step(self, dice: Random) -> None:
        """One operation on both sides: mostly a trade, sometimes new terms, sometimes quiet blocks before it."""
        if dice.random() < 0.3:
            self.bench.anvil.ask("anvil_mine", hex(dice.randrange(1, 20)))
        if dice.random() < 0.1:
            await self._set_terms(dice)
        else:
            await self._trade(dice, sells_base=dice.random() < 0.5)
        await self._compare(dice)

    async def _set_terms(self, dice: Random) -> None:
        price = max(self.terms.price * dice.randrange(900, 1100) // 1000, 10**6)
        slope = dice.choice([self.terms.slope, dice.choice(random_pegs.SLOPES)])
        mined = await self.bench.sender.transact(self.pool, "setTerms", price, slope, self.terms.fee)
        self.history = self.history.accumulate(mined.block_number, mid_price(self.terms, self.state))
        self.terms = replace(self.terms, price=price, slope=slope)
        self._count("terms")

    async def _trade(self, dice: Random, *, sells_base: bool) -> None:
        reserve = self.state.base_reserve if sells_base else self.state.quote_reserve
        amount = random_pegs.scaled(dice, 2 * max(reserve, 1))
        query, function = ("querySellBase", "sellBase") if sells_base else ("querySellQuote", "sellQuote")
        try:
            expected = (sell_base if sells_base else sell_quote)(self.terms, self.state, amount)
        except Stab3lError:
            with pytest.raises(ContractRejected):
                await self.bench.chain.call(self.pool, query, amount)
            self.refused += 1
            return
        paid, fee = await self.bench.chain.call(self.pool, query, amount)
        assert (paid, fee) == (expected.paid, expected.fee), (self.terms, self.state, amount)
        if expected.paid == 0:
            self._count("nothing paid")
            return
        await self.give(0 if sells_base else 1, amount)
        mined = await self.bench.sender.transact(self.pool, function, self.bench.sender.signer.address, expected.paid)
        self.history = self.history.accumulate(mined.block_number, mid_price(self.terms, self.state))
        self.state = expected.after
        self._count(f"{function} in {self.state.regime.name}")

    async def _compare(self, dice: Random) -> None:
        found = await self.bench.chain.call(self.pool, "state")
        base_target, quote_target = targets_up(self.terms, self.state)
        assert (found.baseReserve, found.quoteReserve) == (self.state.base_reserve, self.state.quote_reserve)
        assert (found.baseTarget, found.quoteTarget, found.regime) == (base_target, quote_target, self.state.regime)
        price = mid_price(self.terms, self.state)
        target, window = random_pegs.scaled(dice, 4 * price), dice.randrange(1, WINDOW_MAX + 1)
        clamp = dice.choice([WIDE, WAD // 1000])
        head = await self.bench.chain.head()
        mean, covered, mid = await self.bench.chain.call(self.pool, "averageDeviation", target, clamp, window)
        assert mid == price
        assert (mean, covered) == self.history.average_deviation(head.number, price, target, clamp, window)

    def _count(self, what: str) -> None:
        self.done[what] = self.done.get(what, 0) + 1


async def test_every_operation_of_a_pool_gives_the_same_integers(bench: Bench) -> None:
    dice = Random(4)
    authority = await deploy(bench.sender, "AccessManager", [bench.sender.signer.address])
    seen: dict[str, int] = {}
    for _ in range(0, OPERATIONS, PER_POOL):
        pair = await Pair.open(bench, dice, authority)
        for _ in range(PER_POOL):
            await pair.step(dice)
        for what, count in pair.done.items():
            seen[what] = seen.get(what, 0) + count
    # A run that never left balance would say little.
    assert {"sellBase in QUOTE_SHORT", "sellBase in BASE_SHORT", "sellQuote in BASE_SHORT", "terms"} <= set(seen), seen


def test_the_contract_is_one_of_ours() -> None:
    assert "averageDeviation" in contract_at(1, "PMMPool", "0x" + "11" * 20).interface.functions
