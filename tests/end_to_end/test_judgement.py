"""Disputes on a real chain: the committee runs the job again; a lying provider pays, and so does a lying buyer."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from chain_anvil import RICH_KEY
from compute_market import Actor, Market, acting, give_dollars, open_market
from deployed_chain import DOLLAR, Deployments

from stab3l.chain.contracts import decode_log
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.client.disputes import bring_to_judgement, dispute
from stab3l.errors import Rejected
from stab3l.hashing import keccak256
from stab3l.provider.jobs import document_hash, primes_job
from stab3l.provider.matrix_jobs import MatrixJob
from stab3l.provider.onboarding import Terms, onboard
from stab3l.units import STAKE_PERIOD_MIN_S

pytestmark = pytest.mark.chain

TERM_S = 365 * 86_400
DOLLARS = 10**12
AMOUNT = 10**9
"""[wad CU] A million operations."""

DELIVERED, SETTLED, COMPENSATED = 2, 4, 5
Act = Callable[[Actor], Awaitable[None]]


@pytest.fixture(scope="module")
def market(deployments: Deployments, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """A provider that has minted and sold to the buyer, and two members of the committee."""
    market = asyncio.run(open_market(deployments, tmp_path_factory.mktemp("market")))
    asyncio.run(give_dollars(market, Signer.load(market.home, "provider").address, DOLLARS))
    market.start("provider", "verifier-0", "verifier-1")
    with market.blocks_by_time():
        asyncio.run(onboard(market.home, terms=Terms(committed_s=TERM_S, products=3)))
    asyncio.run(_sell(market))
    yield market
    market.close()


async def _sell(market: Market) -> None:
    market.travel(STAKE_PERIOD_MIN_S)
    provider = Signer.load(market.home, "provider")
    async with acting(market, RICH_KEY) as buyer:
        sender = Sender(buyer.chain, provider)
        staking = market.contract("ProviderStaking")
        logs = await buyer.chain.logs([staking.address], 0, (await buyer.chain.head()).number)
        events = [event for event in (decode_log(staking, entry) for entry in logs) if event is not None]
        stake = next(event.args["stakeId"] for event in events if event.event == "Staked")
        await sender.transact(staking, "unstake", stake)
        await sender.transact(market.token("sSTBToken"), "transfer", buyer.address, 100 * AMOUNT)
    await give_dollars(market, buyer.address, DOLLARS)


def scene(market: Market, act: Act) -> None:
    async def play() -> None:
        async with acting(market, RICH_KEY) as buyer:
            await act(buyer)

    asyncio.run(play())


async def _redeem(buyer: Actor, document: bytes) -> int:
    name = document_hash(document)
    url = f"{buyer.market.network.provider_url}/documents/{name.hex()}"
    async with httpx.AsyncClient(trust_env=False) as client:
        (await client.put(url, content=document)).raise_for_status()
    provider = Signer.load(buyer.market.home, "provider").address
    await buyer.send("Redemption", "redeem", provider, AMOUNT, 0, name, url)
    return int(await buyer.read("Redemption", "orderCount"))


async def _delivered(buyer: Actor, order: int) -> bytes:
    for _ in range(200):
        buyer.market.mine(1)
        found = await buyer.read("Redemption", "orderOf", order)
        if found.state == DELIVERED:
            return bytes(found.resultHash)
        await asyncio.sleep(0.1)
    raise AssertionError("nothing was delivered")


async def _judged(buyer: Actor, order: int, job: bytes | None = None) -> bool:
    bond, _ = await dispute(buyer.market.network, buyer.chain, buyer.sender, order)
    assert bond == await buyer.read("Redemption", "bondOf", order)
    buyer.market.mine(3)
    delivered, receipt = await bring_to_judgement(buyer.market.network, buyer.chain, buyer.sender, order, job)
    assert receipt.gas_used < 250_000
    return delivered


def test_a_matrix_job_is_delivered_and_a_buyer_who_lies_is_told_so(market: Market) -> None:
    async def act(buyer: Actor) -> None:
        rng = np.random.default_rng(1)
        a, b = (rng.integers(-128, 128, shape, dtype=np.int8) for shape in ((20, 300), (300, 10)))
        order = await _redeem(buyer, MatrixJob(a, b).document())
        await _delivered(buyer, order)
        found = await buyer.read("Redemption", "orderOf", order)
        assert found.workDone == 2 * 20 * 300 * 10
        name = bytes(found.resultHash).hex()
        async with httpx.AsyncClient(trust_env=False) as client:
            document = (await client.get(f"{market.network.provider_url}/results/{name}")).content
        wanted = (a.astype(np.int64) @ b.astype(np.int64)).astype(">i4").tobytes()
        assert document[9:] == wanted
        assert await _judged(buyer, order) is True
        assert (await buyer.read("Redemption", "orderOf", order)).state == SETTLED

    scene(market, act)


def test_a_wrong_result_is_found_by_running_the_job_again(market: Market) -> None:
    async def act(buyer: Actor) -> None:
        market.kill("provider")
        document = primes_job(50).document()
        provider = Signer.load(market.home, "provider")
        await buyer.send("Redemption", "redeem", provider.address, AMOUNT, 0, document_hash(document), "https://gone")
        order = int(await buyer.read("Redemption", "orderCount"))
        sender = Sender(buyer.chain, provider)
        result = keccak256(b"a result that was never computed")
        await sender.transact(market.contract("Redemption"), "deliver", order, result, 10**6, "https://gone")
        before = await buyer.balance(DOLLAR)
        with pytest.raises(Rejected):
            # The provider is away, and nobody else has the job.
            await _judged(buyer, order)
        verdict, _ = await bring_to_judgement(market.network, buyer.chain, buyer.sender, order, document)
        assert verdict is False
        assert (await buyer.read("Redemption", "orderOf", order)).state == COMPENSATED
        assert await buyer.balance(DOLLAR) >= before
        market.start("provider")

    scene(market, act)


def test_what_nobody_disputes_is_not_judged(market: Market) -> None:
    async def act(buyer: Actor) -> None:
        order = await _redeem(buyer, primes_job(60).document())
        await _delivered(buyer, order)
        buyer.market.mine(3)
        with pytest.raises(Rejected):
            await bring_to_judgement(market.network, buyer.chain, buyer.sender, order)

    scene(market, act)
