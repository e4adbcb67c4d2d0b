"""Keeps backpressure payments in line: writes down silence, drains, rebalances, closes streams that cannot pay.

And watches: adjustment flow (dust), escrow level, sources in trouble, as metrics and as log lines.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog
from prometheus_client import Counter, Gauge

from stab3l.chain.contracts import Contract, decode_log
from stab3l.chain.errors import ContractRejected
from stab3l.chain.flows import Flows, PoolState, task_type_id
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.config import load_network
from stab3l.flow.signal import Signal
from stab3l.keepers.rounds import Round, keep
from stab3l.keepers.settings import KeeperSettings

ROLE: Final = "flow-keeper"
"""Whose key pays the gas: nothing here needs a right."""

BLOCKS_AT_ONCE: Final = 2_000
SINKS_AT_ONCE: Final = 50
DRAIN_SECONDS_MIN: Final = 10
"""Less unused capacity than this many seconds of it is not worth a drain. The pool remembers an hour of it."""

LEVEL: Final = Gauge("stab3l_flow_escrow_wei", "What the escrow holds", ["task_type"])
LEVEL_MAX: Final = Gauge("stab3l_flow_escrow_max_wei", "B_max", ["task_type"])
DUST: Final = Gauge("stab3l_flow_adjustment_wei_per_second", "Stream to the pool's admin", ["task_type"])
RATE: Final = Gauge("stab3l_flow_rate_wei_per_second", "Stream into the pool", ["task_type"])
CAPACITY: Final = Gauge("stab3l_flow_capacity_wei_per_second", "What the sinks can take", ["task_type"])
CRITICAL: Final = Gauge("stab3l_flow_critical_sources", "Sources whose stream anyone may close", ["task_type"])
ACTS: Final = Counter("stab3l_flow_acts", "What the keeper did", ["task_type", "act"])

log = structlog.get_logger(__name__)


def silent_sinks(signals: dict[str, Signal], epoch: int) -> list[str]:
    """Sinks whose silence was not written down yet, as many as one transaction takes."""
    silent = [sink for sink, signal in signals.items() if signal.scaled and signal.missed(epoch)]
    return sorted(silent)[:SINKS_AT_ONCE]


def drain_is_worth_it(state: PoolState) -> bool:
    """Whether there is something to give and enough capacity that was not used."""
    return state.buffer_level > state.total_units and state.spare >= DRAIN_SECONDS_MIN * max(1, state.capacity)


@dataclass
class FlowKeeper:
    """One task type's keeper."""

    flows: Flows
    sender: Sender
    task_type: str
    deploy_block: int
    dry_run: bool = False
    _sources: set[str] = field(default_factory=set)
    _next_block: int = 0

    def __post_init__(self) -> None:
        self._task = task_type_id(self.task_type)
        self._next_block = self.deploy_block

    async def round(self) -> None:
        """One look and what follows from it. Raises ``Unavailable`` and ``ContractRejected``."""
        await self._find_sources()
        critical = await self.critical_sources()
        for source in critical:
            await self._close(source)
        await self._decay()
        state = await self.flows.state(self._task)
        self._show(state, len(critical))
        if state.needs_rebalance:
            await self._rebalance()
        if drain_is_worth_it(state):
            await self._drain()

    async def critical_sources(self) -> list[str]:
        """Sources of this pool that have used up what lies beside their deposit, and still stream."""
        found = []
        for source in sorted(self._sources):
            rate, _ = await self.flows.stream(source, self._task)
            if rate and (await self.flows.account(source)).available < 0:
                found.append(source)
        return found

    async def _find_sources(self) -> None:
        agreement, pool = await self.flows.agreement(), await self.flows.pool(self._task)
        head = (await self.flows.chain.head()).number
        while self._next_block <= head:
            until = min(self._next_block + BLOCKS_AT_ONCE - 1, head)
            for entry in await self.flows.chain.logs([agreement.address], self._next_block, until):
                event = decode_log(agreement, entry)
                if event and event.event == "FlowDistributionUpdated" and event.args["pool"] == pool.address:
                    self._sources.add(event.args["distributor"])
            self._next_block = until + 1

    async def _decay(self) -> None:
        seconds = await self.flows.epoch_seconds()
        epoch = (await self.flows.chain.head()).timestamp // seconds
        sinks = await self.flows.sinks(self._task)
        found = await asyncio.gather(*(self.flows.signal(self._task, sink) for sink in sinks))
        signals = {sink: Signal(one.smoothed, one.epoch, one.missBps) for sink, one in zip(sinks, found, strict=True)}
        if silent := silent_sinks(signals, epoch):
            await self._act("decay", self.flows.registry, "decay", self._task, silent)

    async def _close(self, source: str) -> None:
        """Ends a stream that cannot pay; what the law of Superfluid gives for it is the keeper's."""
        log.warning("source_critical", task_type=self.task_type, source=source)
        operations = await self.flows.set_rate(source, self._task, 0)
        await self._act("close", self.flows.host, "batchCall", operations)

    async def _rebalance(self) -> None:
        """Through the pipeline where the task type is a stage of one: it cuts what it forwards before its income."""
        pipeline = bytes(await self.flows.chain.call(self.flows.pipeline, "pipelineOf", self._task))
        if any(pipeline):
            await self._act("propagate", self.flows.pipeline, "propagate", pipeline)
        else:
            await self._act("rebalance", self.flows.pools, "rebalance", self._task)

    async def _drain(self) -> None:
        try:
            await self._act("drain", self.flows.escrow, "drain", self._task)
        except ContractRejected as error:
            if error.error_name != "NothingToDrain":
                raise

    async def _act(self, act: str, target: Contract, function: str, *arguments: Any) -> None:
        if self.dry_run:
            log.info("would_act", task_type=self.task_type, act=act)
            return
        receipt = await self.sender.transact(target, function, *arguments)
        ACTS.labels(self.task_type, act).inc()
        log.info("flow_kept", task_type=self.task_type, act=act, tx=receipt.tx_hash.hex(), gas=receipt.gas_used)

    def _show(self, state: PoolState, critical: int) -> None:
        LEVEL.labels(self.task_type).set(state.buffer_level)
        LEVEL_MAX.labels(self.task_type).set(state.buffer_max)
        DUST.labels(self.task_type).set(state.dust_rate)
        RATE.labels(self.task_type).set(state.rate)
        CAPACITY.labels(self.task_type).set(state.capacity)
        CRITICAL.labels(self.task_type).set(critical)
        if state.buffer_level > state.buffer_max:
            log.warning("escrow_full", task_type=self.task_type, level=state.buffer_level, max=state.buffer_max)


async def serve(home: Path, *, dry_run: bool = False) -> None:
    """Keeps the task types of the settings until SIGTERM. ``dry_run``: decide and tell, send nothing.

    Raises:
        NotFound, Invalid, Unauthorised: there is no usable network description or key, or no flows on its chain.
    """
    settings, network = KeeperSettings(), load_network(home)
    signer = Signer.load(home, ROLE)
    async with RpcChain(network.primary) as chain:
        flows = Flows(chain, network.primary)
        sender, block = Sender(chain, signer), network.primary.deploy_block
        names = settings.flow_task_types.split(",")
        rounds: dict[str, Round] = {
            f"flow_{name}": FlowKeeper(flows, sender, name, block, dry_run).round for name in names
        }
        await keep(rounds, settings.flow_interval_s, metrics_port=settings.metrics_port)
