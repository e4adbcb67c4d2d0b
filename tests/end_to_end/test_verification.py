"""A provider really computes, a committee really checks, sSTB is minted; a cheat mints nothing."""

from __future__ import annotations

import asyncio
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import httpx
from chain_anvil import RICH_KEY, ROOT
from compute_market import Actor, Market, acting, give_dollars, open_market
from deployed_chain import DEPTH, HAIRCUT_BPS, ROWS, WINDOW_BLOCKS, Deployments
from liar import Liar

from stab3l.chain.errors import ContractRejected
from stab3l.chain.rpc import RpcChain
from stab3l.chain.signer import Signer
from stab3l.chain.typed_data import typed_hash
from stab3l.client.redemption import Buyer, CapacityShort
from stab3l.compute.attestation import Attestation, AttestationRequest, committee_domain
from stab3l.compute.commitment import leaves, product_layers
from stab3l.compute.credit import cu_value_down, rate_down
from stab3l.compute.openings import Openings, open_entry
from stab3l.compute.product import row_blocks
from stab3l.compute.sampling import entries
from stab3l.compute.shape import Entries, Shape
from stab3l.compute.statement import ATTESTATION_TYPES, ComputeClass, ProofMethod, Statement, seed_of
from stab3l.devnet.deployment import COMMITTEE_THRESHOLD as THRESHOLD
from stab3l.hashing import keccak256, merkle_root
from stab3l.provider.committee import proof_of
from stab3l.provider.onboarding import Step, Terms, onboard
from stab3l.provider.outputs import claim_outputs
from stab3l.units import STAKE_PERIOD_MIN_S, WAD, Wad
from stab3l.watch.backing import board

pytestmark = pytest.mark.chain

TERM_S = 30 * 86_400
PRODUCTS = 3
DOLLARS = 10**12
HONEST = (0, 1)
DOWN, LYING = 2, 3


@pytest.fixture(scope="module")
def market(deployments: Deployments, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """Two honest members, one that is down, one that lies; two signatures are needed."""
    market = asyncio.run(open_market(deployments, tmp_path_factory.mktemp("market")))
    asyncio.run(give_dollars(market, Signer.load(market.home, "provider").address, DOLLARS))
    market.start("provider", *(f"verifier-{index}" for index in HONEST))
    with Liar(market.network.verifier_urls[LYING]):
        yield market
    market.close()


@pytest.fixture
def blocks_by_time(market: Market) -> Iterator[None]:
    with market.blocks_by_time():
        yield


# --- The honest way


@pytest.mark.usefixtures("blocks_by_time")
def test_real_compute_becomes_staked_sstb_although_one_verifier_is_down_and_one_lies(market: Market) -> None:
    steps: list[Step] = []
    terms = Terms(committed_s=TERM_S, products=PRODUCTS)
    claim = asyncio.run(onboard(market.home, terms=terms, on_step=steps.append))

    names = [step.name for step in steps if step.tx_hash]
    assert names == [
        "register", "approve collateral", "deposit collateral", "open challenge", "commit root", "prove", "mint",
    ]  # fmt: skip
    assert all(step.gas for step in steps if step.tx_hash)

    async def look() -> None:
        async with acting(market, RICH_KEY) as anyone:
            provider = Signer.load(market.home, "provider").address
            statement = Statement(*await anyone.read("ComputeUnitVerifier", "statementOf", claim.claim_id))
            rate = rate_down(Shape(ROWS, DEPTH, PRODUCTS), claim.seed_block, claim.commit_block, 1)
            assert statement.operations_per_second == rate
            assert claim.cu_value == cu_value_down(rate, TERM_S, HAIRCUT_BPS, Wad(WAD))
            assert await anyone.read("ProviderStaking", "stakedOf", provider) == claim.cu_value
            assert await anyone.chain.call(market.token("sSTBToken"), "totalSupply") == claim.cu_value
            assert await anyone.chain.call(market.token("CUToken"), "totalSupply") == 0
            collateral = await anyone.read("CollateralManager", "collateralOf", provider)
            assert collateral >= await anyone.read("CollateralManager", "requiredUp", claim.cu_value)

    asyncio.run(look())


def test_the_board_shows_what_was_proved_and_buyers_choose_by_it(market: Market) -> None:
    async def look() -> None:
        provider = Signer.load(market.home, "provider").address
        async with RpcChain(market.config) as chain:
            shown = (await board(chain, market.config)).as_dict()
        (one,) = [each for each in shown["providers"] if each["provider"] == provider]
        assert one["outstanding"] == shown["supply"] == shown["outstanding"] != "0"
        assert (one["method"], one["compute_class"], one["pending"]) == ("committee", "f32", "0")
        # What was minted is haircut; what was proved is not.
        assert one["covered_bps"] > 10_500
        async with RpcChain(market.config) as chain:
            buyer = Buyer(market.network, chain, market.rich(RICH_KEY))
            assert await buyer.choose(int(one["spare"]), 0) == provider
            with pytest.raises(CapacityShort):
                await buyer.choose(int(one["spare"]) + 1, 0)

    asyncio.run(look())


def test_the_digest_that_members_sign_is_the_contracts(market: Market) -> None:
    async def compare() -> None:
        async with acting(market, RICH_KEY) as anyone:
            fields = (7, anyone.address, 2, 64, 96, 3, 11, 12, b"\x01" * 32, b"\x02" * 32, b"\x03" * 32, 10**20)
            domain = committee_domain(market.config.chain_id, market.contract("CommitteeProof").address)
            signed = typed_hash(domain, ATTESTATION_TYPES, Statement(*fields).attestation())
            assert signed == await anyone.read("CommitteeProof", "digestOf", fields)

    asyncio.run(compare())


@pytest.mark.usefixtures("blocks_by_time")
def test_onboarding_again_does_nothing(market: Market) -> None:
    steps: list[Step] = []
    first = asyncio.run(onboard(market.home, terms=Terms(committed_s=TERM_S)))
    again = asyncio.run(onboard(market.home, terms=Terms(committed_s=TERM_S), on_step=steps.append))
    assert (again, steps) == (first, [])


RENEW = f"""
from stab3l.provider.onboarding import Terms, onboard
async def main():
    await onboard(home, terms=Terms(committed_s={TERM_S}, products=8), renew=True,
                  on_step=lambda step: print(step.name, flush=True))
anyio.run(main)
"""


@pytest.mark.usefixtures("blocks_by_time")
def test_an_agent_killed_after_each_of_its_steps_mints_once(market: Market) -> None:
    async def count(function: str) -> int:
        async with acting(market, RICH_KEY) as anyone:
            return int(await anyone.read("ComputeUnitVerifier", function))

    before = asyncio.run(count("claimCount"))
    for step in ("open challenge", "compute", "commit root", "attest", "prove", "mint"):
        run_until(market, RENEW, step)
    assert asyncio.run(count("claimCount")) == before + 1

    async def staked() -> tuple[int, int]:
        async with acting(market, RICH_KEY) as anyone:
            provider = Signer.load(market.home, "provider").address
            values = [
                (await anyone.read("ComputeUnitVerifier", "claimOf", claim)).cuValue for claim in range(1, before + 2)
            ]
            return await anyone.read("ProviderStaking", "stakedOf", provider), sum(values)

    stake, proven = asyncio.run(staked())
    assert stake == proven


def run_until(market: Market, code: str, step: str) -> None:
    """Runs the agent and kills it with signal 9 as soon as it says that it did ``step``."""
    script = f"from pathlib import Path\nimport anyio\nhome = Path({str(market.home)!r})\n{code}"
    with (
        (market.home / "onboard.log").open("ab") as log,
        subprocess.Popen(
            [sys.executable, "-c", script], cwd=ROOT, env={"PYTHONPATH": str(ROOT / "src")},
            stdout=subprocess.PIPE, stderr=log, text=True,
        ) as agent,
    ):  # fmt: skip
        assert agent.stdout is not None
        said = []
        for line in agent.stdout:
            said.append(line.strip())
            if said[-1] == step:
                agent.kill()
                return
        agent.wait(timeout=60)
    raise AssertionError(f"the agent ended without {step!r}; it said {said}")


# --- Cheats


class Cheat:
    """A provider that goes its way step by step and may do each step wrong. A block is mined for each transaction."""

    def __init__(self, market: Market, actor: Actor) -> None:
        self.market = market
        self.actor = actor
        self.claim_id = 0
        self.products: list[Entries] = []

    async def open(self, products: int = 1) -> bytes:
        """Registers and opens; returns the seed."""
        await self.actor.send("ComputeUnitVerifier", "register", ProofMethod.COMMITTEE, STAKE_PERIOD_MIN_S)
        await self.actor.send("ComputeUnitVerifier", "openChallenge", ComputeClass.F32, TERM_S, products)
        self.claim_id = await self.actor.read("ComputeUnitVerifier", "lastClaimOf", self.actor.address)
        self.shape = Shape(ROWS, DEPTH, products)
        claim = await self.actor.read("ComputeUnitVerifier", "claimOf", self.claim_id)
        self.market.mine(claim.seedBlock - (await self.actor.chain.head()).number)
        block = await self.actor.chain.block(claim.seedBlock)
        return seed_of(block.hash, self.claim_id, self.actor.address, ComputeClass.F32)

    def compute(self, seed: bytes) -> None:
        self.products = [
            np.concatenate(list(row_blocks(seed, self.shape, product)), dtype=">i4")
            for product in range(self.shape.products)
        ]

    async def commit(self) -> Statement:
        """Commits and waits until the sample block is confirmed."""
        outputs = claim_outputs(self.market.home, self.claim_id)
        for product, entries_ in enumerate(self.products):
            path = outputs.product_path(product)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(entries_.tobytes())
        self.layers = [product_layers(leaves(product)) for product in self.products]
        roots = b"".join(merkle_root(layers) for layers in self.layers)
        root = merkle_root(product_layers(roots))
        await self.actor.send("ComputeUnitVerifier", "commitRoot", self.claim_id, root)
        self.market.mine(5)
        return Statement(*await self.actor.read("ComputeUnitVerifier", "statementOf", self.claim_id))

    def openings(self, sample_seed: bytes) -> Openings:
        return Openings(
            roots=tuple(merkle_root(layers) for layers in self.layers),
            openings=tuple(
                open_entry(
                    self.shape, self.layers[entry.product], self.products[entry.product][entry.row].tobytes(), entry
                )
                for entry in entries(sample_seed, self.shape)
            ),
        )

    def ask(self, openings: Openings, member: int = 0, **changes: object) -> httpx.Response:
        request = AttestationRequest(self.claim_id, self.market.network.provider_url, openings)
        body = msgspec.to_builtins(request) | changes
        url = f"{self.market.network.verifier_urls[member]}/attestations"
        return httpx.post(url, content=msgspec.json.encode(body), timeout=60, trust_env=False)


def code_of(answer: httpx.Response) -> str:
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
    assert "signature" not in answer.json()
    return str(answer.json()["code"])


async def nothing_was_minted(actor: Actor) -> None:
    claim_id = await actor.read("ComputeUnitVerifier", "lastClaimOf", actor.address)
    with pytest.raises(ContractRejected):
        await actor.send("MintingAgent", "mint", claim_id)
    assert await actor.read("ProviderStaking", "stakedOf", actor.address) == 0


def test_an_honest_provider_of_this_kind_is_attested(market: Market) -> None:
    """The control: with every step done right the same path succeeds, so what fails below fails for its own reason."""

    async def scene() -> None:
        async with acting(market, secrets.token_bytes(32)) as actor:
            honest = Cheat(market, actor)
            honest.compute(await honest.open(products=2))
            statement = await honest.commit()
            openings = honest.openings(statement.sample_seed)
            answers = [honest.ask(openings, member) for member in HONEST]
            assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
            given = [msgspec.json.decode(answer.content, type=Attestation) for answer in answers]
            proof = proof_of({one.signer: one.signature for one in given}, THRESHOLD)
            await actor.send("ComputeUnitVerifier", "prove", honest.claim_id, proof)

    asyncio.run(scene())


def test_one_wrong_entry_in_a_whole_product_is_not_attested(market: Market) -> None:
    async def scene() -> None:
        async with acting(market, secrets.token_bytes(32)) as actor:
            cheat = Cheat(market, actor)
            cheat.compute(await cheat.open())
            cheat.products[0][17, 31] += 1
            statement = await cheat.commit()
            code = code_of(cheat.ask(cheat.openings(statement.sample_seed)))
            sampled = (17, 31) in [(entry.row, entry.column) for entry in entries(statement.sample_seed, cheat.shape)]
            assert code == ("entry_wrong" if sampled else "product_wrong")
            await nothing_was_minted(actor)

    asyncio.run(scene())


def test_a_product_of_a_stale_seed_is_not_attested(market: Market) -> None:
    async def scene() -> None:
        async with acting(market, secrets.token_bytes(32)) as actor:
            cheat = Cheat(market, actor)
            await cheat.open()
            cheat.compute(keccak256(b"the seed of an earlier claim"))
            statement = await cheat.commit()
            assert code_of(cheat.ask(cheat.openings(statement.sample_seed))) == "entry_wrong"
            await nothing_was_minted(actor)

    asyncio.run(scene())


def test_samples_chosen_by_the_root_are_not_accepted(market: Market) -> None:
    async def scene() -> None:
        async with acting(market, secrets.token_bytes(32)) as actor:
            cheat = Cheat(market, actor)
            cheat.compute(await cheat.open())
            statement = await cheat.commit()
            assert code_of(cheat.ask(cheat.openings(keccak256(statement.root)))) == "tile_mismatch"

    asyncio.run(scene())


def test_a_product_that_is_not_published_is_not_attested(market: Market) -> None:
    async def scene() -> None:
        async with acting(market, secrets.token_bytes(32)) as actor:
            cheat = Cheat(market, actor)
            cheat.compute(await cheat.open())
            statement = await cheat.commit()
            openings = cheat.openings(statement.sample_seed)
            claim_outputs(market.home, cheat.claim_id).discard()
            answer = cheat.ask(openings)
            assert (answer.status_code, code_of(answer)) == (503, "product_unavailable")
            assert int(answer.headers["retry-after"]) >= 1

    asyncio.run(scene())


def test_another_product_than_the_committed_one_is_not_attested(market: Market) -> None:
    async def scene() -> None:
        async with acting(market, secrets.token_bytes(32)) as actor:
            cheat = Cheat(market, actor)
            seed = await cheat.open()
            cheat.compute(seed)
            right = cheat.products[0].tobytes()
            cheat.products[0][0, 0] += 1
            statement = await cheat.commit()
            claim_outputs(market.home, cheat.claim_id).product_path(0).write_bytes(right)
            code = code_of(cheat.ask(cheat.openings(statement.sample_seed)))
            sampled = (0, 0) in [(entry.row, entry.column) for entry in entries(statement.sample_seed, cheat.shape)]
            assert code == ("entry_wrong" if sampled else "product_root_mismatch")

    asyncio.run(scene())


def test_a_late_commit_mints_nothing(market: Market) -> None:
    async def scene() -> None:
        async with acting(market, secrets.token_bytes(32)) as actor:
            cheat = Cheat(market, actor)
            cheat.compute(await cheat.open())
            market.mine(WINDOW_BLOCKS)
            with pytest.raises(ContractRejected) as refused:
                await cheat.commit()
            assert refused.value.error_name == "CommitTooLate"
            await nothing_was_minted(actor)

    asyncio.run(scene())


def test_signatures_of_strangers_prove_nothing(market: Market) -> None:
    async def scene() -> None:
        async with acting(market, secrets.token_bytes(32)) as actor:
            cheat = Cheat(market, actor)
            cheat.compute(await cheat.open())
            statement = await cheat.commit()
            domain = committee_domain(market.config.chain_id, market.contract("CommitteeProof").address)
            strangers = [Signer(secrets.token_bytes(32)) for _ in range(THRESHOLD)]
            signatures = {
                stranger.address: stranger.sign_typed(domain, ATTESTATION_TYPES, statement.attestation())
                for stranger in strangers
            }
            with pytest.raises(ContractRejected) as refused:
                await actor.send("ComputeUnitVerifier", "prove", cheat.claim_id, proof_of(signatures, THRESHOLD))
            assert refused.value.error_name == "SignerUnknown"
            await nothing_was_minted(actor)

    asyncio.run(scene())


def test_a_claim_is_attested_only_when_its_samples_are_confirmed(market: Market) -> None:
    async def scene() -> None:
        async with acting(market, secrets.token_bytes(32)) as actor:
            cheat = Cheat(market, actor)
            cheat.compute(await cheat.open())
            empty = Openings((), ())
            answer = cheat.ask(empty)
            assert (answer.status_code, code_of(answer)) == (422, "claim_not_committed")
            root = keccak256(b"any root")
            await actor.send("ComputeUnitVerifier", "commitRoot", cheat.claim_id, root)
            for _ in range(4):
                assert code_of(cheat.ask(empty)) == "claim_unconfirmed"
                market.mine(1)
            assert code_of(cheat.ask(empty)) == "opening_malformed"

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"claim_id": 10**6}, 404, "claim_unknown"),
        ({"claim_id": 0}, 400, "invalid"),
        ({"claim_id": "x"}, 400, "invalid"),
        ({"provider_url": "file:///etc/passwd"}, 400, "url_invalid"),
        ({"provider_url": "http://x/" + "a" * 300}, 400, "invalid"),
        ({"openings": {"roots": "no list", "openings": []}}, 400, "invalid"),
        ({"more": 1}, 400, "invalid"),
        ({"padding": "a" * (17 << 20)}, 413, "body_too_large"),
    ],
)
def test_a_malformed_request_gets_a_problem(market: Market, changes: dict[str, object], status: int, code: str) -> None:
    body = {"claim_id": 1, "provider_url": "http://127.0.0.1:1", "openings": {"roots": [], "openings": []}} | changes
    url = f"{market.network.verifier_urls[0]}/attestations"
    answer = httpx.post(url, content=msgspec.json.encode(body), timeout=60, trust_env=False)
    assert (answer.status_code, code_of(answer)) == (status, code)


def test_a_member_ends_cleanly_when_it_is_told_to(market: Market) -> None:
    market.start(f"verifier-{DOWN}")
    member = market.processes.pop(f"verifier-{DOWN}")
    member.terminate()
    started = time.monotonic()
    assert member.wait(timeout=20) == 0
    assert time.monotonic() - started < 10
