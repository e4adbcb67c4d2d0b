"""Two real chains with a Custody each, the gateway of one exchange over both, and people who deposit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chain_anvil import Anvil
from deployed_chain import BASE, DOLLAR, OTHER, PRIMARY, DeployedChain, Deployments
from gateway_process import GatewayProcess, write_network

from stab3l.chain.contracts import Contract, contract, decode_log
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender, SendPolicy
from stab3l.chain.signer import Signer
from stab3l.clock import SystemClock
from stab3l.config import ChainConfig, MarketConfig, Network
from stab3l.engine.wire import Event, Withdraw, decode_events, encode_batch
from stab3l.exchange.gateway_client import GatewayClient
from stab3l.exchange.listing import Listing, ensure_listed

CONFIRMATIONS = 3
QUICK = SendPolicy(receipt_timeout_s=20, doubt_s=0.3, poll_s_max=0.1)
SECOND_NS = 10**9
ALICE, BOB = b"\xa1" * 32, b"\xb0" * 32
DELAY_S = 2 * 86_400
"""Of the timelock."""

NO_ID = bytes(32)


@dataclass
class Place:
    """One chain, and its governor."""

    anvil: Anvil
    chain: RpcChain
    config: ChainConfig
    governor: Sender

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
        address = person.signer.address
        self.anvil.ask("anvil_setBalance", address, hex(10**20))
        if token == DOLLAR:
            await person.transact(self.token(DOLLAR), "faucet", address, amount)
        else:
            self.as_the_agent(self.token(BASE), "mint", address, amount)
        await person.transact(self.token(token), "approve", self.custody.address, amount)
        await person.transact(self.custody, "deposit", self.token(token).address, amount, address)

    def as_the_agent(self, callee: Contract, function: str, *args: Any) -> None:
        """Calls a contract with the hand of the minting agent, instead of a benchmark and its mint."""
        agent = self.config.contracts["MintingAgent"]
        self.anvil.ask("anvil_setBalance", agent, hex(10**20))
        self.anvil.ask("anvil_impersonateAccount", agent)
        call = {"from": agent, "to": callee.address, "data": "0x" + callee.encode(function, args).hex()}
        sent = self.anvil.ask("eth_sendTransaction", call)
        self.anvil.ask("anvil_stopImpersonatingAccount", agent)
        receipt = self.anvil.ask("eth_getTransactionReceipt", sent)
        assert int(receipt["status"], 16) == 1, f"{callee.name} refused {function}"

    async def govern(self, function: str, *args: Any) -> None:
        """Changes the custody's parameters as governance does: scheduled, then executed after the delay."""
        timelock, call = contract(self.config, "Timelock"), self.custody.encode(function, args)
        target = self.custody.address
        await self.governor.transact(timelock, "schedule", target, 0, call, NO_ID, NO_ID, DELAY_S)
        self.anvil.ask("evm_increaseTime", DELAY_S)
        self.mine(1)
        await self.governor.transact(timelock, "execute", target, 0, call, NO_ID, NO_ID)

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
    """Both chains as they were deployed; shared by tests, each of which begins at the same state."""

    deployments: Deployments
    places: dict[int, Place]
    snapshots: dict[int, str]

    def begin_again(self) -> None:
        """Takes both chains back to their state after the deployment."""
        for chain_id, place in self.places.items():
            assert place.anvil.ask("evm_revert", self.snapshots[chain_id])
            self.snapshots[chain_id] = place.anvil.ask("evm_snapshot")


@asynccontextmanager
async def open_chains(deployments: Deployments) -> AsyncIterator[Chains]:
    """Both chains with their contracts."""
    chains = [await deployments.chain(chain_id) for chain_id in (PRIMARY, OTHER)]
    governor = deployments.signers["governor"]
    async with AsyncExitStack() as stack:
        places = {chain.chain_id: await open_place(stack, chain, governor) for chain in chains}
        snapshots = {chain_id: place.anvil.ask("evm_snapshot") for chain_id, place in places.items()}
        yield Chains(deployments, places, snapshots)


@asynccontextmanager
async def open_market(chains: Chains, home: Path) -> AsyncIterator[CustodyMarket]:
    """A fresh exchange over the chains; everything listed, nothing deposited."""
    chains.begin_again()
    chains.deployments.copy_keys(home)
    configs = tuple(place.config for place in chains.places.values())
    gateway = GatewayProcess(home)
    network = write_network(home, gateway.address, configs, (_market(configs[0]),))
    with gateway:
        async with gateway.operator() as operator:
            listing = await ensure_listed(operator, network)
            yield CustodyMarket(home, gateway, network, chains.places, operator, listing)


async def open_place(stack: AsyncExitStack, deployed: DeployedChain, governor: Signer) -> Place:
    """One deployed chain on a node of its own, until the stack ends."""
    anvil = stack.enter_context(deployed.anvil())
    config = deployed.config(anvil, CONFIRMATIONS)
    chain = await stack.enter_async_context(RpcChain(config, retry_s=2))
    return Place(anvil, chain, config, Sender(chain, governor, QUICK))


def _market(config: ChainConfig) -> MarketConfig:
    base, quote = ((config.chain_id, config.contracts[name]) for name in (BASE, DOLLAR))
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
