"""A provider proves in zero knowledge on a real chain; a false claim is found by anyone who looks, and paid for."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from chain_anvil import RICH_KEY, ROOT
from compute_market import Market, acting, give_dollars, open_market
from deployed_chain import DOLLAR, Deployments, circuit_key

from stab3l.chain.errors import ContractRejected
from stab3l.chain.signer import Signer
from stab3l.compute.commitment import leaves, product_layers
from stab3l.compute.grid import draw, fold, lines_words
from stab3l.compute.product import row_blocks
from stab3l.compute.shape import Shape
from stab3l.compute.statement import ProofMethod
from stab3l.hashing import merkle_root
from stab3l.provider.circuit import TOOLS, Circuit
from stab3l.provider.claims import ClaimState
from stab3l.provider.onboarding import Step, Terms, onboard
from stab3l.provider.outputs import Outputs
from stab3l.testing.proof_fixtures import FOLDER, claim_fixture, entry_bytes, fault_fixture, small_claim
from stab3l.testing.proof_fixtures import WRONG as FALSE_ENTRY
from stab3l.verifier.recheck import ArtifactsForeign, Committed, ProviderArtifacts, committed_claim, recheck, report

pytestmark = pytest.mark.chain

TERM_S = 30 * 86_400
DOLLARS = 10**12
WRONG_ROW, WRONG_COLUMN = 77, 5


@pytest.fixture(scope="module")
def circuit(tmp_path_factory: pytest.TempPathFactory) -> Circuit:
    found = Circuit(TOOLS, tmp_path_factory.mktemp("circuits") / "84", circuit_key()["depth"])
    found.build()
    return found


@pytest.fixture(scope="module")
def market(deployments: Deployments, circuit: Circuit, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """No committee; the provider has its circuit already."""
    market = asyncio.run(open_market(deployments, tmp_path_factory.mktemp("market")))
    asyncio.run(give_dollars(market, Signer.load(market.home, "provider").address, DOLLARS))
    (market.home / "circuits").mkdir()
    (market.home / "circuits" / str(circuit.depth)).symlink_to(circuit.folder)
    market.start("provider")
    yield market
    market.close()


# --- The circuit and its keys


def test_the_committed_keys_follow_from_the_circuit_and_the_seed(circuit: Circuit) -> None:
    made = circuit.build()
    assert made.development
    assert list(made.words) == circuit_key()["words"]


def test_the_committed_fixtures_are_what_this_code_makes() -> None:
    stored = json.loads((FOLDER / "proved_claim.json").read_text())
    assert {name: stored[name] for name in claim_fixture(small_claim())} == claim_fixture(small_claim())
    assert json.loads((FOLDER / "false_claim.json").read_text()) == fault_fixture(small_claim(FALSE_ENTRY), FALSE_ENTRY)


def test_circuit_and_reference_fold_the_same(circuit: Circuit) -> None:
    claim = small_claim(name=b"any claim")
    proof = circuit.prove(claim.statement)
    values = [entry_bytes(claim.open(entry), entry) for entry in draw(claim.statement).crossings]
    assert proof.fold == fold(claim.statement, lines_words(claim.statement), values, proof.gamma)


def test_a_wrong_word_gives_another_fold(circuit: Circuit) -> None:
    claim = small_claim()
    words = lines_words(claim.statement)
    words[0][0] ^= 1
    proof = circuit.prove_words(claim.statement, words)
    values = [entry_bytes(claim.open(entry), entry) for entry in draw(claim.statement).crossings]
    assert proof.fold != fold(claim.statement, lines_words(claim.statement), values, proof.gamma)


# --- On a chain


def test_a_zero_knowledge_proof_becomes_staked_sstb(market: Market) -> None:
    steps: list[Step] = []
    terms = Terms(committed_s=TERM_S, products=2, method=ProofMethod.ZKP)
    with market.blocks_by_time():
        claim = asyncio.run(onboard(market.home, terms=terms, on_step=steps.append))
    names = [step.name for step in steps if step.tx_hash]
    assert names[-5:] == ["open challenge", "commit root", "open samples", "prove", "mint"]
    assert claim.shape is not None
    assert claim.shape.depth == circuit_key()["depth"]

    async def look() -> None:
        async with acting(market, RICH_KEY) as anyone:
            provider = Signer.load(market.home, "provider").address
            assert await anyone.read("ProviderStaking", "stakedOf", provider) == claim.cu_value > 0

    asyncio.run(look())


async def _committed(market: Market, claim_id: int) -> Committed:
    async with acting(market, RICH_KEY) as anyone:
        return await committed_claim(anyone.chain, market.config, claim_id)


def test_anyone_rechecks_a_right_claim_from_the_chain_and_the_providers_outputs(market: Market) -> None:
    claim = asyncio.run(_committed(market, 1))
    assert recheck(claim, ProviderArtifacts(market.url("provider"), 1)) is None


def test_outputs_of_another_claim_say_nothing(market: Market) -> None:
    claim = asyncio.run(_committed(market, 1))
    other = Committed(1, claim.provider, claim.state, claim.shape, claim.seed, bytes(32))
    with pytest.raises(ArtifactsForeign):
        recheck(other, ProviderArtifacts(market.url("provider"), 1))


def test_a_false_claim_passes_the_samples_and_is_found_revoked_and_paid_for(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Outputs.write_product

    def cheat(self: Outputs, seed: bytes, shape: Shape, product: int, *_: object) -> bytes:
        if product != 1:
            return honest(self, seed, shape, product)
        rows = np.concatenate(list(row_blocks(seed, shape, product))).astype(">i4")
        rows[WRONG_ROW, WRONG_COLUMN] += 3
        layers = product_layers(leaves(rows))
        self.product_path(product).write_bytes(rows.tobytes())
        self._layers_path(product).write_bytes(layers)
        return merkle_root(layers)

    monkeypatch.setattr(Outputs, "write_product", cheat)
    market.travel(TERM_S)
    terms = Terms(committed_s=TERM_S, products=3, method=ProofMethod.ZKP)
    with market.blocks_by_time():
        claim = asyncio.run(onboard(market.home, terms=terms, renew=True))

    fault = recheck(
        asyncio.run(_committed(market, claim.claim_id)), ProviderArtifacts(market.url("provider"), claim.claim_id)
    )
    assert fault is not None
    assert (fault.entry.product, fault.entry.row, fault.entry.column) == (1, WRONG_ROW, WRONG_COLUMN)
    assert fault.committed == fault.right + 3

    async def show() -> None:
        async with acting(market, b"\x0f" * 32) as finder:
            bounty, receipt = await report(finder.sender, market.config, claim.claim_id, fault)
            assert bounty == await finder.balance(DOLLAR) > 0
            assert receipt.gas_used < 200_000
            found = await finder.read("ComputeUnitVerifier", "claimOf", claim.claim_id)
            assert found.state == ClaimState.REVOKED
            with pytest.raises(ContractRejected):
                await report(finder.sender, market.config, claim.claim_id, fault)

    asyncio.run(show())


def test_the_tools_are_where_a_checkout_has_them() -> None:
    assert (ROOT / "contracts" / "circuits") == TOOLS
