"""Keepers are killed between any two steps, and as processes at any moment: credited once, settled once, paid once."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from custody_market import (
    ALICE,
    BOB,
    CONFIRMATIONS,
    QUICK,
    Chains,
    CustodyMarket,
    open_chains,
    open_market,
)
from deployed_chain import BASE, DOLLAR, OTHER, PRIMARY, Deployments

from stab3l.chain.contracts import Contract
from stab3l.chain.port import Receipt
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.clock import monotonic_s
from stab3l.exchange.gateway_client import GatewayClient, Submitted
from stab3l.keepers.deposits import DepositKeeper
from stab3l.keepers.settlement import ChainSettler, Sealer

pytestmark = [pytest.mark.anyio, pytest.mark.chain, pytest.mark.usefixtures("one_event_loop")]

ROOT = Path(__file__).parents[2]
RECIPIENT = b"\x77" * 20
RECIPIENT_ADDRESS = "0x" + RECIPIENT.hex()
PATIENCE_S = 90


class Killed(BaseException):
    """What a test raises where a process would die."""


@pytest.fixture(scope="module")
async def chains(deployments: Deployments) -> AsyncIterator[Chains]:
    async with open_chains(deployments) as chains:
        yield chains


@pytest.fixture
async def market(chains: Chains, tmp_path: Path) -> AsyncIterator[CustodyMarket]:
    async with open_market(chains, tmp_path / "home") as market:
        yield market


class MortalSender(Sender):
    """Dies at its transaction number ``dies_at``, before it is sent or after it is mined."""

    dies_at = 0
    after = False
    count = 0

    async def transact(self, contract: Contract, function: str, *args: Any, value: int = 0) -> Receipt:
        self.count += 1
        if self.count == self.dies_at and not self.after:
            raise Killed
        receipt = await super().transact(contract, function, *args, value=value)
        if self.count == self.dies_at:
            raise Killed
        return receipt


class ForgetfulClient:
    """A gateway client whose process dies after a submission, before it sees the answer."""

    def __init__(self, client: GatewayClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def submit(self, batch: bytes) -> Submitted:
        await self._client.submit(batch)
        raise Killed


def settler_of(market: CustodyMarket, dies_at: int = 0, *, after: bool = False) -> ChainSettler:
    place = market.primary
    sender = MortalSender(place.chain, Signer.load(market.home, "sequencer"), QUICK)
    sender.dies_at, sender.after = dies_at, after
    return ChainSettler(place.chain, place.config, market.operator, sender)


async def live_and_die(settler: ChainSettler) -> bool:
    """Whether it died in this round."""
    try:
        await settler.round()
    except Killed:
        return True
    except BaseExceptionGroup:
        return True
    return False


@pytest.mark.parametrize("after", [False, True])
async def test_killed_at_any_transaction_it_settles_and_pays_each_once(market: CustodyMarket, after: bool) -> None:
    await market.primary.deposit(ALICE, BASE, 1_000)
    market.primary.mine(CONFIRMATIONS)
    await DepositKeeper(market.primary.chain, market.primary.config, market.operator).round()
    for amount in (1, 20, 300):
        await market.withdraw(ALICE, market.asset(BASE), amount, RECIPIENT)
    await Sealer(market.operator).round()
    deaths = [await live_and_die(settler_of(market, dies_at, after=after)) for dies_at in (1, 1, 2, 3, 4)]
    assert deaths[0]
    await settler_of(market).round()
    assert await market.primary.balance(BASE, RECIPIENT_ADDRESS) == 321
    assert sorted(event["id"] for event in await market.primary.events("Withdrawn")) == [0, 1, 2]
    assert len(await market.primary.events("BatchSettled")) == 1


async def test_killed_after_a_submission_it_credits_and_seals_once(market: CustodyMarket) -> None:
    await market.primary.deposit(ALICE, BASE, 5)
    market.primary.mine(CONFIRMATIONS)
    forgetful: Any = ForgetfulClient(market.operator)
    place = market.primary
    with pytest.raises(Killed):
        await DepositKeeper(place.chain, place.config, forgetful).round()
    await DepositKeeper(place.chain, place.config, market.operator).round()
    assert await market.available(ALICE, market.asset(BASE)) == 5
    with pytest.raises(Killed):
        await Sealer(forgetful).round()
    await Sealer(market.operator).round()
    assert (await market.operator.status()).block == 1


@contextmanager
def keeper(market: CustodyMarket, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """A keeper as the process that it is in a network."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "STAB3L_KEEPER_SETTLEMENT_INTERVAL_S": "1"}
    with (market.home / f"{name}.log").open("ab") as log:
        command = [sys.executable, "-m", "stab3l", "keeper", name, "--home", str(market.home)]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)


async def until(condition: Any, market: CustodyMarket) -> None:
    deadline = monotonic_s() + PATIENCE_S
    while not await condition():
        told = "".join((market.home / f"{name}.log").read_text() for name in ("deposits", "settlement"))
        assert monotonic_s() < deadline, told
        await asyncio.sleep(0.1)


@pytest.mark.slow
async def test_processes_killed_at_any_moment_carry_every_fact_across_once(market: CustodyMarket) -> None:
    base, dollar = market.asset(BASE), market.asset(DOLLAR, OTHER)

    async def credited() -> bool:
        for place in market.places.values():
            place.mine(1)
        counts = [(await market.operator.chain_deposits(chain_id)).count for chain_id in (PRIMARY, OTHER)]
        return counts == [3, 3]

    async def paid() -> bool:
        for place in market.places.values():
            place.mine(1)
        got = await market.primary.balance(BASE, RECIPIENT_ADDRESS)
        return (got, await market.other.balance(DOLLAR, RECIPIENT_ADDRESS)) == (6, 15)

    def starts(name: str) -> int:
        return (market.home / f"{name}.log").read_text().count("keeper_started")

    def has_started(name: str, times: int) -> Callable[[], Awaitable[bool]]:
        async def look() -> bool:
            return starts(name) == times

        return look

    for amount in (100, 200, 300):
        await market.primary.deposit(ALICE, BASE, amount)
        await market.other.deposit(BOB, DOLLAR, amount)
    with keeper(market, "deposits"), keeper(market, "settlement"):
        await until(has_started("deposits", 1), market)
        await asyncio.sleep(0.2)
    with keeper(market, "deposits"):
        await until(credited, market)
    for round_ in range(3):
        await market.withdraw(ALICE, base, 1 + round_, RECIPIENT)
        await market.withdraw(BOB, dollar, 4 + round_, RECIPIENT)
        before = starts("settlement")
        with keeper(market, "settlement"):
            await until(has_started("settlement", before + 1), market)
            await asyncio.sleep(round_ * 0.4)

    before = starts("settlement")
    with keeper(market, "settlement") as last:
        await until(has_started("settlement", before + 1), market)
        await until(paid, market)
        last.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(last.wait, 30) == 0
    assert (await market.available(ALICE, base), await market.available(BOB, dollar)) == (594, 585)
    for chain_id in (PRIMARY, OTHER):
        place = market.places[chain_id]
        ids = [event["id"] for event in await place.events("Withdrawn")]
        assert sorted(ids) == ([0, 2, 4] if chain_id == PRIMARY else [1, 3, 5])
        batches = await place.events("BatchSettled")
        assert [b["firstInput"] for b in batches] == [1, *(b["lastInput"] + 1 for b in batches[:-1])]


async def test_a_keeper_waits_while_its_gateway_is_away(market: CustodyMarket) -> None:
    await market.primary.deposit(ALICE, BASE, 5)
    market.primary.mine(CONFIRMATIONS)
    market.gateway.kill()

    async def credited() -> bool:
        return (await market.operator.chain_deposits(PRIMARY)).count == 1

    (market.home / "settlement.log").touch()

    async def waits() -> bool:
        return "round_failed" in (market.home / "deposits.log").read_text()

    with keeper(market, "deposits") as process:
        await until(waits, market)
        await asyncio.sleep(0.5)
        assert process.poll() is None
        await asyncio.to_thread(market.gateway.start)
        await until(credited, market)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 30) == 0
