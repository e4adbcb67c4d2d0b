"""An anvil node: its command line, its test-only methods, and its state kept across restarts.

anvil's own state file is written in place and only at intervals; a killed node could leave half a file. Here the state
is asked for by RPC and replaced atomically, so that a restart finds the last complete one.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from stab3l.clock import Clock, seconds
from stab3l.errors import NotFound, Unavailable

GAS_LIMIT = 1_000_000_000
RECEIPT_TRIES = 500
START_TRIES = 600
START_PAUSE_S = 0.05
RECEIPT_PAUSE_S = 0.02
ACCOUNTS = 2
"""Unlocked development accounts: 0 deploys, 1 funds."""


@dataclass(frozen=True, slots=True)
class LocalChain:
    """One local chain: what it stands for and where it listens."""

    chain_id: int
    name: str
    port: int
    block_seconds: int

    @property
    def url(self) -> str:
        """Where it answers JSON-RPC."""
        return f"http://127.0.0.1:{self.port}"


def find_anvil(repository: Path) -> Path:
    """The anvil of the contracts' toolchain, or the one on PATH.

    Raises:
        NotFound: neither is there.
    """
    local = repository / "contracts" / "node_modules" / ".bin" / "anvil"
    if local.exists():
        return local.resolve()
    on_path = shutil.which("anvil")
    if on_path is None:
        raise NotFound("anvil is missing: run make setup", looked_in=str(local))
    return Path(on_path)


def command(anvil: Path, chain: LocalChain, state: Path | None) -> list[str]:
    """anvil's arguments. A restored node starts without mining: its clock is set first (see `resume_time`)."""
    arguments = [
        str(anvil), "--silent", "--host", "127.0.0.1", "--port", str(chain.port), "--chain-id", str(chain.chain_id),
        "--accounts", str(ACCOUNTS), "--gas-limit", str(GAS_LIMIT), "--slots-in-an-epoch", "1", "--prune-history", "64",
        "--disable-code-size-limit", "--no-mining",
    ]  # fmt: skip
    return arguments if state is None else [*arguments, "--load-state", str(state)]


class AnvilControl:
    """anvil's own RPC methods: funds, time, mining, state. Local by construction: it only takes a `LocalChain`."""

    def __init__(self, chain: LocalChain, client: httpx.AsyncClient) -> None:
        self.chain = chain
        self._client = client

    async def request(self, method: str, *params: object) -> Any:
        """One JSON-RPC call.

        Raises:
            Unavailable: no answer, or an error in place of a result.
        """
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        try:
            response = await self._client.post(self.chain.url, json=body, timeout=30)
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(f"chain {self.chain.chain_id} does not answer {method}: {error!r}") from error
        if "error" in answer:
            raise Unavailable(f"chain {self.chain.chain_id} refused {method}: {answer['error'].get('message')}")
        return answer["result"]

    async def ready(self) -> bool:
        """Whether the node answers with the chain id that is expected."""
        try:
            return int(await self.request("eth_chainId"), 16) == self.chain.chain_id
        except Unavailable:
            return False

    async def accounts(self) -> list[str]:
        """The unlocked development accounts."""
        return list(await self.request("eth_accounts"))

    async def latest(self) -> tuple[int, int]:
        """(number, timestamp in seconds) of the newest block."""
        block = await self.request("eth_getBlockByNumber", "latest", False)
        return int(block["number"], 16), int(block["timestamp"], 16)

    async def mined(self, tx_hash: str) -> dict[str, Any]:
        """A transaction's receipt; a busy node answers for it before it has mined it.

        Raises:
            Unavailable: it is not mined within ten seconds.
        """
        for _ in range(RECEIPT_TRIES):
            receipt = await self.request("eth_getTransactionReceipt", tx_hash)
            if receipt is not None:
                return dict(receipt)
            await asyncio.sleep(RECEIPT_PAUSE_S)
        raise Unavailable(f"chain {self.chain.chain_id} does not mine transaction {tx_hash}", tx_hash=tx_hash)

    async def set_balance(self, address: str, wei: int) -> None:
        """Gives an account native coin for gas."""
        await self.request("anvil_setBalance", address, hex(wei))

    async def mine_instantly(self) -> None:
        """One block for each transaction; while deploying."""
        await self.request("evm_setIntervalMining", 0)
        await self.request("evm_setAutomine", True)

    async def mine_at_intervals(self) -> None:
        """One block each `block_seconds`, as the real chain does."""
        await self.request("evm_setAutomine", False)
        await self.request("evm_setIntervalMining", self.chain.block_seconds)

    async def pass_time(self, duration_s: int) -> None:
        """Moves the chain's clock forward and mines one block there."""
        await self.request("evm_increaseTime", duration_s)
        await self.request("evm_mine")

    async def resume_time(self, clock: Clock) -> None:
        """After a restart: continues from the last block's time, which may lie ahead of the machine's."""
        _, timestamp = await self.latest()
        ahead = timestamp - seconds(clock.now())
        if ahead > 0:
            await self.request("evm_increaseTime", ahead)

    async def save_state(self, path: Path) -> None:
        """Writes the whole chain to `path`, atomically and durably."""
        dump = await self.request("anvil_dumpState")
        temporary = path.with_suffix(".part")
        with temporary.open("wb") as file:
            file.write(gzip.decompress(bytes.fromhex(dump[2:])))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)


@asynccontextmanager
async def scratch_node(anvil: Path, chain_id: int) -> AsyncIterator[AnvilControl]:
    """A node on a free port that mines each transaction at once, for as long as the block runs.

    Raises:
        Unavailable: it did not start.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        local = LocalChain(chain_id, "scratch", probe.getsockname()[1], 1)
    process = await asyncio.create_subprocess_exec(*command(anvil, local, None))
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            control = AnvilControl(local, client)
            for _ in range(START_TRIES):
                if await control.ready():
                    break
                await asyncio.sleep(START_PAUSE_S)
            else:
                raise Unavailable("a scratch node did not start")
            await control.mine_instantly()
            yield control
    finally:
        process.kill()
        await process.wait()
