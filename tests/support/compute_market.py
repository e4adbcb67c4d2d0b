"""A small market of verified compute on a real chain: the contracts as deployed, and the agents as processes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from chain_anvil import RICH_KEY, ROOT, Anvil, free_port
from deployed_chain import DOLLAR, PRIMARY, REPORTERS, VERIFIERS, Deployments

from stab3l.chain.contracts import Contract, contract, contract_at
from stab3l.chain.port import Receipt
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.config import ChainConfig, Network
from stab3l.hashing import keccak256

DOLLAR_FEED = keccak256(b"USDC/USD")
CONFIRMATIONS = 2
START_WITHIN_S = 90
BLOCK_PAUSE_S = 0.25
WEI = 10**22


def _index(name: str) -> int:
    return int(name.removeprefix("verifier-"))


def _serving(name: str, reproves: bool) -> list[str]:
    if name == "provider":
        return ["provider", "serve", "--reprove" if reproves else "--no-reprove"]
    return ["verifier", "serve", "--index", str(_index(name))]


@dataclass
class Market:
    """Where everything is."""

    anvil: Anvil
    home: Path
    network: Network
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    reproves: bool = False
    """Whether the provider's agent proves again by itself."""

    @property
    def config(self) -> ChainConfig:
        return self.network.primary

    def contract(self, name: str) -> Contract:
        return contract(self.config, name)

    def token(self, name: str) -> Contract:
        return contract_at(self.config.chain_id, "ERC20Permit", self.config.contracts[name])

    def mine(self, blocks: int) -> None:
        self.anvil.ask("anvil_mine", hex(blocks))

    @contextmanager
    def blocks_by_time(self) -> Iterator[None]:
        """Meanwhile blocks come by themselves, four a second, and not for each transaction."""
        self.anvil.ask("evm_setAutomine", False)
        stopped = threading.Event()
        miner = threading.Thread(target=self._mine_until, args=(stopped,))
        miner.start()
        try:
            yield
        finally:
            stopped.set()
            miner.join()
            self.anvil.ask("evm_setAutomine", True)

    def _mine_until(self, stopped: threading.Event) -> None:
        while not stopped.wait(BLOCK_PAUSE_S):
            self.mine(1)

    def travel(self, seconds: int) -> None:
        """Moves the chain's clock."""
        self.anvil.ask("evm_increaseTime", seconds)
        self.mine(1)

    def rich(self, key: bytes) -> Signer:
        """A signer with money for gas."""
        signer = Signer(key)
        self.anvil.ask("anvil_setBalance", signer.address, hex(WEI))
        return signer

    def start(self, *names: str) -> None:
        """Starts agents as processes, all at once, and waits until each is healthy."""
        for name in names:
            with (self.home / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    [sys.executable, "-m", "stab3l", *_serving(name, self.reproves), "--home", str(self.home)],
                    cwd=ROOT,
                    env={"PYTHONPATH": str(ROOT / "src")},
                    stdout=log,
                    stderr=log,
                )
        for name in names:
            wait_until_healthy(self.url(name), self.processes[name])

    def url(self, name: str) -> str:
        """Where ``provider`` or ``verifier-0``, ``verifier-1``, ... listens."""
        return self.network.provider_url if name == "provider" else self.network.verifier_urls[_index(name)]

    def kill(self, name: str) -> None:
        """kill -9."""
        process = self.processes.pop(name)
        process.kill()
        process.wait(timeout=30)

    def close(self) -> None:
        for name in list(self.processes):
            self.kill(name)
        self.anvil.kill()


def wait_until_healthy(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the process ended"
        try:
            if httpx.get(f"{url}/health", trust_env=False, timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError(f"{url} did not start")


@dataclass
class Actor:
    """Somebody who calls contracts."""

    market: Market
    chain: RpcChain
    signer: Signer

    def __post_init__(self) -> None:
        self.sender = Sender(self.chain, self.signer)

    @property
    def address(self) -> str:
        return self.signer.address

    async def send(self, name: str, function: str, *args: Any) -> Receipt:
        return await self.sender.transact(self.market.contract(name), function, *args)

    async def read(self, name: str, function: str, *args: Any) -> Any:
        return await self.chain.call(self.market.contract(name), function, *args)

    async def balance(self, token: str) -> int:
        return int(await self.chain.call(self.market.token(token), "balanceOf", self.address))


@asynccontextmanager
async def acting(market: Market, key: bytes) -> AsyncIterator[Actor]:
    """An actor with money for gas, and its connection."""
    async with RpcChain(market.config) as chain:
        yield Actor(market, chain, market.rich(key))


async def open_market(deployments: Deployments, home: Path) -> Market:
    """The primary chain as it was deployed, with small matrices, and a first price of the dollar."""
    deployed = await deployments.chain(PRIMARY)
    deployments.copy_keys(home)
    anvil = deployed.anvil().start()
    network = Network(
        chains=(deployed.config(anvil, CONFIRMATIONS),),
        markets=(),
        gateway="127.0.0.1:1",
        api_url="http://127.0.0.1:1",
        verifier_urls=tuple(f"http://127.0.0.1:{free_port()}" for _ in range(VERIFIERS)),
        provider_url=f"http://127.0.0.1:{free_port()}",
        database_url="sqlite://",
    )
    (home / "network.json").write_text(network.model_dump_json())
    market = Market(anvil, home, network)
    async with RpcChain(market.config) as chain:
        for index in range(REPORTERS):
            reporter = Sender(chain, Signer.load(home, f"reporter-{index}"))
            await reporter.transact(market.contract("Oracle"), "report", DOLLAR_FEED, 10**18)
    return market


async def give_dollars(market: Market, to: str, amount: int) -> None:
    """From the local dollar's faucet, which anyone may open."""
    async with acting(market, RICH_KEY) as anyone:
        await anyone.send(DOLLAR, "faucet", to, amount)
