"""Backpressure payments on one chain as its callers see them: pools, accounts, and calls that go through Superfluid."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from stab3l.chain.contracts import Contract, contract, contract_at
from stab3l.chain.encoding import encode
from stab3l.chain.port import Chain
from stab3l.config import ChainConfig
from stab3l.errors import NotFound
from stab3l.hashing import keccak256

AGREEMENT_CLASS: Final = keccak256(b"org.superfluid-finance.agreements.GeneralDistributionAgreement.v1")
UPGRADE, CALL_AGREEMENT, FORWARD = 101, 201, 301
"""Operation types of the host's ``batchCall``."""

Operation = tuple[int, str, bytes]


def task_type_id(name: str) -> bytes:
    """The id of a task type: the hash of its name."""
    return keccak256(name.encode())


@dataclass(frozen=True, slots=True)
class PoolState:
    """One task type's pool. Rates and capacities: wei per second; levels: wei."""

    quantum: int
    sink_units: int
    onward_units: int
    escrow_units: int
    limit: int
    rate: int
    dust_rate: int
    total_units: int
    capacity: int
    buffer_level: int
    buffer_max: int
    spare: int
    needs_rebalance: bool


@dataclass(frozen=True, slots=True)
class FlowAccount:
    """A holder of the payment token. Amounts: wei."""

    available: int
    """Beside the deposits; negative: critical."""
    deposit: int
    """Locked by open streams."""


class Flows:
    """Reads and call data. ``address_of`` and friends are read once and kept."""

    def __init__(self, chain: Chain, config: ChainConfig) -> None:
        self.chain = chain
        self.registry = contract(config, "CapacityRegistry")
        self.pools = contract(config, "BackpressurePool")
        self.escrow = contract(config, "EscrowBuffer")
        self.stakes = contract(config, "StakeManager")
        self.pipeline = contract(config, "Pipeline")
        self.token = contract(config, "SuperToken")
        self.host = contract(config, "SuperfluidHost")
        self._agreement: Contract | None = None
        self._pool_of: dict[bytes, Contract] = {}

    async def agreement(self) -> Contract:
        """Superfluid's General Distribution Agreement."""
        if self._agreement is None:
            address = await self.chain.call(self.host, "getAgreementClass", AGREEMENT_CLASS)
            self._agreement = contract_at(self.chain.chain_id, "GeneralDistributionAgreement", address)
        return self._agreement

    async def pool(self, task: bytes) -> Contract:
        """The pool of a task type. Raises ``NotFound``."""
        if task not in self._pool_of:
            address = await self.chain.call(self.pools, "getPool", task)
            if int(address, 16) == 0:
                raise NotFound("this task type has no pool", task_type=task.hex())
            self._pool_of[task] = contract_at(self.chain.chain_id, "SuperfluidPool", address)
        return self._pool_of[task]

    async def state(self, task: bytes, block: int | None = None) -> PoolState:
        """Everything about a task type's pool, at a block or now. Raises ``NotFound``."""
        pool = await self.pool(task)
        found, total_units, capacity, level, level_max, spare, due = await asyncio.gather(
            self.chain.call(self.pools, "stateOf", task, block=block),
            self.chain.call(pool, "getTotalUnits", block=block),
            self.chain.call(self.pools, "capacityOf", task, block=block),
            self.chain.call(self.escrow, "bufferLevel", task, block=block),
            self.chain.call(self.escrow, "bufferMax", task, block=block),
            self.chain.call(self.pools, "spareOf", task, block=block),
            self.chain.call(self.pools, "needsRebalance", task, block=block),
        )
        return PoolState(
            found.quantum,
            found.sinkUnits,
            found.onwardUnits,
            found.escrowUnits,
            found.limit,
            found.rate,
            found.dustRate,
            total_units,
            capacity,
            level,
            level_max,
            spare,
            due,
        )

    async def account(self, address: str) -> FlowAccount:
        """Balance and deposits of a holder."""
        found = await self.chain.call(self.token, "realtimeBalanceOfNow", address)
        return FlowAccount(found.availableBalance, found.deposit)

    async def stream(self, source: str, task: bytes) -> tuple[int, int]:
        """Rate [wei per second] and deposit [wei] of a source's stream into a pool."""
        found = await self.chain.call(
            await self.agreement(), "getFlow", self.token.address, source, (await self.pool(task)).address
        )
        return found.flowRate, found.deposit

    async def set_rate(self, source: str, task: bytes, rate: int) -> list[Operation]:
        """Operations of a batch that sets a source's stream and rebalances at the same moment."""
        agreement, pool = await self.agreement(), await self.pool(task)
        call = agreement.encode("distributeFlow", (self.token.address, source, pool.address, rate, b""))
        return [
            (CALL_AGREEMENT, agreement.address, encode(("bytes", "bytes"), (call, b""))),
            (FORWARD, self.pools.address, self.pools.encode("rebalance", (task,))),
        ]

    async def connected(self, task: bytes, member: str) -> bool:
        """Whether what the pool streams to a member comes straight into its balance."""
        return bool(
            await self.chain.call(await self.agreement(), "isMemberConnected", (await self.pool(task)).address, member)
        )

    async def connect(self, task: bytes) -> Operation:
        """The operation that connects its sender to a pool: income needs no claim, and units are cheaper to write."""
        agreement, pool = await self.agreement(), await self.pool(task)
        call = agreement.encode("connectPool", (pool.address, b""))
        return (CALL_AGREEMENT, agreement.address, encode(("bytes", "bytes"), (call, b"")))

    def upgrade(self, amount: int) -> Operation:
        """The operation that turns approved underlying tokens into ``amount`` of the payment token."""
        return (UPGRADE, self.token.address, encode(("uint256",), (amount,)))

    async def sinks(self, task: bytes) -> list[str]:
        """Registered sinks of a task type."""
        return list(await self.chain.call(self.registry, "sinksOf", task))

    async def signal(self, task: bytes, sink: str) -> Any:
        """Written average [wei per second, fixed point], its epoch and the sink's misses [bps]."""
        return await self.chain.call(self.registry, "signalOf", task, sink)

    async def epoch_seconds(self) -> int:
        """Length of an epoch."""
        return int((await self.chain.call(self.registry, "rules")).epochSeconds)
