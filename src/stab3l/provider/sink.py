"""The provider as a sink: shows each epoch how much it can still do, collects what streams to it, leaves cleanly.

The chain is the memory. Only the salt of the running commitment is held here; a killed agent commits anew, which
replaces the old commitment.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

import anyio
import structlog

from stab3l.chain.contracts import contract_at
from stab3l.chain.encoding import encode
from stab3l.chain.errors import ContractRejected
from stab3l.chain.flows import Flows, task_type_id
from stab3l.chain.port import Chain
from stab3l.chain.sender import Sender
from stab3l.config import Network
from stab3l.errors import Stab3lError, Unavailable
from stab3l.flow.constants import COMMIT_TIMEOUT, RATE_MAX
from stab3l.hashing import keccak256

log = structlog.get_logger(__name__)

TASK_TYPE: Final = "compute.wasm"
BLOCKS_TO_FINISH: Final = 4
"""A commitment is not begun when fewer blocks than this are left of its epoch."""

REGISTRATION_PAUSE_S: Final = 10

CLAIM_EPOCHS: Final = 12
"""Epochs between two collections of income: one costs about 200,000 gas."""


class SinkAct(Enum):
    """What to do next."""

    WAIT = auto()
    COMMIT = auto()
    REVEAL = auto()


@dataclass(frozen=True, slots=True)
class Committed:
    """What this process has committed."""

    epoch: int
    block: int
    capacity: int
    nonce: bytes


@dataclass(frozen=True, slots=True)
class Moment:
    """The chain's clock."""

    timestamp: int
    block: int
    epoch_seconds: int
    block_seconds: int

    @property
    def epoch(self) -> int:
        """Number of the running epoch."""
        return self.timestamp // self.epoch_seconds

    @property
    def blocks_left(self) -> int:
        """Whole blocks until the epoch ends."""
        return ((self.epoch + 1) * self.epoch_seconds - self.timestamp) // self.block_seconds


def next_act(moment: Moment, revealed_epoch: int, committed: Committed | None) -> SinkAct:
    """What a registered sink does now; ``revealed_epoch``: that of its last reveal."""
    if revealed_epoch >= moment.epoch:
        return SinkAct.WAIT
    if committed is not None and committed.epoch == moment.epoch:
        if moment.block <= committed.block:
            return SinkAct.WAIT
        if moment.block < committed.block + COMMIT_TIMEOUT:
            return SinkAct.REVEAL
    return SinkAct.COMMIT if moment.blocks_left >= BLOCKS_TO_FINISH else SinkAct.WAIT


def commitment_hash(chain_id: int, registry: str, sink: str, task: bytes, committed: Committed) -> bytes:
    """``CapacityRegistry.commitmentOf``, computed here so that no node learns the capacity before its reveal."""
    kinds = ("uint256", "address", "address", "bytes32", "uint256", "uint256", "bytes32")
    values = (chain_id, registry, sink, task, committed.epoch, committed.capacity, committed.nonce)
    return keccak256(encode(kinds, values))


@dataclass
class SinkAgent:
    """The loop of one sink. ``measure``: spare capacity now [wei per second]."""

    network: Network
    chain: Chain
    sender: Sender
    measure: Callable[[int], int]
    task_type: str = TASK_TYPE
    _committed: Committed | None = None
    _claimed_epoch: int = 0
    _flows: Flows = field(init=False)

    def __post_init__(self) -> None:
        self._flows = Flows(self.chain, self.network.primary)
        self._task = task_type_id(self.task_type)

    async def registered(self) -> None:
        """Returns once the provider is a sink."""
        while True:
            try:
                if await self._is_sink():
                    return
            except Unavailable as error:
                log.warning("sink_waits", error=str(error))
            await anyio.sleep(REGISTRATION_PAUSE_S)

    async def _is_sink(self) -> bool:
        return self._task in await self.chain.call(self._flows.registry, "taskTypesOf", self._me)

    async def run(self) -> None:
        """Until cancelled. Does nothing while the provider is no sink."""
        while True:
            try:
                await self.round()
            except Unavailable as error:
                log.warning("sink_waits", error=str(error))
            except Stab3lError as error:
                log.error("sink_round_failed", code=error.code, error=str(error))
            await anyio.sleep(self.network.primary.block_seconds)

    async def round(self) -> SinkAct:
        """One look and at most one step of the signal; once an hour the income is collected."""
        if not await self._is_sink():
            return SinkAct.WAIT
        head = await self.chain.head()
        epoch_seconds = await self._flows.epoch_seconds()
        moment = Moment(head.timestamp, head.number, epoch_seconds, self.network.primary.block_seconds)
        revealed = int((await self._flows.signal(self._task, self._me)).epoch)
        act = next_act(moment, revealed, self._committed)
        if act is SinkAct.COMMIT:
            await self._commit(moment)
        elif act is SinkAct.REVEAL:
            await self._reveal()
        elif moment.epoch >= self._claimed_epoch + CLAIM_EPOCHS:
            self._claimed_epoch = moment.epoch
            await claim(self._flows, self.sender, self._task)
        return act

    async def _commit(self, moment: Moment) -> None:
        capacity = min(self.measure(moment.epoch_seconds), RATE_MAX)
        committed = Committed(moment.epoch, moment.block, capacity, secrets.token_bytes(32))
        registry = self._flows.registry
        digest = commitment_hash(self.chain.chain_id, registry.address, self._me, self._task, committed)
        receipt = await self.sender.transact(registry, "commitCapacity", self._task, digest)
        self._committed = Committed(moment.epoch, receipt.block_number, capacity, committed.nonce)

    async def _reveal(self) -> None:
        assert self._committed is not None
        committed, self._committed = self._committed, None
        call = ("revealCapacity", self._task, committed.capacity, committed.nonce)
        receipt = await self.sender.transact(self._flows.registry, *call)
        log.info("capacity_revealed", capacity=committed.capacity, epoch=committed.epoch, gas=receipt.gas_used)

    @property
    def _me(self) -> str:
        return self.sender.signer.address


async def claim(flows: Flows, sender: Sender, task: bytes) -> int:
    """Collects what has streamed to the sender; wei. Nothing is sent when there is nothing, as for who is connected."""
    pool = await flows.pool(task)
    owed = int((await flows.chain.call(pool, "getClaimableNow", sender.signer.address)).claimableBalance)
    if owed > 0:
        receipt = await sender.transact(pool, "claimAll", sender.signer.address)
        log.info("income_claimed", amount=owed, tx=receipt.tx_hash.hex())
    return owed


@dataclass(frozen=True, slots=True)
class Departure:
    """How far a sink has left. Amounts: wei of the payment and of the stake token."""

    claimed: int
    stake: int
    """Still locked; 0: all is back."""
    unlocks_at: int
    """Unix seconds."""


async def join(flows: Flows, sender: Sender, stake: int, task_type: str = TASK_TYPE) -> None:
    """Stakes up to ``stake`` in all, registers and connects to the pool; does what of it is not done yet.

    A connected sink's income is in its balance as it streams, and a change of its units costs less gas.

    Raises:
        ContractRejected: the stake token is short, or the stake is below the least.
    """
    me, task = sender.signer.address, task_type_id(task_type)
    missing = stake - int(await flows.chain.call(flows.stakes, "getStake", me))
    if missing > 0:
        token = await flows.chain.call(flows.stakes, "token")
        coin = contract_at(flows.chain.chain_id, "ERC20Permit", token)
        await sender.transact(coin, "approve", flows.stakes.address, missing)
        await sender.transact(flows.stakes, "stake", missing)
    if task not in await flows.chain.call(flows.registry, "taskTypesOf", me):
        await sender.transact(flows.registry, "registerSink", task)
    if not await flows.connected(task, me):
        await sender.transact(flows.host, "batchCall", [await flows.connect(task)])


async def leave(flows: Flows, sender: Sender, task_type: str = TASK_TYPE) -> Departure:
    """Deregisters, collects the income, and takes the stake back once its cooldown is over; call again until it is."""
    me, task = sender.signer.address, task_type_id(task_type)
    if task in await flows.chain.call(flows.registry, "taskTypesOf", me):
        await sender.transact(flows.registry, "deregisterSink", task)
    claimed = await claim(flows, sender, task)
    stake = int(await flows.chain.call(flows.stakes, "getStake", me))
    lock = await flows.chain.call(flows.stakes, "lockOf", me)
    if stake:
        try:
            await sender.transact(flows.stakes, "unstake", stake)
            stake = 0
        except ContractRejected as error:
            if error.error_name != "StakeLocked":
                raise
    return Departure(claimed, stake, int(lock.unlocksAt))
