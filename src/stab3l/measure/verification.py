"""What it costs to prove compute and to check it: speed beside a bare BLAS call, proofs, gas of every step."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import numpy as np

from stab3l.chain.contracts import contract
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer, create_password
from stab3l.clock import monotonic_s
from stab3l.compute.matrices import Side, lines
from stab3l.compute.product import Workspace, row_blocks
from stab3l.compute.shape import Shape
from stab3l.compute.statement import ProofMethod
from stab3l.config import PRIMARY_CHAIN_ID, ChainConfig, Network
from stab3l.devnet.anvil import AnvilControl, find_anvil, scratch_node
from stab3l.devnet.deployment import Deployment
from stab3l.hashing import keccak256
from stab3l.measure.report import Result, document
from stab3l.provider.circuit import TOOLS, Circuit
from stab3l.provider.job_process import run_job
from stab3l.provider.jobs import primes_job
from stab3l.provider.onboarding import Step, Terms, onboard
from stab3l.provider.outputs import Outputs
from stab3l.provider.publishing import publish
from stab3l.store.blocks import FolderBlocks
from stab3l.units import Operations
from stab3l.verifier.recheck import StoredArtifacts, committed_claim, recheck

METHOD: Final = (
    "benchmark and bare float32 BLAS interleaved, medians of rounds; keys built once; a claim proved in zero knowledge "
    "on a fresh anvil with the deployed contracts, gas of its mined transactions; then rechecked from stored outputs"
)
REPOSITORY: Final = Path(__file__).parents[3]
ROLES: Final = (
    "guardian", "sequencer", "arbiter", "governor", "provider", "reporter-0", "reporter-1", "verifier-0", "verifier-1",
)  # fmt: skip
STANDARD: Final = Shape(rows=4096, depth=4096, products=1)
"""As deployed on a local network; what claims are made of below."""
LARGE: Final = Shape(rows=8192, depth=8192, products=1)
CIRCUIT_DEPTH: Final = 1_024
ROUNDS: Final = 5
LARGE_ROUNDS: Final = 3
JOBS: Final = 10
GAS_MONEY: Final = 10**21
DOLLARS: Final = 10**12
BLOCK_PAUSE_S: Final = 0.3
GAS_NAMES: Final = {
    "register": "register_gas",
    "open challenge": "open_gas",
    "commit root": "commit_gas",
    "open samples": "open_samples_gas",
    "prove": "zk_claim_gas",
    "mint": "mint_gas",
}
Say = Callable[[str], None]


def measure(say: Say) -> dict[str, Any]:
    """Everything, as one JSON object. Takes some minutes.

    Raises:
        NotFound, Unavailable: the contracts' or the circuit's toolchain is missing, or the chain did not start.
    """
    results = [*_benchmark(LARGE, LARGE_ROUNDS, "", say), *_benchmark(STANDARD, ROUNDS, "_standard", say)]
    with tempfile.TemporaryDirectory(prefix="stab3l-verification-") as folder:
        home = Path(folder)
        results += _keys(home, say)
        results += asyncio.run(_claim(home, say))
    say("jobs")
    return document(METHOD, [*results, asyncio.run(_jobs())])


def _benchmark(shape: Shape, rounds: int, suffix: str, say: Say) -> Iterator[Result]:
    """All that a provider does for one product after another, beside one bare BLAS call over the same matrices."""
    conditions = f"N = {shape.rows}, K = {shape.depth}, median of {rounds} interleaved rounds"
    seed = keccak256(b"stab3l measurement")
    bare, whole, stored = _interleaved(shape, rounds, seed, lambda text: say(f"benchmark of N = {shape.rows}, {text}"))
    billions = shape.operations / 10**9
    name = f"verification.benchmark{suffix}"
    yield Result(f"{name}_gflops", round(billions / statistics.median(whole), 2), "GFLOP/s", conditions)
    bare_name = f"verification.bare_blas{suffix}_gflops"
    yield Result(bare_name, round(billions / statistics.median(bare), 2), "GFLOP/s", conditions)
    yield Result(f"{name}_efficiency", _share(bare, whole), "ratio", conditions)
    yield Result(f"{name}_stored_efficiency", _share(bare, stored), "ratio", conditions + ", outputs written to files")


def _interleaved(shape: Shape, rounds: int, seed: bytes, say: Say) -> tuple[list[float], list[float], list[float]]:
    """Seconds of the bare call, of the benchmark, and of the benchmark with its outputs on disk, round by round."""
    a = lines(seed, 0, Side.A, shape.depth, 0, shape.rows)
    b = lines(seed, 0, Side.B, shape.depth, 0, shape.rows)
    c = np.empty((shape.rows, shape.rows), dtype=np.float32)
    workspace = Workspace(shape)
    bare, whole, stored = [], [], []
    with tempfile.TemporaryDirectory(prefix="stab3l-outputs-") as folder:
        for number in range(-1, rounds):  # the first, not counted, has the memory's pages made
            say(f"{number + 1}/{rounds}")
            begun = monotonic_s()
            np.matmul(a, b.T, out=c)
            multiplied = monotonic_s()
            for rows in row_blocks(seed, shape, 0, workspace=workspace):
                workspace.tree.add(rows)
            workspace.tree.finish()
            hashed = monotonic_s()
            Outputs(Path(folder)).write_product(seed, shape, 0, workspace=workspace)
            written = monotonic_s()
            if number >= 0:
                bare.append(multiplied - begun)
                whole.append(hashed - multiplied)
                stored.append(written - hashed)
    return bare, whole, stored


def _share(bare: list[float], whole: list[float]) -> float:
    return round(statistics.median(one / other for one, other in zip(bare, whole, strict=True)), 4)


def _keys(home: Path, say: Say) -> list[Result]:
    say("circuit and keys")
    begun = monotonic_s()
    made = Circuit(TOOLS, home / "circuits" / str(CIRCUIT_DEPTH), CIRCUIT_DEPTH).build()
    conditions = f"K = {CIRCUIT_DEPTH}, {made.constraints} constraints, snarkjs"
    return [
        Result("verification.key_build_s", round(monotonic_s() - begun, 2), "s", conditions + ", compiling included"),
        Result("verification.circuit_compile_s", round(made.compile_ms / 1_000, 2), "s", conditions),
        Result("verification.constraints", made.constraints, "constraints", f"K = {CIRCUIT_DEPTH}"),
    ]


async def _claim(home: Path, say: Say) -> list[Result]:
    say("chain and contracts")
    results: list[Result] = []
    async with _chain(home) as (control, network, provider):
        steps: list[Step] = []
        say("a claim proved in zero knowledge")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_mine, control)
            terms = Terms(committed_s=30 * 86_400, products=2, method=ProofMethod.ZKP)
            minted = await onboard(home, terms=terms, on_step=steps.append)
            tasks.cancel_scope.cancel()
        conditions = f"K = {CIRCUIT_DEPTH}, N = {STANDARD.rows}, 2 products"
        for step in steps:
            if step.name in GAS_NAMES and step.gas:
                results.append(Result(f"verification.{GAS_NAMES[step.name]}", step.gas, "gas", conditions))
            if step.name == "prove in zero knowledge":
                seconds = int(str(step.values["milliseconds"])) / 1_000
                results.append(Result("verification.prove_s", round(seconds, 2), "s", conditions + ", snarkjs"))
        say("recheck")
        store = FolderBlocks(home / "blocks")
        manifest, _ = publish(home, minted.claim_id, store)
        async with RpcChain(network.primary) as chain:
            claim = await committed_claim(chain, network.primary, minted.claim_id)
        begun = monotonic_s()
        fault = await anyio.to_thread.run_sync(recheck, claim, StoredArtifacts(store, manifest))
        assert fault is None, "an honest claim has no fault"
        seconds = round((monotonic_s() - begun) / claim.shape.products, 2)
        results.append(Result("verification.recheck_s", seconds, "s", f"one product, {conditions}, from stored blocks"))
        assert provider == claim.provider, "one provider"
    return results


@asynccontextmanager
async def _chain(home: Path) -> AsyncIterator[tuple[AnvilControl, Network, str]]:
    """The primary chain, deployed, with a priced dollar and a provider who has some."""
    create_password(home)
    signers = {role: Signer.create(home, role, work_factor=2) for role in ROLES}
    async with scratch_node(find_anvil(REPOSITORY), PRIMARY_CHAIN_ID) as control:
        deployment = Deployment(REPOSITORY, home, signers, {"benchmark": {"epochBlocks": 1}})
        await deployment.build()
        deployed = await deployment.deploy(control)
        config = ChainConfig(
            chain_id=control.chain.chain_id,
            name=control.chain.name,
            rpc_url=control.chain.url,
            confirmations=1,
            block_seconds=1,
            deploy_block=deployed.block + 1,
            contracts=deployed.contracts,
        )
        network = Network(
            chains=(config,),
            markets=(),
            gateway="127.0.0.1:1",
            api_url="http://127.0.0.1:1",
            verifier_urls=(),
            provider_url="http://127.0.0.1:1",
            database_url="sqlite://",
        )
        await anyio.Path(home / "network.json").write_text(network.model_dump_json())
        for signer in signers.values():
            await control.set_balance(signer.address, GAS_MONEY)
        async with RpcChain(config) as chain:
            for index in range(2):
                reporter = Sender(chain, signers[f"reporter-{index}"])
                await reporter.transact(contract(config, "Oracle"), "report", keccak256(b"USDC/USD"), 10**18)
            giver = Sender(chain, signers["governor"])
            address = signers["provider"].address
            await giver.transact(contract(config, "LocalDollar"), "faucet", address, DOLLARS)
        yield control, network, address


async def _mine(control: AnvilControl) -> None:
    while True:
        await control.request("evm_mine")
        await anyio.sleep(BLOCK_PAUSE_S)


async def _jobs() -> Result:
    job, budget = primes_job(1_000), Operations(10**8)
    begun = monotonic_s()
    for _ in range(JOBS):
        await run_job(job, budget, 60)
    rate = round(JOBS / (monotonic_s() - begun), 2)
    return Result("verification.wasm_jobs_per_s", rate, "jobs/s", "small jobs one after another, a process for each")
