"""I1 to I4 as the demo measures them: true for a chain in order, false for each wrong value on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from stab3l.chain.contracts import Contract, contract
from stab3l.config import ChainConfig, Network
from stab3l.devnet.invariants import ChainMeasure, Verdict
from stab3l.exchange.derivative_values import Margin, Position
from stab3l.exchange.messages import Asset, Balance, Total
from stab3l.testing.chain import FakeChain

pytestmark = pytest.mark.anyio

PRIMARY, OTHER = 412346, 138
NAMES = "CUToken MintingAgent Redemption sSTBToken ComputeUnitVerifier CollateralManager Custody LocalDollar".split()
ADDRESS = {name: "0x" + f"{place:02x}" * 20 for place, name in enumerate(NAMES, 1)}
PROVIDER, BUYER = "0x" + "aa" * 20, "0x" + "bb" * 20
TOKEN = bytes.fromhex(ADDRESS["LocalDollar"][2:])


def config(chain_id: int) -> ChainConfig:
    return ChainConfig(
        chain_id=chain_id, name=str(chain_id), rpc_url="http://127.0.0.1:1", confirmations=1, block_seconds=1,
        deploy_block=0, contracts=ADDRESS,
    )  # fmt: skip


@dataclass
class Books:
    """What the gateway says of its one asset: totals, and what two accounts have."""

    credited: int = 1_000
    withdrawn: int = 300
    available: int = 500
    held: int = 100
    fees: int = 100
    gain: int | None = None
    """Of the second account in futures, credited to it and taken off its entry; None: there are no futures."""

    async def underlyings(self) -> tuple[int, ...]:
        return () if self.gain is None else (0,)

    async def positions(self, account: int) -> tuple[Position, ...]:
        return (Position(1, 5, (self.gain or 0) + 40, 8, 0),) if account else (Position(1, -5, -40, 8, 0),)

    async def margin(self, account: int) -> Margin:
        return Margin(0, 0, 0, 0, 0, 0, debt=0)

    async def totals(self) -> list[Total]:
        return [Total(0, self.credited, self.withdrawn, self.credited - self.withdrawn)]

    async def assets(self) -> list[Asset]:
        return [Asset(0, PRIMARY, TOKEN, 6)]

    async def balances(self, account: int) -> list[Balance]:
        if account == 0:
            return [Balance(0, self.fees, 0)]
        return [Balance(0, self.available + (self.gain or 0), self.held)]


class World:
    """Two chains in order: 70 of 100 minted are left, collateral covers them, custody holds what it owes."""

    def __init__(self) -> None:
        self.chains = {chain_id: FakeChain(chain_id) for chain_id in (PRIMARY, OTHER)}
        nowhere = "127.0.0.1:1"
        network = Network(
            chains=tuple(map(config, self.chains)), markets=(), gateway=nowhere, api_url=nowhere, verifier_urls=(),
            provider_url=nowhere, database_url="sqlite://",
        )  # fmt: skip
        self.measure = ChainMeasure(network, self.chains)
        self.primary = self.chains[PRIMARY]
        self._tell()
        self.reads("CUToken", "totalSupply", 0)
        self.reads("sSTBToken", "totalSupply", 60)
        self.reads("sSTBToken", "totalSupply", 10, chain_id=OTHER)
        for function, value in (
            ("outstandingOf", 70),
            ("collateralOf", 84),
            ("requiredUp", 84),
            ("inLiquidation", False),
        ):
            self.reads("CollateralManager", function, value)
        self.reads("Custody", "totalsOf", (1_200, 0, 0, 250))
        self.reads("LocalDollar", "balanceOf", 950)

    def contract(self, name: str, chain_id: int = PRIMARY) -> Contract:
        return contract(config(chain_id), name)

    def reads(self, name: str, function: str, *values: Any, chain_id: int = PRIMARY) -> None:
        """Has a view answer with these values, one after another; the last one from then on."""
        answers: Iterator[Any] = iter(values)
        latest: list[Any] = []

        def view(*_: Any) -> Any:
            latest.extend(answer for answer in [next(answers, None)] if answer is not None)
            return latest[-1]

        self.chains[chain_id].answer(self.contract(name, chain_id), function, view)

    def _tell(self) -> None:
        who = {"provider": PROVIDER}
        self.primary.mine(
            (self.contract("ComputeUnitVerifier"), "ProviderRegistered", {**who, "method": 0, "stakePeriodSeconds": 1})
        )
        self.primary.mine((self.contract("MintingAgent"), "Minted", {**who, "claimId": 1, "amount": 100, "stakeId": 1}))
        requested = {
            "id": 1,
            "buyer": BUYER,
            "amount": 12,
            "tier": 0,
            "jobHash": bytes(32),
            "jobUri": "",
            "deadline": 9,
        }
        liquidated = {"holder": BUYER, "amount": 10, "collateralPaid": 1}
        self.primary.mine(
            (self.contract("Redemption"), "RedemptionRequested", {**who, **requested}),
            (self.contract("Redemption"), "Retired", {**who, "amount": 8}),
            (self.contract("Redemption"), "RedeemedLiquidated", {**who, **liquidated}),
        )

    async def custody(self, books: Books) -> Verdict:
        return await self.measure.custody_holds_what_is_owed(books, range(2))


@pytest.fixture
def world() -> World:
    return World()


async def test_chains_in_order_keep_every_invariant(world: World) -> None:
    verdicts = [
        await world.measure.cu_supply_is_zero(),
        await world.measure.supply_is_minted_less_redeemed(),
        await world.measure.providers_are_collateralised(),
        await world.custody(Books()),
    ]
    assert [(verdict.id, verdict.ok) for verdict in verdicts] == [(i, True) for i in ("I1", "I2", "I3", "I4")]
    assert verdicts[0].values["blocks_checked"] == 2
    assert verdicts[1].values == {"supply": 70, "minted": 100, "redeemed": 30, "in_flight": 0}


@pytest.mark.parametrize("supplies", [(1,), (0, 1), (1, 0)])
async def test_i1_is_false_when_compute_units_outlive_a_mint(world: World, supplies: tuple[int, ...]) -> None:
    """Now, or at the block of the mint only."""
    world.reads("CUToken", "totalSupply", *supplies)
    assert not (await world.measure.cu_supply_is_zero()).ok


@pytest.mark.parametrize(("chain_id", "supply"), [(PRIMARY, 61), (PRIMARY, 59), (OTHER, 11)])
async def test_i2_is_false_when_a_chain_has_more_or_less_than_was_minted(
    world: World, chain_id: int, supply: int
) -> None:
    world.reads("sSTBToken", "totalSupply", supply, chain_id=chain_id)
    assert not (await world.measure.supply_is_minted_less_redeemed()).ok


async def test_i3_is_false_when_collateral_falls_short_and_nobody_liquidates(world: World) -> None:
    world.reads("CollateralManager", "collateralOf", 83)
    assert not (await world.measure.providers_are_collateralised()).ok
    world.reads("CollateralManager", "inLiquidation", True)
    assert (await world.measure.providers_are_collateralised()).ok


async def test_i3_is_false_without_a_provider() -> None:
    world = World()
    world.primary.cut(0)
    assert not (await world.measure.providers_are_collateralised()).ok


async def test_i4_counts_a_gain_that_its_loser_has_not_paid(world: World) -> None:
    assert (await world.custody(Books(gain=70))).ok
    assert (await world.custody(Books(gain=0))).ok


@pytest.mark.parametrize("balance", [949, 951, 0])
async def test_i4_is_false_when_custody_holds_more_or_less(world: World, balance: int) -> None:
    world.reads("LocalDollar", "balanceOf", balance)
    assert not (await world.custody(Books())).ok


@pytest.mark.parametrize(
    "books",
    [
        Books(available=501),
        Books(held=99),
        Books(fees=0),
        Books(credited=1_201, available=701),
        Books(withdrawn=249, available=551),
    ],
    ids=["too much", "too little", "fees lost", "credited more than was deposited", "paid more than was withdrawn"],
)
async def test_i4_is_false_when_the_engine_owes_something_else(world: World, books: Books) -> None:
    assert not (await world.custody(books)).ok
