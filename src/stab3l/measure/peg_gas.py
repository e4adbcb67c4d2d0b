"""Gas of the peg: swaps and stabiliser calls as transactions of their own, and the deployment of all of it.

forge runs the gas tests, which write what each call used; deployment gas is the sum over a fresh anvil's blocks.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx

from stab3l.chain.signer import Signer, create_password
from stab3l.clock import monotonic_s
from stab3l.devnet.anvil import AnvilControl, LocalChain, command, find_anvil
from stab3l.devnet.deployment import PEG_KEEPER, Deployment
from stab3l.devnet.people import until
from stab3l.errors import Unavailable
from stab3l.measure.report import Result

REPOSITORY: Final = Path(__file__).parents[3]
TESTS: Final = "test/{PMMPool,Stabilizer}/Gas.t.sol"
SWAP: Final = "PMMPool"
ROLES: Final = ("guardian", "governor", "sequencer", "arbiter", "reporter-0", "reporter-1", "reporter-2")
CHAIN_ID: Final = 138
START_S: Final = 20
WORK_FACTOR: Final = 2**4

Say = Callable[[str], None]


def measure_gas(say: Say) -> list[Result]:
    """Every gas figure of the peg.

    Raises:
        Unavailable: forge or anvil failed.
    """
    say("gas of swaps and stabiliser")
    _forge("test", "--match-path", TESTS)
    results = [_swap(), _stabilise(), *_others()]
    say("gas of the deployment")
    return [*results, *asyncio.run(_deployment())]


def _swap() -> Result:
    name, gas = max(_snapshot(SWAP).items(), key=lambda entry: entry[1])
    return Result("peg.swap_gas", gas, "gas", f"dearest: {name}; 21,000 included, input lies in the pool")


def _stabilise() -> Result:
    calls = {name: gas for name, gas in _snapshot("Stabilizer").items() if name.startswith("stabilise")}
    name, gas = max(calls.items(), key=lambda entry: entry[1])
    return Result("peg.stabilise_gas", gas, "gas", f"dearest: {name}; first action, 21,000 included")


def _others() -> list[Result]:
    return [
        Result(f"peg.gas.{group}.{name.replace(', ', '_').replace(' ', '_')}", gas, "gas", "21,000 included")
        for group in (SWAP, "Stabilizer", "PMMRouter", "PegManager", "ReserveVault")
        for name, gas in _snapshot(group).items()
    ]


def _snapshot(group: str) -> dict[str, int]:
    found = json.loads((REPOSITORY / "contracts" / "snapshots" / f"{group}.json").read_text())
    return {name: int(gas) for name, gas in found.items()}


def _forge(*arguments: str) -> None:
    forge = REPOSITORY / "contracts" / "node_modules" / ".bin" / "forge"
    command_line = [str(forge), *arguments]
    done = subprocess.run(command_line, cwd=REPOSITORY / "contracts", capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unavailable("forge failed:\n" + "\n".join(done.stdout.splitlines()[-10:]))


async def _deployment() -> list[Result]:
    """A chain with the peg and one without it; the difference is the peg's."""
    found = [await _deployed(with_peg=with_peg) for with_peg in (True, False)]
    return [
        Result("peg.deployment_gas", found[0][0] - found[1][0], "gas", "nine pools, vault, stabiliser, local tokens"),
        Result("peg.deployment_s", round(found[0][1] - found[1][1], 2), "s", "of forge, each receipt awaited"),
    ]


async def _deployed(*, with_peg: bool) -> tuple[int, float]:
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        chain = LocalChain(CHAIN_ID, "local", free.getsockname()[1], 1)
        free.close()
        home = Path(folder)
        create_password(home)
        roles = (*ROLES, PEG_KEEPER) if with_peg else ROLES
        signers = {role: Signer.create(home, role, work_factor=WORK_FACTOR) for role in roles}
        node = await asyncio.create_subprocess_exec(*command(find_anvil(REPOSITORY), chain, None))
        try:
            async with httpx.AsyncClient(trust_env=False) as client:
                return await _deploy_on(AnvilControl(chain, client), home, signers)
        finally:
            node.terminate()
            await node.wait()


async def _deploy_on(control: AnvilControl, home: Path, signers: dict[str, Signer]) -> tuple[int, float]:
    await until(control.ready, "anvil", START_S)
    await control.mine_instantly()
    begun = monotonic_s()
    await Deployment(REPOSITORY, home, signers).deploy(control)
    took = monotonic_s() - begun
    number, _ = await control.latest()
    blocks: list[Any] = [await control.request("eth_getBlockByNumber", hex(n), False) for n in range(1, number + 1)]
    return sum(int(block["gasUsed"], 16) for block in blocks), took
