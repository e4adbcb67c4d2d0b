"""Two real chains with a Custody each, the gateway of one exchange over both, and people who deposit."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chain_anvil import RICH_KEY, Anvil, deploy
from gateway_process import GatewayProcess, write_network

from stab3l.chain.contracts import Contract, contract, decode_log
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender, SendPolicy
from stab3l.chain.signer import Signer, create_password
from stab3l.clock import SystemClock
from stab3l.config import ChainConfig, MarketConfig, Network
from stab3l.engine.wire import Event, Withdraw, decode_events, encode_batch
from stab3l.exchange.gateway_client import GatewayClient
from stab3l.exchange.listing import Listing, ensure_listed
from stab3l.hashing import keccak256

PRIMARY, OTHER = 412346, 138
CONFIRMATIONS = 3
CAP = 10**15
EPOCH_S = 86_400
ROLE_SEQUENCER, ROLE_REPORTER = 2, 3
CHEAP_KEYS = 2**4
QUICK = SendPolicy(receipt_timeout_s=20, doubt_s=0.3, poll_s_max=0.1)
SECOND_NS = 10**9
ALICE, BOB = b"\xa1" * 32, b"\xb0" * 32
REPORTERS = 3
DOLLAR_FEED = keccak256(b"USDC/USD")


@dataclass
class Place:
    """One chain, and its deployer, who may do everything."""

    anvil: Anvil
    chain: RpcChain
    config: ChainConfig
    admin: Sender

    @property
    def custody(self) -> Contract:
        return contract(self.config, "Custody")

    def token(self, name: str) -> Contract:
        return contract(self.config, name)

    def mine(self, blocks: int) -> None:
        self.anvil.ask("anvil_mine", hex(blocks))

    async def read(self, function: str, *args: Any) -> Any:
        return await self.chain.call(self.custody, function, *args)

    async def balance(self, token: str, owner: str) -> int:
        return int(await self.chain.call(self.token(token), "balanceOf", owner))

    async def deposit(self, key: bytes, token: str, amount: int) -> None:
        """Mints tokens to someone who deposits them."""
        person = Sender(self.chain, Signer(key), QUICK)
        self.anvil.ask("anvil_setBalance", person.signer.address, hex(10**20))
        code = keccak256(b"faucet(address,uint256)")[:4]
        arguments = bytes(12) + bytes.fromhex(person.signer.address[2:]) + amount.to_bytes(32, "big")
        await self.admin.send(self.token(token).address, code + arguments)
        await person.transact(self.token(token), "approve", self.custody.address, amount)
        address = person.signer.address
        await person.transact(self.custody, "deposit", self.token(token).address, amount, address)

    async def events(self, name: str) -> list[dict[str, Any]]:
        """All of Custody's events of one name."""
        logs = await self.chain.logs([self.custody.address], 0, (await self.chain.head()).number)
        decoded = (decode_log(self.custody, log) for log in logs)
        return [dict(d.args) for d in decoded if d is not None and d.event == name]


@dataclass
class CustodyMarket:
    """The whole setting. The market's base and quote are tokens of the primary chain."""

    home: Path
    gateway: GatewayProcess
    network: Network
    places: dict[int, Place]
    operator: GatewayClient
    listing: Listing
    client_ids: list[int] = field(default_factory=lambda: [0])

    @property
    def primary(self) -> Place:
        return self.places[PRIMARY]

    @property
    def other(self) -> Place:
        return self.places[OTHER]

    def asset(self, name: str, chain_id: int = PRIMARY) -> int:
        address = self.places[chain_id].config.contracts[name]
        return self.listing.assets[chain_id, bytes.fromhex(address[2:])]

    async def account(self, key: bytes) -> int | None:
        return await self.operator.account_of(owner_bytes(key))

    async def available(self, key: bytes, asset: int) -> int:
        account = await self.account(key)
        found = {} if account is None else {b.asset: b.available for b in await self.operator.balances(account)}
        return found.get(asset, 0)

    async def send(self, *commands: Any) -> list[Event]:
        return decode_events((await self.operator.submit(encode_batch(commands))).events)

    def client_id(self) -> int:
        self.client_ids[0] += 1
        return self.client_ids[0]

    async def withdraw(self, key: bytes, asset: int, amount: int, recipient: bytes) -> None:
        account = await self.account(key)
        assert account is not None
        await self.send(Withdraw(account, asset, self.client_id(), expiry(), amount, recipient))


def expiry() -> int:
    return SystemClock().now() + 600 * SECOND_NS


def owner_bytes(key: bytes) -> bytes:
    return bytes.fromhex(Signer(key).address[2:])


@dataclass
class Chains:
    """Both chains with their contracts, and the keys; shared by tests, each of which begins at the same state."""

    keys: Path
    places: dict[int, Place]
    snapshots: dict[int, str]

    def begin_again(self) -> None:
        """Takes both chains back to their state after the deployment."""
        for chain_id, place in self.places.items():
            assert place.anvil.ask("evm_revert", self.snapshots[chain_id])
            self.snapshots[chain_id] = place.anvil.ask("evm_snapshot")


@asynccontextmanager
async def open_chains(folder: Path) -> AsyncIterator[Chains]:
    """Chains, contracts and keys."""
    create_password(folder)
    sequencer = Signer.create(folder, "sequencer", work_factor=CHEAP_KEYS)
    reporters = [Signer.create(folder, f"reporter-{at}", work_factor=CHEAP_KEYS) for at in range(REPORTERS)]
    async with AsyncExitStack() as stack:
        places = {}
        for chain_id in (PRIMARY, OTHER):
            anvil = stack.enter_context(Anvil(chain_id=chain_id))
            places[chain_id] = await _open_place(stack, anvil, sequencer, reporters)
        snapshots = {chain_id: place.anvil.ask("evm_snapshot") for chain_id, place in places.items()}
        yield Chains(folder / "keys", places, snapshots)


@asynccontextmanager
async def open_market(chains: Chains, home: Path) -> AsyncIterator[CustodyMarket]:
    """A fresh exchange over the chains; everything listed, nothing deposited."""
    chains.begin_again()
    shutil.copytree(chains.keys, home / "keys")
    configs = tuple(place.config for place in chains.places.values())
    gateway = GatewayProcess(home)
    network = write_network(home, gateway.address, configs, (_market(configs[0]),))
    with gateway:
        async with gateway.operator() as operator:
            listing = await ensure_listed(operator, network)
            yield CustodyMarket(home, gateway, network, chains.places, operator, listing)


async def _open_place(stack: AsyncExitStack, anvil: Anvil, sequencer: Signer, reporters: Sequence[Signer]) -> Place:
    for signer in (sequencer, *reporters):
        anvil.ask("anvil_setBalance", signer.address, hex(10**20))
    chain = await stack.enter_async_context(RpcChain(anvil.config(), retry_s=2))
    admin = Sender(chain, Signer(RICH_KEY), QUICK)
    contracts = await _deploy(admin, sequencer, reporters)
    config = anvil.config(contracts, confirmations=CONFIRMATIONS)
    return Place(anvil, chain, config, admin)


async def _deploy(admin: Sender, sequencer: Signer, reporters: Sequence[Signer]) -> dict[str, str]:
    manager = await deploy(admin, "AccessManager", [admin.signer.address])
    custody = await deploy(admin, "Custody", [manager.address, EPOCH_S])
    oracle = await deploy(admin, "Oracle", [manager.address])
    tokens = {name: await deploy(admin, "LocalDollar", known_as=name) for name in ("Base", "Dollar")}
    for token in tokens.values():
        await admin.transact(custody, "listToken", token.address, CAP)
    await admin.transact(oracle, "setFeed", DOLLAR_FEED, (2, 3_600, 1_000))
    for target, function, role, holders in (
        (custody, "settle", ROLE_SEQUENCER, (sequencer,)),
        (oracle, "report", ROLE_REPORTER, reporters),
    ):
        (found,) = target.interface.functions[function]
        await admin.transact(manager, "setTargetFunctionRole", target.address, [found.selector], role)
        for holder in holders:
            await admin.transact(manager, "grantRole", role, holder.address, 0)
    deployed = {"AccessManager": manager, "Custody": custody, "Oracle": oracle, **tokens}
    return {name: found.address for name, found in deployed.items()}


def _market(config: ChainConfig) -> MarketConfig:
    base, quote = ((config.chain_id, config.contracts[name]) for name in ("Base", "Dollar"))
    return MarketConfig(
        symbol="BASE-USD",
        base=base,
        quote=quote,
        lot=100,
        tick=1,
        maker_fee_ppm=0,
        taker_fee_ppm=1_000,
        max_lots=10**6,
    )
