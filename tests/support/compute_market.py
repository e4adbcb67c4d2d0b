"""A small market of verified compute on a real chain: the contracts, keys, and the agents as processes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from chain_anvil import RICH_KEY, ROOT, Anvil, deploy, free_port

from stab3l.chain.contracts import Contract, contract, contract_at
from stab3l.chain.port import Receipt
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer, create_password
from stab3l.compute.statement import ProofMethod
from stab3l.config import ChainConfig, Network
from stab3l.hashing import keccak256

DOLLAR_FEED = keccak256(b"USDC/USD")
PAR = 6 * 10**16
ROWS, DEPTH, WINDOW_BLOCKS, SEED_DELAY_BLOCKS, HAIRCUT_BPS = 128, 96, 30, 2, 9_000
PRICE_AGE_S = 400 * 86_400
"""Tests travel in time; a stale price is tested with the contracts."""

COMMITTEE = 4
THRESHOLD = 2
CONFIRMATIONS = 2
START_WITHIN_S = 90
CHEAP_KEYS = 2**4
WEI = 10**22


def _index(name: str) -> int:
    return int(name.removeprefix("verifier-"))


def _serving(name: str) -> str:
    if name == "provider":
        return "from stab3l.provider.serving import serve\nanyio.run(serve, home)"
    return f"from stab3l.verifier.serving import serve\nanyio.run(serve, home, {_index(name)})"


@dataclass
class Market:
    """Where everything is."""

    anvil: Anvil
    home: Path
    network: Network
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def config(self) -> ChainConfig:
        return self.network.primary

    def contract(self, name: str) -> Contract:
        return contract(self.config, name)

    def token(self, name: str) -> Contract:
        return contract_at(self.config.chain_id, "ERC20Permit", self.config.contracts[name])

    def mine(self, blocks: int) -> None:
        self.anvil.ask("anvil_mine", hex(blocks))

    def block_every_second(self, on: bool) -> None:
        """Switches between a block a second and a block for each transaction."""
        if on:
            self.anvil.ask("evm_setAutomine", False)
            self.anvil.ask("evm_setIntervalMining", 1)
        else:
            self.anvil.ask("evm_setIntervalMining", 0)
            self.anvil.ask("evm_setAutomine", True)

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
            script = f"from pathlib import Path\nimport anyio\nhome = Path({str(self.home)!r})\n{_serving(name)}"
            with (self.home / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    [sys.executable, "-c", script],
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


async def open_market(home: Path) -> Market:
    """Deploys everything with small matrices. The deployer keeps every right, also that of the only reporter."""
    anvil = Anvil(options=("--host", "127.0.0.1")).start()
    create_password(home)
    members = [Signer.create(home, f"verifier-{index}", work_factor=CHEAP_KEYS) for index in range(COMMITTEE)]
    provider = Signer.create(home, "provider", work_factor=CHEAP_KEYS)
    async with RpcChain(anvil.config()) as chain:
        deployer = Sender(chain, Signer(RICH_KEY))
        contracts = await _deploy_all(deployer, [member.address for member in members])
    network = Network(
        chains=(anvil.config(contracts, confirmations=CONFIRMATIONS),),
        markets=(),
        gateway="127.0.0.1:1",
        api_url="http://127.0.0.1:1",
        verifier_urls=tuple(f"http://127.0.0.1:{free_port()}" for _ in range(COMMITTEE)),
        provider_url=f"http://127.0.0.1:{free_port()}",
        database_url="sqlite+aiosqlite://",
    )
    (home / "network.json").write_text(network.model_dump_json())
    market = Market(anvil, home, network)
    anvil.ask("anvil_setBalance", provider.address, hex(WEI))
    return market


async def _deploy_all(sender: Sender, members: Sequence[str]) -> dict[str, str]:
    manager = await deploy(sender, "AccessManager", [sender.signer.address])
    at: dict[str, Contract] = {"AccessManager": manager, "USDC": await deploy(sender, "LocalDollar")}

    async def add(name: str, *args: Any) -> None:
        built = [at[arg].address if isinstance(arg, str) and arg in at else arg for arg in args]
        at[name] = await deploy(sender, name, [manager.address, *built])

    standard = (ROWS, DEPTH, WINDOW_BLOCKS, SEED_DELAY_BLOCKS, 1, HAIRCUT_BPS)
    await add("Oracle")
    await add("CUToken")
    await add("sSTBToken")
    await add("rSTBToken", 10**24)
    await add("ComputeUnitVerifier", standard)
    await add("CommitteeProof", sorted(members, key=lambda address: int(address, 16)), THRESHOLD)
    await add("CollateralManager", "USDC", "Oracle", (PAR, 12_000, 86_400))
    await add("ProviderStaking", "sSTBToken")
    await add("RewardsDistributor", "rSTBToken", "ProviderStaking", 1_585_489_599)
    await add("MintingAgent", "ComputeUnitVerifier", "CollateralManager", "ProviderStaking", "CUToken", "sSTBToken")
    await add("Redemption", "sSTBToken", "CollateralManager", (72 * 3_600, 11_000))
    await _wire(sender, at)
    return {name: found.address for name, found in at.items()}


async def _wire(sender: Sender, at: dict[str, Contract]) -> None:
    agent, redemption = at["MintingAgent"].address, at["Redemption"].address
    distributor = at["RewardsDistributor"].address
    for name, function, args in (
        ("CUToken", "wire", (agent,)),
        ("sSTBToken", "wire", (agent, redemption)),
        ("rSTBToken", "wire", (distributor,)),
        ("ComputeUnitVerifier", "wire", (agent,)),
        ("CollateralManager", "wire", (agent, redemption)),
        ("ProviderStaking", "wire", (agent, distributor)),
        ("ComputeUnitVerifier", "setProof", (ProofMethod.COMMITTEE, at["CommitteeProof"].address)),
        ("Oracle", "setFeed", (DOLLAR_FEED, (1, PRICE_AGE_S, 10_000))),
        ("Oracle", "report", (DOLLAR_FEED, 10**18)),
    ):
        await sender.transact(at[name], function, *args)


async def give_dollars(market: Market, to: str, amount: int) -> None:
    """From the local dollar's faucet, whose function is no part of an ERC-20's interface."""
    code = keccak256(b"faucet(address,uint256)")[:4] + bytes(12) + bytes.fromhex(to[2:]) + amount.to_bytes(32, "big")
    async with acting(market, RICH_KEY) as anyone:
        await anyone.sender.send(market.config.contracts["USDC"], code)
