"""Sinks and sources on a local chain with the real Superfluid, and the reference that follows its events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chain_anvil import Anvil

from stab3l.chain.contracts import Contract, contract, contract_at, decode_log
from stab3l.chain.flows import Flows, task_type_id
from stab3l.chain.port import Receipt
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.config import ChainConfig
from stab3l.flow.constants import EPOCH_SECONDS
from stab3l.flow.distribution import Distribution
from stab3l.hashing import keccak256

TASK = task_type_id("compute.wasm")
STAKE = 400 * 10**18
WEI = 10**20
REPORT = {
    "CapacityReport": [
        {"name": "taskTypeId", "type": "bytes32"},
        {"name": "sink", "type": "address"},
        {"name": "capacity", "type": "uint256"},
        {"name": "epoch", "type": "uint256"},
    ]
}


@dataclass
class FlowMarket:
    """One chain's flows, its people, and the reference."""

    anvil: Anvil
    chain: RpcChain
    config: ChainConfig
    flows: Flows = field(init=False)
    sinks: list[Sender] = field(default_factory=list)
    reference: Distribution = field(default_factory=Distribution)
    _followed: int = 0

    def __post_init__(self) -> None:
        self.flows = Flows(self.chain, self.config)

    def contract(self, name: str) -> Contract:
        return contract(self.config, name)

    def person(self, name: str) -> Sender:
        """Someone with money for gas."""
        signer = Signer(keccak256(name.encode()))
        self.anvil.ask("anvil_setBalance", signer.address, hex(WEI))
        return Sender(self.chain, signer)

    def give(self, token: str, to: str, amount: int) -> None:
        """Tokens from nowhere, for what the test is not about."""
        self.anvil.ask("anvil_dealERC20", to, self.config.contracts[token], hex(amount))

    async def add_sinks(self, count: int) -> None:
        """Staked and registered."""
        stakes, token = (
            self.flows.stakes,
            contract_at(self.chain.chain_id, "ERC20Permit", self.config.contracts["sSTBToken"]),
        )
        for index in range(count):
            sink = self.person(f"sink {index}")
            self.give("sSTBToken", sink.signer.address, STAKE)
            await sink.transact(token, "approve", stakes.address, STAKE)
            await sink.transact(stakes, "stake", STAKE)
            await sink.transact(self.flows.registry, "registerSink", TASK)
            self.sinks.append(sink)

    async def epoch(self) -> int:
        return (await self.chain.head()).timestamp // EPOCH_SECONDS

    async def next_epoch(self) -> None:
        now = (await self.chain.head()).timestamp
        self.anvil.ask("evm_setNextBlockTimestamp", (now // EPOCH_SECONDS + 1) * EPOCH_SECONDS)
        self.anvil.ask("evm_mine")

    def pass_time(self, seconds: int) -> None:
        self.anvil.ask("evm_increaseTime", seconds)
        self.anvil.ask("evm_mine")

    async def report(self, keeper: Sender, capacities: dict[int, int]) -> Receipt:
        """Signed reports of several sinks, handed in together."""
        domain = {
            "name": "stab3l CapacityRegistry",
            "version": "1",
            "chainId": self.chain.chain_id,
            "verifyingContract": self.flows.registry.address,
        }
        epoch = await self.epoch()
        reports, signatures = [], []
        for index, capacity in capacities.items():
            signer = self.sinks[index].signer
            report = {"taskTypeId": TASK, "sink": signer.address, "capacity": capacity, "epoch": epoch}
            reports.append(report)
            signatures.append(signer.sign_typed(domain, REPORT, report))
        return await keeper.transact(self.flows.registry, "reportCapacities", reports, signatures)

    async def signal(self, index: int, capacity: int) -> None:
        """Commit and reveal."""
        sink, registry = self.sinks[index], self.flows.registry
        nonce = keccak256(f"{index} {capacity}".encode())
        call = (TASK, sink.signer.address, await self.epoch(), capacity, nonce)
        await sink.transact(registry, "commitCapacity", TASK, await self.chain.call(registry, "commitmentOf", *call))
        await sink.transact(registry, "revealCapacity", TASK, capacity, nonce)

    # --- The reference

    async def follow(self) -> None:
        """Feeds the reference with what Superfluid says it did, and brings it to the newest block."""
        pool, agreement = await self.flows.pool(TASK), await self.flows.agreement()
        head = await self.chain.head()
        times: dict[int, int] = {}
        for entry in await self.chain.logs([pool.address, agreement.address], self._followed, head.number):
            if entry.block_number not in times:
                times[entry.block_number] = (await self.chain.block(entry.block_number)).timestamp
            source = pool if entry.address == pool.address else agreement
            event = decode_log(source, entry)
            if event is not None:
                self._apply(event.event, event.args, times[entry.block_number], pool.address)
        self._followed = head.number + 1
        self.reference.at(head.timestamp)

    def _apply(self, event: str, args: Any, now: int, pool: str) -> None:
        if event != "MemberUnitsUpdated" and args.get("pool") != pool:
            return
        self.reference.at(now)
        match event:
            case "MemberUnitsUpdated":
                self.reference.set_units(args["member"], args["newUnits"])
            case "FlowDistributionUpdated":
                # The event tells what was taken, not what was asked; asking for it again takes the same.
                self.reference.set_rate(args["distributor"], args["newDistributorToPoolFlowRate"])
            case "InstantDistributionUpdated":
                self.reference.give(args["distributor"], args["actualAmount"])
