"""A provider proves by an enclave of software, and its agent keeps its credit: after decay, and when it is summoned."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from chain_anvil import RICH_KEY
from compute_market import Actor, Market, acting, give_dollars, open_market
from deployed_chain import Deployments

from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.compute.statement import ProofMethod
from stab3l.keepers.reverification import ReverificationKeeper, summons
from stab3l.provider.claims import ClaimState, last_claim
from stab3l.provider.onboarding import Terms, onboard

pytestmark = pytest.mark.chain

TERM_S = 30 * 86_400
DAY_S = 86_400
WITHIN_S = 240
SEED_PERIOD = 16
KEEPER_KEY = b"\x0e" * 32


@pytest.fixture(scope="module")
def market(deployments: Deployments, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """Two members of the committee, and a provider who minted once."""
    market = asyncio.run(open_market(deployments, tmp_path_factory.mktemp("market")))
    market.reproves = True
    asyncio.run(give_dollars(market, Signer.load(market.home, "provider").address, 10**12))
    asyncio.run(_seed_together(market))
    market.start("verifier-0", "verifier-1")
    yield market
    market.close()


async def _seed_together(market: Market) -> None:
    """Governance lets claims be seeded only in every sixteenth block, so that there is time to hear of a summons."""
    timelock = market.contract("Timelock").address
    async with acting(market, RICH_KEY) as anyone:
        standard = await anyone.read("ComputeUnitVerifier", "standard")
    target = market.contract("ComputeUnitVerifier")
    data = target.encode("setStandard", ((*standard[:-1], SEED_PERIOD),))
    market.anvil.ask("anvil_setBalance", timelock, hex(10**20))
    market.anvil.ask("anvil_impersonateAccount", timelock)
    market.anvil.ask("eth_sendTransaction", {"from": timelock, "to": target.address, "data": "0x" + data.hex()})
    market.anvil.ask("anvil_stopImpersonatingAccount", timelock)


async def _until(anyone: Actor, what: str, holds: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not await holds():
        assert time.monotonic() < deadline, f"{what}: not within {WITHIN_S} s"
        await asyncio.sleep(0.3)


def test_an_enclaves_claim_mints_its_credit_decays_and_comes_back_and_a_summons_is_answered(market: Market) -> None:
    provider = Signer.load(market.home, "provider").address

    async def story() -> None:
        steps: list[str] = []
        terms = Terms(committed_s=TERM_S, products=2, method=ProofMethod.TEE)
        minted = await onboard(market.home, terms=terms, on_step=lambda step: steps.append(step.name))
        assert steps[-3:] == ["enrol enclave", "prove", "mint"]
        market.travel(2 * DAY_S)
        async with acting(market, RICH_KEY) as anyone:
            assert await anyone.read("Reverification", "creditBpsOf", provider) == 0
            await asyncio.to_thread(market.start, "provider")

            async def credited() -> bool:
                return int(await anyone.read("Reverification", "creditBpsOf", provider)) > 9_000

            await _until(anyone, "the credit's return", credited)
            again = await last_claim(anyone.chain, market.config, provider)
            assert (again.claim_id, again.state, again.cu_value) == (minted.claim_id + 1, ClaimState.CONSUMED, 0)
            assert await anyone.read("CollateralManager", "outstandingOf", provider) == minted.cu_value
            await _summoned_and_answered(market, anyone, provider)

    with market.blocks_by_time():
        asyncio.run(story())


async def _summoned_and_answered(market: Market, anyone: Actor, provider: str) -> None:
    signer = market.rich(KEEPER_KEY)
    keeper = ReverificationKeeper(anyone.chain, market.config, Sender(anyone.chain, signer))

    async def summoned() -> bool:
        await keeper.round()
        return int(await anyone.read("Reverification", "summonedEpoch")) > 0

    await _until(anyone, "a summons", summoned)
    epoch = await anyone.read("Reverification", "summonedEpoch")
    block = await anyone.chain.block(epoch * 32)
    assert summons(block.hash, 10_000)

    async def answered() -> bool:
        return int(await anyone.read("Reverification", "answeredOf", provider)) >= epoch

    await _until(anyone, "the answer", answered)
    claim = await last_claim(anyone.chain, market.config, provider)
    assert claim.seed_block == await anyone.read("Reverification", "seedBlock")
    assert await anyone.read("Reverification", "creditBpsOf", provider) > 9_000
