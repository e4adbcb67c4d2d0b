"""What backpressure payments cost on the real Superfluid, and how fast they are simulated."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stab3l.chain.contracts import contract_at
from stab3l.chain.flows import task_type_id
from stab3l.chain.sender import Sender
from stab3l.devnet.flow_chain import TASK, FlowChain, flow_chain
from stab3l.flow.constants import EPOCH_SECONDS
from stab3l.hashing import keccak256
from stab3l.measure.report import Result, document
from stab3l.sim.flow.run import backpressure
from stab3l.sim.flow.scenario import scenario

CAPACITY = 10**15
SIZES = (1, 10, 50, 100)
WARM_EPOCHS = 4
FUNDS = 10**7 * 10**6
SIM_STEPS = 20_000
ROUNDS = 3
METHOD = "gas of mined transactions on a fresh anvil with Superfluid's own framework; steps over processor seconds"

Say = Callable[[str], None]


def measure(say: Say) -> dict[str, Any]:
    """Everything, as one JSON object. Takes some minutes."""
    with tempfile.TemporaryDirectory(prefix="stab3l-flow-") as folder:
        results = asyncio.run(_gas(Path(folder), say))
    say("simulator")
    return document(METHOD, [*results, _simulator()])


async def _gas(home: Path, say: Say) -> list[Result]:
    say("chain and contracts")
    async with flow_chain(home) as chain:
        bench = Bench(chain, await chain.person("keeper"), await chain.person("source"))
        await bench.fund()
        for size in SIZES:
            say(f"rebalance of {size} sinks")
            await bench.grow(size)
            await bench.rebalances(size)
        say("single calls")
        await bench.signals()
        await bench.source_calls()
        await bench.escrow()
        say("pipeline")
        await bench.pipeline()
        return bench.results


@dataclass
class Bench:
    """One chain that grows from one sink to a hundred."""

    chain: FlowChain
    keeper: Sender
    source: Sender
    sinks: list[Sender] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)

    def add(self, name: str, gas: int, conditions: str) -> None:
        """One figure."""
        self.results.append(Result(f"flow.{name}", gas, "gas", conditions))

    async def fund(self) -> None:
        """Payment tokens for the source, wrapped from dollars."""
        dollar, token = self.chain.config.contracts["LocalDollar"], self.chain.flows.token
        await self.chain.give("LocalDollar", self.source.signer.address, FUNDS)
        coin = contract_at(self.chain.chain.chain_id, "ERC20Permit", dollar)
        await self.source.transact(coin, "approve", token.address, FUNDS)
        await self.source.transact(token, "upgrade", FUNDS * 10**12)

    async def grow(self, size: int) -> None:
        """Registers and connects more sinks, lets their signals rise, and streams twice what they can take."""
        receipts = []
        for index in range(len(self.sinks), size):
            sink = await self.chain.sink(f"sink {index}")
            receipts.append(await sink.transact(self.chain.flows.registry, "registerSink", TASK))
            await sink.transact(self.chain.flows.host, "batchCall", [await self.chain.flows.connect(TASK)])
            self.sinks.append(sink)
        if size == SIZES[-1]:
            self.add("register_gas", receipts[-1].gas_used, "registerSink")
        for _ in range(WARM_EPOCHS):
            await self.everyone(CAPACITY)
            await self.rebalance()
        await self.stream(2 * size * CAPACITY)

    async def everyone(self, capacity: int) -> None:
        """A new epoch, and each sink's report in it."""
        await self.chain.next_epoch()
        for begin in range(0, len(self.sinks), 50):
            await self.chain.report(self.keeper, dict.fromkeys(self.sinks[begin : begin + 50], capacity))

    async def rebalance(self) -> int:
        """Its gas."""
        receipt = await self.keeper.transact(self.chain.flows.pools, "rebalance", TASK)
        return receipt.gas_used

    async def stream(self, rate: int) -> int:
        """Sets the source's stream; the gas of stream and rebalancing."""
        operations = await self.chain.flows.set_rate(self.source.signer.address, TASK, rate)
        receipt = await self.source.transact(self.chain.flows.host, "batchCall", operations)
        return receipt.gas_used

    async def rebalances(self, size: int) -> None:
        """With all sinks changed, with one, with none; under a live stream, the escrow's units changed as well."""
        await self.everyone(2 * CAPACITY)
        gas = await self.rebalance()
        self.add(f"rebalance_{size}_all_gas", gas, f"{size} of {size} sinks and the escrow rewritten, live stream")
        self.add(f"rebalance_{size}_all_per_sink_gas", gas // size, "the same, by the number of sinks")
        await self.chain.next_epoch()
        await self.chain.report(self.keeper, {self.sinks[0]: 4 * CAPACITY})
        gas = await self.rebalance()
        self.add(f"rebalance_{size}_one_gas", gas, f"one of {size} sinks and the escrow rewritten, live stream")
        self.add(f"rebalance_{size}_none_gas", await self.rebalance(), "nothing changed")
        await self.stream(size * CAPACITY // 2)
        await self.chain.next_epoch()
        await self.chain.report(self.keeper, {self.sinks[0]: CAPACITY})
        gas = await self.rebalance()
        told = f"one of {size} sinks rewritten, live stream below what the sinks can take: no overflow, no escrow"
        self.add(f"rebalance_{size}_one_no_overflow_gas", gas, told)
        await self.stream(2 * size * CAPACITY)

    async def signals(self) -> None:
        """Commit and reveal, below the threshold and with the unit update."""
        first, other = self.sinks[0], await self.chain.sink("not connected")
        await other.transact(self.chain.flows.registry, "registerSink", TASK)
        raised = "reveal that raises the units of a sink, live stream"
        await self.signal(first, "commit_gas", "reveal_gas", 10**15, "no unit update")
        for _ in range(2):
            await self.signal(
                first, "", "unit_update_gas", 10 * CAPACITY, f"{raised}; connected, as the agent leaves it"
            )
        for _ in range(3):
            await self.signal(other, "", "unit_update_unconnected_gas", 10 * CAPACITY, f"{raised}; not connected")
        await self.signal(first, "", "unit_fall_gas", 0, "reveal that lowers them; the escrow's units rise with it")
        self.sinks.append(other)
        sink = self.sinks[1]
        receipt = await sink.transact(self.chain.flows.registry, "deregisterSink", TASK)
        self.add("deregister_gas", receipt.gas_used, "units to zero under a live stream")

    async def signal(self, sink: Sender, commit_name: str, reveal_name: str, capacity: int, conditions: str) -> None:
        """One commitment and its reveal; the last measured figure of a name counts."""
        await self.chain.next_epoch()
        registry, nonce = self.chain.flows.registry, keccak256(b"nonce")
        smoothed = (await self.chain.flows.signal(TASK, sink.signer.address)).smoothed // 10**18
        capacity = smoothed if commit_name else capacity
        call = (TASK, sink.signer.address, await self.chain.epoch(), capacity, nonce)
        digest = await self.chain.chain.call(registry, "commitmentOf", *call)
        committed = await sink.transact(registry, "commitCapacity", TASK, digest)
        await self.chain.control.request("evm_mine")
        revealed = await sink.transact(registry, "revealCapacity", TASK, capacity, nonce)
        self.results = [result for result in self.results if result.name != f"flow.{reveal_name}"]
        if commit_name:
            self.add(commit_name, committed.gas_used, "commitCapacity")
        self.add(reveal_name, revealed.gas_used, f"revealCapacity: {conditions}")

    async def source_calls(self) -> None:
        """What a source pays: adjust, close, open, each with the rebalancing in the same transaction."""
        rate = 3 * len(self.sinks) * CAPACITY
        self.add("adjust_gas", await self.stream(rate), "distributeFlow and rebalance in one batch")
        self.add("close_gas", await self.stream(0), "the same, to zero")
        self.add("open_gas", await self.stream(rate), "the same, from zero")

    async def escrow(self) -> None:
        """Taking in the overflow and giving it back."""
        escrow = self.chain.flows.escrow
        await self.chain.control.pass_time(600)
        receipt = await self.keeper.transact(escrow, "sync", TASK)
        self.add("escrow_sync_gas", receipt.gas_used, "overflow taken in")
        await self.stream(0)
        await self.chain.control.pass_time(60)
        receipt = await self.keeper.transact(escrow, "drain", TASK)
        self.add(
            "drain_gas", receipt.gas_used, f"to {len(self.sinks) - 1} sinks at once, what streamed in taken in before"
        )
        receipt = await self.keeper.transact(
            await self.chain.flows.pool(TASK), "claimAll", self.sinks[-1].signer.address
        )
        self.add("claim_gas", receipt.gas_used, "a sink's income; only one that has not connected needs it")

    async def pipeline(self) -> None:
        """Three stages; the first is the pool of all sinks."""
        flows, names = self.chain.flows, ("stage-1", "stage-2")
        for name in names:
            await self.chain.govern(flows.registry, "registerTaskType", name)
            await self.chain.govern(flows.pools, "openPool", task_type_id(name), 10**6)
        chain_id, stages = keccak256(b"pipeline"), [TASK, *map(task_type_id, names)]
        await self.chain.govern(flows.pipeline, "createPipeline", chain_id, stages)
        lent = 10**21
        await self.source.transact(flows.token, "transfer", flows.pipeline.address, lent)
        await self.stream(10 * CAPACITY)
        receipt = await self.keeper.transact(flows.pipeline, "propagate", chain_id)
        self.add("pipeline_step_gas", receipt.gas_used, "propagate over three stages, limits and units written")
        receipt = await self.keeper.transact(flows.pipeline, "propagate", chain_id)
        self.add("pipeline_idle_gas", receipt.gas_used, "propagate over three stages, nothing changed")


def _simulator() -> Result:
    """Epochs a second of the backpressure rules and the world around them, twenty sinks."""
    found = replace(scenario("steady"), steps=SIM_STEPS)
    rates = []
    for round_ in range(ROUNDS):
        begun = time.process_time()
        backpressure(found, random.Random(round_).randrange(2**30))
        rates.append(SIM_STEPS / (time.process_time() - begun))
    conditions = f"{found.sinks} sinks, epochs of {EPOCH_SECONDS} s, best of {ROUNDS} rounds, one core"
    return Result("flow.simulator_steps_per_second", round(max(rates)), "steps/s", conditions)
