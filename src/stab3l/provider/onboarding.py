"""From nothing to minted sSTB. Each step first looks at the chain, so a killed agent goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

import anyio
import anyio.to_thread
import httpx
import structlog

from stab3l.chain.contracts import contract, contract_at, decode_log
from stab3l.chain.errors import ContractRejected
from stab3l.chain.port import Receipt
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.clock import monotonic_s
from stab3l.compute.attestation import AttestationRequest
from stab3l.compute.credit import cu_value_down, standard_rate_down
from stab3l.compute.product import Workspace
from stab3l.compute.runner import runner_of
from stab3l.compute.shape import Shape
from stab3l.compute.statement import ComputeClass, ProofMethod, Statement, seed_block_after, seed_of
from stab3l.config import Network, load_network
from stab3l.enclave.local import SoftwareEnclave, require_test_root_allowed
from stab3l.enclave.port import Enclave
from stab3l.errors import Rejected, Unavailable
from stab3l.provider.circuit import Circuit, circuit_of
from stab3l.provider.claims import BLOCKHASH_BLOCKS, Claim, ClaimState, NextAct, last_claim, next_act
from stab3l.provider.committee import collect, committee_of
from stab3l.provider.enrolling import Enrolment
from stab3l.provider.outputs import Complete, Outputs, claim_outputs, discard_other_claims
from stab3l.provider.pace import products_for, seconds_at_most, seconds_per_product
from stab3l.provider.turn import proving_turn
from stab3l.units import BASIS_POINTS, STAKE_PERIOD_MIN_S, Wad, mul_div_up

log = structlog.get_logger(__name__)

ROLE: Final = "provider"
COLLATERAL_MARGIN_BPS: Final = 15_000
"""Of the collateral for the expected CU value: the credited rate may turn out higher than the trial's."""

CLAIMS_MAX: Final = 3
"""Claims that one run opens before it gives up."""

PATIENCE_S: Final = 180
"""How long a chain may be away before the run gives up; a later run goes on."""

_PAUSE_S: Final = 0.2


class OnboardingFailed(Rejected):
    """Every claim that was opened failed. ``values``: ``claims`` (how many)."""

    code: ClassVar[str] = "onboarding_failed"


class SummonsMissed(Rejected):
    """No claim can answer the summons any more. ``values``: ``seed_block``."""

    code: ClassVar[str] = "summons_missed"


class CollateralShort(Rejected):
    """The provider does not hold the collateral that its claim needs. ``values``: ``needed``, ``held`` (base units)."""

    code: ClassVar[str] = "collateral_short"


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was done. ``tx_hash`` and ``gas`` are None for a step without a transaction."""

    name: str
    tx_hash: bytes | None = None
    gas: int | None = None
    values: Mapping[str, object] = field(default_factory=dict)


OnStep = Callable[[Step], None]


@dataclass(frozen=True, slots=True)
class Terms:
    """What the provider offers."""

    stake_period_s: int = STAKE_PERIOD_MIN_S
    committed_s: int = STAKE_PERIOD_MIN_S
    """Term over which the rate is promised; at least the stake period."""
    products: int | None = None
    """R; None: as many as this machine computes in about twelve blocks."""
    method: ProofMethod = ProofMethod.COMMITTEE
    """How the claim is proved."""
    compute_class: ComputeClass = ComputeClass.F32
    rate_max: int | None = None
    """Standard operations per second that are not exceeded: R is chosen and the commitment held back for it."""
    seed_block: int | None = None
    """The seed block that the claim must get, so that it answers a summons; None: the next one."""
    mint: bool = True
    """Whether what is proved is minted."""


async def onboard(
    home: Path, *, terms: Terms | None = None, renew: bool = False, on_step: OnStep = lambda step: None
) -> Claim:
    """Registers, deposits collateral, proves compute and mints; returns the minted claim.

    Does only what is still to be done. ``renew``: when the last claim is minted already, prove and mint another one.

    Raises:
        CollateralShort: the provider has too little of the collateral token.
        OnboardingFailed, CommitteeRefused: no claim succeeded.
        ContractRejected: the contracts refuse a step for a reason that waiting does not change.
    """
    network = load_network(home)
    signer = Signer.load(home, ROLE)
    client = httpx.AsyncClient(follow_redirects=False, trust_env=False)
    async with RpcChain(network.primary) as chain, client, proving_turn(home, patient=True):
        return await Onboarding(home, network, chain, signer, client, terms or Terms(), on_step).run(renew=renew)


class Onboarding:
    """One provider's way to its mint."""

    def __init__(
        self,
        home: Path,
        network: Network,
        chain: RpcChain,
        signer: Signer,
        client: httpx.AsyncClient,
        terms: Terms,
        on_step: OnStep,
        sender: Sender | None = None,
    ) -> None:
        self._home = home
        self._network = network
        self._config = network.primary
        self._chain = chain
        self._signer = signer
        self._sender = sender or Sender(chain, signer)
        self._client = client
        self._terms = terms
        self._on_step = on_step
        self._opened = 0

    async def run(self, *, renew: bool) -> Claim:
        """Does what is left to do; see `onboard`."""
        before = await last_claim(self._chain, self._config, self._signer.address)
        enough = before.claim_id + 1 if renew and before.state == ClaimState.CONSUMED else 0
        patience_until = monotonic_s() + PATIENCE_S
        while True:
            try:
                minted = await self._advance(first_that_counts=enough)
                patience_until = monotonic_s() + PATIENCE_S
            except Unavailable as error:
                if monotonic_s() > patience_until:
                    raise
                log.warning("onboarding_waits", error=str(error))
                await anyio.sleep(error.retry_after_s)
                continue
            if minted is not None:
                return minted

    async def _advance(self, first_that_counts: int) -> Claim | None:
        """Does the next thing; the claim once it is minted."""
        if self._terms.method == ProofMethod.TEE:
            await require_test_root_allowed(self._chain)
        await self._register()
        claim = await last_claim(self._chain, self._config, self._signer.address)
        act = next_act(claim, await self._chain.head(), self._has_outputs(claim))
        done = act == NextAct.DONE or (act == NextAct.MINT and not self._terms.mint)
        if done and claim.cu_value:
            claim_outputs(self._home, claim.claim_id).mark_minted()
        if done and claim.claim_id >= first_that_counts:
            return claim
        match act:
            case NextAct.OPEN | NextAct.DONE:
                await self._open()
            case NextAct.WORK:
                await self._work(claim)
            case NextAct.PROVE:
                await self._prove(claim)
            case NextAct.MINT:
                await self._mint(claim)
            case NextAct.WAIT:
                await anyio.sleep(_PAUSE_S)
        return None

    async def _register(self) -> None:
        registration = await self._read("ComputeUnitVerifier", "registrationOf", self._signer.address)
        wanted = (self._terms.method, self._terms.stake_period_s)
        if tuple(registration) != wanted:
            await self._transact("register", "ComputeUnitVerifier", "register", *wanted)

    async def _open(self) -> None:
        if self._opened == CLAIMS_MAX:
            raise OnboardingFailed(f"{self._opened} claims failed", claims=self._opened)
        standard = await self._read("ComputeUnitVerifier", "standard")
        depth = await self._read("ComputeUnitVerifier", "depthOf", self._terms.method)
        one = Shape(standard.rows, depth, 1)
        measured = await anyio.to_thread.run_sync(seconds_per_product, one, monotonic_s)
        conversion = await self._conversion()
        per_product = max(measured, seconds_at_most(one, conversion, self._terms.rate_max))
        products = self._terms.products or products_for(per_product, standard.blockSeconds, standard.windowBlocks)
        # The trial's rate, as operations in whole milliseconds: nothing that touches value is a float.
        rate = one.operations * 1_000 // max(int(per_product * 1_000), 1)
        self._on_step(Step("measure", values={"operations_per_second": rate, "products": products}))
        if self._terms.mint:
            expected = cu_value_down(rate, self._terms.committed_s, standard.haircutBps, conversion)
            await self._ensure_collateral(Wad(mul_div_up(expected, COLLATERAL_MARGIN_BPS, BASIS_POINTS)))
        await self._until_opening(standard.seedDelayBlocks, standard.epochBlocks)
        await self._transact(
            "open challenge",
            "ComputeUnitVerifier",
            "openChallenge",
            self._terms.compute_class,
            self._terms.committed_s,
            products,
        )
        self._opened += 1

    async def _work(self, claim: Claim) -> None:
        outputs = claim_outputs(self._home, claim.claim_id)
        discard_other_claims(self._home, claim.claim_id)
        seed = await self._seed(claim)
        complete = await anyio.to_thread.run_sync(outputs.complete)
        if complete is None or (complete.seed, complete.shape) != (seed, claim.shape):
            complete = await self._compute(claim, seed)
        if complete is None or await self._seed(claim) != seed:
            return
        await self._until_rate(claim)
        try:
            await self._transact("commit root", "ComputeUnitVerifier", "commitRoot", claim.claim_id, complete.root)
        except ContractRejected as error:
            if error.error_name not in ("CommitTooLate", "SeedBlockNotMined", "ClaimInState"):
                raise
            log.warning("commit_refused", claim_id=claim.claim_id, error=error.error_name)
            await anyio.sleep(_PAUSE_S)

    async def _until_opening(self, delay_blocks: int, epoch_blocks: int) -> None:
        """Waits until a claim opened in the next block gets the seed block that is wanted.

        Raises:
            SummonsMissed: that is over.
        """
        wanted = self._terms.seed_block
        while wanted is not None:
            coming = seed_block_after((await self._chain.head()).number + 1, delay_blocks, epoch_blocks)
            if coming > wanted:
                raise SummonsMissed(f"claims opened now are seeded in block {coming}", seed_block=wanted)
            if coming == wanted:
                return
            await anyio.sleep(_PAUSE_S)

    async def _until_rate(self, claim: Claim) -> None:
        """Holds a commitment back, not beyond its deadline, until its rate is no more than the terms allow."""
        if self._terms.rate_max is None or claim.shape is None:
            return
        conversion, standard = await self._conversion(), await self._read("ComputeUnitVerifier", "standard")
        work = standard_rate_down(claim.shape.operations, conversion)
        blocks = -(-work // (self._terms.rate_max * standard.blockSeconds))
        until = min(claim.seed_block + blocks - 1, claim.deadline_block)
        await self._until_block(until - 1)

    async def _until_block(self, number: int) -> None:
        while True:
            if (await self._chain.head()).number >= number:
                return
            await anyio.sleep(_PAUSE_S)

    async def _compute(self, claim: Claim, seed: bytes) -> Complete | None:
        """All products on disk; None when the deadline passed meanwhile."""
        assert claim.shape is not None
        outputs = claim_outputs(self._home, claim.claim_id)
        runner, workspace = runner_of(ComputeClass(claim.compute_class)), Workspace(claim.shape)
        roots = []
        for product in range(claim.shape.products):
            compute = partial(outputs.write_product, seed, claim.shape, product, runner, workspace)
            roots.append(await anyio.to_thread.run_sync(compute))
            self._on_step(Step("compute", values={"product": product + 1, "products": claim.shape.products}))
            if (await self._chain.head()).number >= claim.deadline_block:
                log.warning("deadline_passed", claim_id=claim.claim_id, computed=product + 1)
                return None
        complete = Complete(seed, claim.shape.rows, claim.shape.depth, tuple(roots))
        await anyio.to_thread.run_sync(outputs.finish, complete)
        return complete

    async def _prove(self, claim: Claim) -> None:
        statement = Statement(*await self._read("ComputeUnitVerifier", "statementOf", claim.claim_id))
        outputs = claim_outputs(self._home, claim.claim_id)
        complete = await anyio.to_thread.run_sync(outputs.complete)
        assert complete is not None
        with anyio.move_on_after(await self._seconds_left_to_prove(claim)):
            match self._terms.method:
                case ProofMethod.ZKP:
                    proof = await self._zero_knowledge_proof(statement, outputs, complete)
                case ProofMethod.TEE:
                    proof = await self._enclave_proof(claim.claim_id)
                case _:
                    proof = await self._committee_proof(statement, outputs, complete)
            await self._transact("prove", "ComputeUnitVerifier", "prove", claim.claim_id, proof)

    async def _committee_proof(self, statement: Statement, outputs: Outputs, complete: Complete) -> bytes:
        openings = await anyio.to_thread.run_sync(outputs.open, complete, statement.sample_seed)
        request = AttestationRequest(statement.claim_id, self._network.provider_url, openings)
        committee = await committee_of(self._chain, self._config)
        proof = await collect(self._client, self._network.verifier_urls, committee, statement, request)
        self._on_step(Step("attest", values={"signatures": committee.threshold}))
        return proof

    async def _enclave_proof(self, claim_id: int) -> bytes:
        """The enclave's signature over the statement; the enclave is enrolled first, where it is not."""
        enclave = await self._enclave()
        enrolled = await Enrolment(self._network, self._chain, self._sender, self._client, enclave).ensure()
        if enrolled is not None:
            self._done("enrol enclave", enrolled)
        statement = await self._read("ComputeUnitVerifier", "statementOf", claim_id)
        return enclave.sign(await self._read("TeeProof", "digestOf", statement))

    async def _enclave(self) -> Enclave:
        """The software enclave of local chains.

        Raises:
            NotLocal: the chain is public: no enclave is driven there yet.
        """
        await require_test_root_allowed(self._chain)
        return SoftwareEnclave.open(self._home)

    async def _zero_knowledge_proof(self, statement: Statement, outputs: Outputs, complete: Complete) -> bytes:
        """Opens the sampled entries on chain, unless that is done, and proves them in zero knowledge."""
        await anyio.to_thread.run_sync(self._circuit(statement.depth).build)
        try:
            await self._read("ZeroKnowledgeProof", "samplesOf", statement.claim_id)
        except ContractRejected:
            opened = await anyio.to_thread.run_sync(outputs.open_grid, complete, statement)
            openings = [(opening.tile, list(opening.path)) for opening in opened.openings]
            given = (statement.claim_id, opened.product_root, list(opened.product_path), openings)
            await self._transact("open samples", "ZeroKnowledgeProof", "openSamples", *given)
        proof = await anyio.to_thread.run_sync(self._circuit(statement.depth).prove, statement)
        self._on_step(Step("prove in zero knowledge", values={"milliseconds": proof.milliseconds}))
        return proof.encoded()

    def _circuit(self, depth: int) -> Circuit:
        return circuit_of(depth, self._home)

    async def _seconds_left_to_prove(self, claim: Claim) -> int:
        head = await self._chain.head()
        return max(claim.sample_block + BLOCKHASH_BLOCKS - head.number, 1) * self._config.block_seconds

    async def _mint(self, claim: Claim) -> None:
        await self._ensure_collateral(Wad(claim.cu_value))
        await self._transact("mint", "MintingAgent", "mint", claim.claim_id)

    async def _ensure_collateral(self, cu: Wad) -> None:
        """Deposits what is missing for ``cu`` on top of all that is outstanding."""
        me = self._signer.address
        outstanding = await self._read("CollateralManager", "outstandingOf", me)
        required = await self._read("CollateralManager", "requiredUp", outstanding + cu)
        missing = required - await self._read("CollateralManager", "collateralOf", me)
        if missing <= 0:
            return
        manager = contract(self._config, "CollateralManager")
        token = contract_at(self._config.chain_id, "ERC20Permit", await self._read("CollateralManager", "token"))
        held = await self._chain.call(token, "balanceOf", me)
        if held < missing:
            raise CollateralShort(f"{missing} of the collateral are needed, {held} held", needed=missing, held=held)
        if await self._chain.call(token, "allowance", me, manager.address) < missing:
            self._done("approve collateral", await self._sender.transact(token, "approve", manager.address, missing))
        await self._transact("deposit collateral", "CollateralManager", "deposit", missing)

    async def _seed(self, claim: Claim) -> bytes:
        block = await self._chain.block(claim.seed_block)
        return seed_of(block.hash, claim.claim_id, self._signer.address, claim.compute_class)

    def _has_outputs(self, claim: Claim) -> bool:
        complete = claim_outputs(self._home, claim.claim_id).complete()
        return claim.state == ClaimState.COMMITTED and complete is not None and complete.root == claim.root

    async def _conversion(self) -> Wad:
        return Wad(int(await self._read("ComputeUnitVerifier", "classConversionOf", self._terms.compute_class)))

    async def _read(self, name: str, function: str, *args: Any) -> Any:
        return await self._chain.call(contract(self._config, name), function, *args)

    async def _transact(self, step: str, name: str, function: str, *args: Any) -> None:
        target = contract(self._config, name)
        self._done(step, await self._sender.transact(target, function, *args), target.address)

    def _done(self, step: str, receipt: Receipt, source: str = "") -> None:
        values: dict[str, object] = {}
        for entry in receipt.logs:
            if entry.address == source:
                name = next(n for n, address in self._config.contracts.items() if address == source)
                decoded = decode_log(contract(self._config, name), entry)
                values |= dict(decoded.args) if decoded else {}
        self._on_step(Step(step, receipt.tx_hash, receipt.gas_used, values))
