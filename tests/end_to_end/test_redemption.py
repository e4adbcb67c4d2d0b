"""Redeemed sSTB becomes a delivered job, or the buyer is compensated."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from compute_market import Actor, Market, acting, give_dollars, open_market
from deployed_chain import DOLLAR, Deployments

from stab3l.chain.contracts import decode_log
from stab3l.chain.signer import Signer
from stab3l.provider.deliveries import OrderState
from stab3l.provider.jobs import Job, Result, Status, document_hash, primes_job
from stab3l.provider.onboarding import Terms, onboard
from stab3l.provider.sandbox import run
from stab3l.units import STAKE_PERIOD_MIN_S, Operations, Wad

pytestmark = pytest.mark.chain

TERM_S = 365 * 86_400
DOLLARS = 10**12
STANDARD, ENTERPRISE = 0, 2
DELIVERY_STANDARD_S = 24 * 3_600
BUYER = bytes.fromhex("00" * 31 + "07")
AMOUNT = Wad(10**7 * 1_000)
"""Ten million units of fuel."""

PRODUCTS = 4
BOUGHT = Wad(10**15)
DELIVERED_WITHIN_S = 60


@pytest.fixture(scope="module")
def market(deployments: Deployments, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """A provider that minted and whose stake has ended; a buyer who holds its sSTB."""
    market = asyncio.run(open_market(deployments, tmp_path_factory.mktemp("market")))
    provider = Signer.load(market.home, "provider")
    asyncio.run(give_dollars(market, provider.address, DOLLARS))
    market.start("provider", "verifier-0", "verifier-1")
    with market.blocks_by_time():
        asyncio.run(onboard(market.home, terms=Terms(committed_s=TERM_S, products=PRODUCTS)))
    market.travel(STAKE_PERIOD_MIN_S + 1)
    asyncio.run(_sell(market, provider))
    yield market
    market.close()


async def _sell(market: Market, provider: Signer) -> None:
    async with acting(market, BUYER) as buyer:
        seller = Actor(market, buyer.chain, provider)
        await seller.sender.transact(market.contract("ProviderStaking"), "unstake", await _stake_id(seller))
        await seller.sender.transact(market.token("sSTBToken"), "transfer", buyer.address, BOUGHT)


async def _stake_id(provider: Actor) -> int:
    logs = await provider.chain.logs([provider.market.contract("ProviderStaking").address], 0, 10**6)
    decoded = (decode_log(provider.market.contract("ProviderStaking"), entry) for entry in logs)
    return next(int(event.args["stakeId"]) for event in decoded if event and event.event == "Staked")


def scene(market: Market, act: Callable[[Actor], Awaitable[None]]) -> None:
    async def play() -> None:
        async with acting(market, BUYER) as buyer:
            await act(buyer)

    asyncio.run(play())


def upload(market: Market, job: Job) -> bytes:
    name = document_hash(job.document())
    answer = httpx.put(
        f"{market.network.provider_url}/documents/{name.hex()}", content=job.document(), timeout=30, trust_env=False
    )
    assert answer.status_code in (200, 201), answer.text
    return name


async def redeem(buyer: Actor, job_hash: bytes, amount: int = AMOUNT, tier: int = STANDARD) -> int:
    provider = Signer.load(buyer.market.home, "provider").address
    uri = f"{buyer.market.network.provider_url}/documents/{job_hash.hex()}"
    await buyer.send("Redemption", "redeem", provider, amount, tier, job_hash, uri)
    return int(await buyer.read("Redemption", "orderCount"))


async def order_in_state(buyer: Actor, order_id: int, state: OrderState) -> object:
    deadline = time.monotonic() + DELIVERED_WITHIN_S
    while time.monotonic() < deadline:
        order = await buyer.read("Redemption", "orderOf", order_id)
        if order.state == state:
            return order
        buyer.market.mine(1)
        await asyncio.sleep(0.1)
    raise AssertionError(f"order {order_id} is {OrderState(order.state).name}, not {state.name}")


async def order_delivered(buyer: Actor, job_hash: bytes) -> None:
    """A whole order after those of the test: once it is delivered, the agent has looked at all before it."""
    await order_in_state(buyer, await redeem(buyer, job_hash), OrderState.DELIVERED)


def result_of(market: Market, name: bytes) -> Result:
    answer = httpx.get(f"{market.network.provider_url}/results/0x{name.hex()}", timeout=30, trust_env=False)
    assert answer.status_code == 200, answer.text
    assert document_hash(answer.content) == name
    return Result.parse(answer.content)


def test_a_redemption_is_delivered_and_the_buyer_can_check_the_result(market: Market) -> None:
    async def act(buyer: Actor) -> None:
        supply = await buyer.chain.call(market.token("sSTBToken"), "totalSupply")
        job = primes_job(10_000)
        order_id = await redeem(buyer, upload(market, job))
        assert await buyer.chain.call(market.token("sSTBToken"), "totalSupply") == supply - AMOUNT

        order = await order_in_state(buyer, order_id, OrderState.DELIVERED)
        result = result_of(market, order.resultHash)
        assert result.output == (1_229).to_bytes(4, "little")
        assert result == run(job, Operations(AMOUNT // 1_000), 10)
        assert order.workDone == result.fuel

        outstanding = await buyer.read("CollateralManager", "outstandingOf", order.provider)
        await buyer.send("Redemption", "confirm", order_id)
        assert await buyer.read("CollateralManager", "outstandingOf", order.provider) == outstanding - AMOUNT

    scene(market, act)


def test_a_job_that_needs_more_than_was_paid_is_delivered_as_out_of_fuel(market: Market) -> None:
    async def act(buyer: Actor) -> None:
        order_id = await redeem(buyer, upload(market, primes_job(1_000_000)), amount=5_000_000)
        order = await order_in_state(buyer, order_id, OrderState.DELIVERED)
        assert result_of(market, order.resultHash) == Result(Status.OUT_OF_FUEL, Operations(5_000))
        assert order.workDone == 5_000

    scene(market, act)


def test_a_job_that_is_uploaded_after_the_redemption_is_delivered_too(market: Market) -> None:
    async def act(buyer: Actor) -> None:
        job = primes_job(77)
        order_id = await redeem(buyer, document_hash(job.document()))
        await order_delivered(buyer, upload(market, primes_job(78)))
        assert (await buyer.read("Redemption", "orderOf", order_id)).state == OrderState.REQUESTED
        upload(market, job)
        await order_in_state(buyer, order_id, OrderState.DELIVERED)

    scene(market, act)


def test_an_agent_killed_with_orders_waiting_delivers_each_once_after_its_restart(market: Market) -> None:
    async def act(buyer: Actor) -> None:
        job_hash = upload(market, primes_job(50_000))
        first = await redeem(buyer, job_hash, amount=10 * 10**9)
        market.mine(2)
        market.kill("provider")
        second = await redeem(buyer, job_hash)
        market.start("provider")
        await order_in_state(buyer, first, OrderState.DELIVERED)
        await order_in_state(buyer, second, OrderState.DELIVERED)
        market.kill("provider")
        market.start("provider")
        await order_delivered(buyer, job_hash)

        redemption = market.contract("Redemption")
        logs = await buyer.chain.logs([redemption.address], 0, (await buyer.chain.head()).number)
        events = [event for event in (decode_log(redemption, entry) for entry in logs) if event is not None]
        delivered = [event.args["id"] for event in events if event.event == "Delivered"]
        assert delivered.count(first) == 1
        assert delivered.count(second) == 1

    scene(market, act)


def test_a_redemption_that_expires_compensates_the_buyer_from_collateral(market: Market) -> None:
    async def act(buyer: Actor) -> None:
        market.kill("provider")
        order_id = await redeem(buyer, document_hash(primes_job(13).document()), amount=BOUGHT // 10)
        provider = (await buyer.read("Redemption", "orderOf", order_id)).provider
        collateral = await buyer.read("CollateralManager", "collateralOf", provider)
        before = await buyer.balance(DOLLAR)
        market.travel(DELIVERY_STANDARD_S + 1)
        await buyer.send("Redemption", "expire", order_id)

        paid = await buyer.balance(DOLLAR) - before
        assert paid > 0
        assert await buyer.read("CollateralManager", "collateralOf", provider) == collateral - paid
        assert (await buyer.read("Redemption", "orderOf", order_id)).state == OrderState.COMPENSATED

        upload_after = primes_job(13)
        market.start("provider")
        await order_delivered(buyer, upload(market, upload_after))
        assert (await buyer.read("Redemption", "orderOf", order_id)).state == OrderState.COMPENSATED

    scene(market, act)
