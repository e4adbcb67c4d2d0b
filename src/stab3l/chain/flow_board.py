"""Backpressure payments of one chain for whoever shows them: each task type's pool, escrow and sinks, at one block."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import Any, Final

from stab3l.chain.contracts import contract_at, decode_log
from stab3l.chain.flows import Flows, task_type_id
from stab3l.chain.json_values import json_ready
from stab3l.chain.port import Chain
from stab3l.config import ChainConfig
from stab3l.flow.signal import Signal

BLOCKS_AT_ONCE: Final = 10_000
NUMBERS: Final = ("chain_id", "block", "time", "epoch", "epoch_seconds", "miss_bps")


@dataclass(frozen=True, slots=True)
class SinkRow:
    """Who is paid by a stream. Capacity and rate: wei per second; received: wei in all."""

    sink: str
    capacity: int
    """Smoothed, with what silence has cost until now."""
    units: int
    rate: int
    received: int
    epoch: int
    """Of its last signal; 0: none yet."""
    miss_bps: int


@dataclass(frozen=True, slots=True)
class FlowRow:
    """One task type. Rates and capacities: wei per second; levels: wei."""

    task_type: str
    task_type_id: str
    pool: str | None
    """Superfluid's pool; None while governance has opened none."""
    quantum: int = 0
    rate: int = 0
    """Streams in from all sources."""
    capacity: int = 0
    """What the sinks can take together."""
    dust_rate: int = 0
    total_units: int = 0
    sink_units: int = 0
    escrow_units: int = 0
    onward_units: int = 0
    buffer_level: int = 0
    buffer_max: int = 0
    spare: int = 0
    needs_rebalance: bool = False
    sinks: tuple[SinkRow, ...] = ()


@dataclass(frozen=True, slots=True)
class FlowBoard:
    """All task types of a chain."""

    chain_id: int
    block: int
    time: int
    epoch: int
    epoch_seconds: int
    token: str
    """The payment token."""
    flows: tuple[FlowRow, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON; amounts as decimal strings."""
        found: dict[str, Any] = json_ready(asdict(self), NUMBERS)
        return found


async def flow_board(chain: Chain, config: ChainConfig) -> FlowBoard | None:
    """Everything that streams on a chain; None where nothing can.

    Raises:
        ChainUnavailable: the node does not answer.
    """
    if "BackpressurePool" not in config.contracts:
        return None
    flows, head = Flows(chain, config), await chain.head()
    epoch_seconds = await flows.epoch_seconds()
    epoch = head.timestamp // epoch_seconds
    names = await task_types(flows, config, head.number)
    rows = await asyncio.gather(*(_row(flows, name, epoch, head.number) for name in names))
    token = flows.token.address
    return FlowBoard(config.chain_id, head.number, head.timestamp, epoch, epoch_seconds, token, tuple(rows))


async def task_types(flows: Flows, config: ChainConfig, last: int) -> list[str]:
    """Names of all registered task types, oldest first."""
    registry, found = flows.registry, []
    for start in range(config.deploy_block, last + 1, BLOCKS_AT_ONCE):
        for entry in await flows.chain.logs([registry.address], start, min(start + BLOCKS_AT_ONCE - 1, last)):
            event = decode_log(registry, entry)
            if event is not None and event.event == "TaskTypeRegistered":
                found.append(str(event.args["name"]))
    return found


async def _row(flows: Flows, name: str, epoch: int, block: int) -> FlowRow:
    task = task_type_id(name)
    address = await flows.chain.call(flows.pools, "getPool", task, block=block)
    if int(address, 16) == 0:
        return FlowRow(name, "0x" + task.hex(), None)
    state = await flows.state(task, block)
    sinks = await flows.chain.call(flows.registry, "sinksOf", task, block=block)
    rows = await asyncio.gather(*(_sink(flows, task, address, sink, epoch, block) for sink in sorted(sinks)))
    return FlowRow(
        task_type=name,
        task_type_id="0x" + task.hex(),
        pool=address,
        quantum=state.quantum,
        rate=state.rate,
        capacity=state.capacity,
        dust_rate=state.dust_rate,
        total_units=state.total_units,
        sink_units=state.sink_units,
        escrow_units=state.escrow_units,
        onward_units=state.onward_units,
        buffer_level=state.buffer_level,
        buffer_max=state.buffer_max,
        spare=state.spare,
        needs_rebalance=state.needs_rebalance,
        sinks=tuple(rows),
    )


async def _sink(flows: Flows, task: bytes, address: str, sink: str, epoch: int, block: int) -> SinkRow:
    pool = contract_at(flows.chain.chain_id, "SuperfluidPool", address)
    found, units, rate, received = await asyncio.gather(
        flows.chain.call(flows.registry, "signalOf", task, sink, block=block),
        flows.chain.call(pool, "getUnits", sink, block=block),
        flows.chain.call(pool, "getMemberFlowRate", sink, block=block),
        flows.chain.call(pool, "getTotalAmountReceivedByMember", sink, block=block),
    )
    signal = Signal(found.smoothed, found.epoch, found.missBps)
    return SinkRow(sink, signal.capacity(epoch), units, rate, received, found.epoch, found.missBps)
