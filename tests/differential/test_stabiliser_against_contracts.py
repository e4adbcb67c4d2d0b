"""The whole stabiliser on a chain against `stab3l.peg`: policy, memory, cap, inventory and pool, bit for bit.

Trades, gas prices, targets and limits change at random; several things happen in a block, some undone within it. After
each, the outcome, what was paid, the memory, both inventories and the pool must be the rules' own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
import random_pegs
from call_batch import GAS_PRICE, Call, CallBatch, Check
from chain_anvil import deploy
from peg_bench import OPERATIONS, Bench

from stab3l.chain.contracts import Contract
from stab3l.peg.flow_cap import decayed_up
from stab3l.peg.pool import State, Terms, mid_price, sell_base, sell_quote, targets_up
from stab3l.peg.price_history import PriceHistory, deviation_of
from stab3l.peg.reserves import Bucket
from stab3l.peg.stabiliser import Outcome, Policy, View, decide, least_paid_up
from stab3l.units import WAD, mul_div_down

pytestmark = [pytest.mark.anyio, pytest.mark.chain]

PER_POOL = 60
STABLECOIN = 1
TEST = "stabiliser"
OUTSIDER = "0x" + "77" * 20


@dataclass(frozen=True)
class Contracts:
    """Those that are there once for all pools."""

    batch: CallBatch
    authority: Contract
    vault: Contract
    pegs: Contract
    policy: Contract
    stabilizer: Contract

    @classmethod
    async def deploy(cls, bench: Bench) -> Contracts:
        sender, me = bench.sender, bench.batch.contract.address
        authority = await deploy(sender, "AccessManager", [me])
        a = authority.address
        gold = await deploy(sender, "LocalToken", ["cXAUC", 6])
        oracle = await deploy(sender, "Oracle", [a])
        triangulation = await deploy(sender, "XAUTriangulation", [a, oracle.address, gold.address])
        vault = await deploy(sender, "ReserveVault", [a])
        weights = (WAD // 10, 0, 0, WAD // 10, WAD // 50)
        pegs = await deploy(
            sender, "PegManager", [a, triangulation.address, vault.address, gold.address, WAD, 5, weights]
        )
        policy = await deploy(sender, "StabilizerPolicy", [a, pegs.address, vault.address])
        stabilizer = await deploy(sender, "Stabilizer", [a, policy.address, triangulation.address])
        bound = Call(vault, "wire", (stabilizer.address, me, me))
        await bench.batch.begin()
        await bench.batch.act([bound])
        await bench.batch.judge()
        return cls(bench.batch, authority, vault, pegs, policy, stabilizer)


@dataclass
class Watch:
    """One pool under the stabiliser, as the rules have it; its calls are judged at the end."""

    contracts: Contracts
    pool: Contract
    tokens: tuple[Contract, Contract]
    terms: Terms
    state: State
    target: int
    policy: Policy
    held: list[int]
    """Bucket B [base units], base and quote."""
    block: int
    history: PriceHistory
    acted_block: int = 0
    flow: int = 0
    flow_block: int = 0
    calls: list[Call] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    @classmethod
    async def open(cls, bench: Bench, contracts: Contracts, dice: Random) -> Watch:
        decimals = dice.choice([(6, 6), (18, 6), (6, 18)])
        price = dice.choice([WAD, 6 * WAD // 100])
        terms = Terms(price, dice.choice([WAD // 50, WAD // 10]), dice.choice([0, WAD // 10_000]), *decimals)
        base = dice.randrange(10**3, 10**6) * 10 ** decimals[0]
        quote = base * price * 10 ** decimals[1] // (WAD * 10 ** decimals[0])
        state = State.balanced(base, quote)
        tokens = [
            await deploy(bench.sender, "LocalToken", [name, size])
            for name, size in zip(("BASE", "QUOTE"), decimals, strict=True)
        ]
        a, vault = contracts.authority.address, contracts.vault.address
        addresses = [token.address for token in tokens]
        pool = await deploy(bench.sender, "PMMPool", [a, *addresses, vault, price, terms.slope, terms.fee])
        held = [base // dice.choice([1, 50]), quote // dice.choice([1, 50])]
        block = await bench.batch.begin() + 1
        policy = any_policy(dice, terms, quote)
        watch = cls(
            contracts, pool, (tokens[0], tokens[1]), terms, state, price, policy, held, block, PriceHistory.start(block)
        )
        watch._found(base, quote)
        await watch.close_block()
        return watch

    def _found(self, base: int, quote: int) -> None:
        vault = self.contracts.vault
        for token, liquidity, inventory in zip(self.tokens, (base, quote), self.held, strict=True):
            self.call(token, "faucet", vault.address, liquidity + inventory)
            self.call(vault, "allot", token.address, (liquidity, inventory, 0, 0, 0))
        self.call(vault, "fundPool", self.pool.address, Bucket.PUBLIC, base, quote)
        self.call(self.contracts.pegs, "setPeg", self.pool.address, STABLECOIN, self.target)
        self._set_limits()

    def call(self, contract: Contract, function: str, *args: Any, check: Check | None = None) -> None:
        self.calls.append(Call(contract, function, args, check))

    async def close_block(self, quiet: int = 0, gas_price: int = GAS_PRICE) -> None:
        await self.contracts.batch.act(self.calls, gas_price=gas_price)
        self.calls = []
        if quiet:
            await self.contracts.batch.wait(quiet)
        self.block += 1 + quiet

    # --- What may happen

    def step(self, dice: Random, gas_price: int) -> None:
        """One thing on both sides, then a comparison of everything."""
        what = dice.choices(["trade", "there and back", "stabilise", "target", "limits"], [40, 10, 40, 5, 5])[0]
        if what == "trade":
            self._trade(dice, sells_base=dice.random() < 0.5)
        elif what == "there and back":
            self._there_and_back(dice)
        elif what == "stabilise":
            what = f"stabilise: {self._stabilise(gas_price)}"
        elif what == "target":
            self.target = self.target * dice.randrange(9_980, 10_021) // 10_000
            self.call(self.contracts.pegs, "setPeg", self.pool.address, STABLECOIN, self.target)
        else:
            self.policy = any_policy(dice, self.terms, targets_up(self.terms, self.state)[1])
            self._set_limits()
        self.done.append(what)
        self._compare()

    def _set_limits(self) -> None:
        self.call(self.contracts.policy, "setLimits", self.pool.address, limits_of(self.policy))

    def _trade(self, dice: Random, *, sells_base: bool) -> int:
        reserve = self.state.base_reserve if sells_base else self.state.quote_reserve
        amount = max(random_pegs.scaled(dice, reserve // 4), reserve // 10**4)
        return self._sell(sells_base, amount)

    def _sell(self, sells_base: bool, amount: int) -> int:
        trade = (sell_base if sells_base else sell_quote)(self.terms, self.state, amount)
        if trade.paid == 0:
            return 0
        self.call(self.tokens[0 if sells_base else 1], "faucet", self.pool.address, amount)
        function = "sellBase" if sells_base else "sellQuote"
        self.call(self.pool, function, OUTSIDER, trade.paid, check=equals(trade.paid))
        self._moved(trade.after)
        return trade.paid

    def _there_and_back(self, dice: Random) -> None:
        """A push away and back within the block: the history must not notice."""
        sells_base = dice.random() < 0.5
        paid = self._trade(dice, sells_base=sells_base)
        if paid:
            self._sell(not sells_base, paid)

    def _moved(self, after: State) -> None:
        self.history = self.history.accumulate(self.block, mid_price(self.terms, self.state))
        self.state = after

    def _view(self, gas_price: int) -> View:
        p, price = self.policy, mid_price(self.terms, self.state)
        average = self.history.average_deviation(self.block, price, self.target, p.clamp, p.sustained_blocks)
        worth = mul_div_down(self.held[0], self.target * self.scale(1), WAD * self.scale(0))
        spot = deviation_of(price, self.target)
        return View(
            self.block, gas_price, self.acted_block, average, spot, self.flow, self.flow_block, worth, self.held[1]
        )

    def _stabilise(self, gas_price: int) -> str:
        order = decide(self.policy, self._view(gas_price))
        self.call(
            self.contracts.stabilizer, "checkDeviation", self.pool.address, check=outcome(order.outcome, self.block)
        )
        if order.outcome is not Outcome.ACT:
            return self._refused(order.outcome.name.lower())
        base, quote = self.scale(0), self.scale(1)
        if order.sells_base:
            amount = mul_div_down(order.amount, WAD * base, self.target * quote)
            if amount == 0:
                return self._refused("less than a base unit")
            least = least_paid_up(amount, self.target, self.policy.slippage, base, quote)
        else:
            amount = order.amount
            least = least_paid_up(amount, WAD * WAD // self.target, self.policy.slippage, quote, base)
        trade = (sell_base if order.sells_base else sell_quote)(self.terms, self.state, amount)
        if trade.paid < max(least, 1):
            return self._refused("slippage cap")
        self.call(self.contracts.stabilizer, "stabilise", self.pool.address, check=equals(trade.paid))
        self._moved(trade.after)
        sold, paid = (0, 1) if order.sells_base else (1, 0)
        self.held[sold] -= amount
        self.held[paid] += trade.paid
        self.flow = decayed_up(self.flow, self.policy.memory, self.block - self.flow_block) + order.amount
        self.acted_block = self.flow_block = self.block
        return "act"

    def _refused(self, why: str) -> str:
        self.calls.append(Call(self.contracts.stabilizer, "stabilise", (self.pool.address,), None, True))
        return why

    def _compare(self) -> None:
        state = self.state
        whole = (state.base_reserve, state.quote_reserve, *targets_up(self.terms, state), int(state.regime))
        self.call(self.pool, "state", check=equals(whole))
        memory = (self.acted_block, self.flow_block, self.flow)
        self.call(self.contracts.stabilizer, "memoryOf", self.pool.address, check=equals(memory))
        for token, held in zip(self.tokens, self.held, strict=True):
            self.call(self.contracts.vault, "heldOf", Bucket.STABILISATION, token.address, check=equals(held))

    def scale(self, token: int) -> int:
        return int(10 ** (self.terms.base_decimals if token == 0 else self.terms.quote_decimals))


def any_policy(dice: Random, terms: Terms, depth: int) -> Policy:
    """Limits as governance may set them, at most the gain that `setLimits` admits."""
    threshold = dice.randrange(WAD // 10_000, WAD // 500)
    return Policy(
        threshold=threshold,
        clamp=threshold * 3 // 2,
        sustained_blocks=dice.randrange(1, 6),
        interval_blocks=dice.randrange(1, 5),
        gain=mul_div_down(depth, WAD, 2 * terms.slope) * dice.randrange(1, 100) // 100,
        amount_min=dice.choice([1, depth // 10**4]),
        flow_max=depth // dice.choice([10, 100]),
        memory=dice.choice([WAD // 2, 9 * WAD // 10]),
        slippage=WAD // 10,
        gas_price_max=10 * GAS_PRICE,
    )


def limits_of(p: Policy) -> tuple[int, ...]:
    return (p.threshold, p.clamp, p.sustained_blocks, p.interval_blocks, p.memory, p.gain, p.amount_min, p.flow_max,
            p.slippage, p.gas_price_max)  # fmt: skip


def equals(expected: Any) -> Check:
    def check(found: Any, block: int) -> None:
        assert (tuple(found) if isinstance(expected, tuple) else found) == expected

    return check


def outcome(expected: Outcome, block: int) -> Check:
    def check(found: Any, mined: int) -> None:
        assert mined == block
        assert Outcome(found.outcome) is expected

    return check


async def test_the_stabiliser_does_what_the_rules_say(bench: Bench) -> None:
    dice, contracts = Random(6), await Contracts.deploy(bench)
    seen: set[str] = set()
    for _ in range(0, OPERATIONS, PER_POOL):
        async with bench.batch.passing():
            watch = await Watch.open(bench, contracts, dice)
            while len(watch.done) < PER_POOL:
                gas_price = 20 * GAS_PRICE if dice.random() < 0.05 else GAS_PRICE
                for _ in range(dice.randrange(1, 4)):
                    watch.step(dice, gas_price)
                await watch.close_block(dice.randrange(1, 6) if dice.random() < 0.3 else 0, gas_price)
            await bench.batch.judge()
        for what in watch.done:
            bench.count(TEST, what)
        seen |= set(watch.done)
    assert {"stabilise: act", "stabilise: too_soon", "stabilise: within_band", "there and back"} <= seen, seen
