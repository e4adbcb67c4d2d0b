"""A real chain for tests: anvil on a free loopback port, and single contracts for what needs no deployment."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from stab3l.chain.contracts import Contract, contract_at
from stab3l.chain.interface import Parameters
from stab3l.chain.sender import Sender
from stab3l.config import ChainConfig

ROOT = Path(__file__).parent.parent.parent
CONTRACTS = ROOT / "contracts"
ANVIL = CONTRACTS / "node_modules" / ".bin" / "anvil"
OPENZEPPELIN = CONTRACTS / "node_modules" / "@openzeppelin" / "contracts" / "build" / "contracts"
CHAIN_ID = 412346
START_WITHIN_S = 30

RICH_KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
"""Anvil's first account: public knowledge, rich on every fresh anvil."""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Anvil:
    """One anvil process that can be stopped, killed and started again on its port."""

    state: Path | None = None
    chain_id: int = CHAIN_ID
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Anvil:
        command = [str(ANVIL), "--silent", "--port", str(self.port), "--chain-id", str(self.chain_id), *self.options]
        if self.state is not None:
            command += ["--state", str(self.state)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_WITHIN_S
        while time.monotonic() < deadline:
            try:
                self.ask("eth_chainId")
                return self
            except httpx.HTTPError:
                time.sleep(0.05)
        raise AssertionError("anvil did not start")

    def ask(self, method: str, *params: Any) -> Any:
        """One blocking request, for what only a test asks: mining, snapshots, reorganisations."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = httpx.post(self.url, json=body, timeout=30, trust_env=False).json()
        assert "error" not in answer, answer
        return answer["result"]

    def stop(self) -> None:
        """Ends it politely, so that it writes its state."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait(timeout=30)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=30)

    def __enter__(self) -> Anvil:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()

    def config(self, contracts: dict[str, str] | None = None, confirmations: int = 3) -> ChainConfig:
        """This chain as a network description has it."""
        return ChainConfig(
            chain_id=self.chain_id,
            name="local",
            rpc_url=self.url,
            confirmations=confirmations,
            block_seconds=1,
            deploy_block=0,
            contracts=contracts or {},
        )


def artifact(name: str) -> dict[str, Any]:
    """ABI and bytecode, from our compiler's output or OpenZeppelin's own."""
    own = CONTRACTS / "out" / f"{name}.sol" / f"{name}.json"
    if own.is_file():
        found = json.loads(own.read_bytes())
        return {"abi": found["abi"], "bytecode": found["bytecode"]["object"]}
    return dict(json.loads((OPENZEPPELIN / f"{name}.json").read_bytes()))


async def deploy(sender: Sender, name: str, args: Sequence[Any] = (), *, known_as: str = "") -> Contract:
    """Puts one contract on the chain."""
    built = artifact(name)
    inputs = next((e["inputs"] for e in built["abi"] if e["type"] == "constructor"), [])
    code = bytes.fromhex(built["bytecode"].removeprefix("0x")) + Parameters.of(inputs).encode(args, name)
    receipt = await sender.send(None, code)
    assert receipt.contract_address is not None
    return contract_at(sender.chain.chain_id, known_as or name, receipt.contract_address)
