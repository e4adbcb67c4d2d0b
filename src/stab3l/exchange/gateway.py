"""The exchange process: opens the journal, serves the gateway, and leaves a snapshot behind when asked to stop."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, Literal

import grpc.aio
import structlog
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from stab3l._engine import Engine, EngineError, JournalCorrupt, JournalIo, JournalLocked
from stab3l.clock import Clock, SystemClock
from stab3l.config import load_network
from stab3l.errors import Corrupt, Unavailable
from stab3l.exchange import metrics
from stab3l.exchange.errors import EngineStopped, LeadershipLost
from stab3l.exchange.journal_files import JournalFiles
from stab3l.exchange.limits import CALLS_MAX, DRAIN_S, MESSAGE_BYTES_MAX, READER_STALL_S
from stab3l.exchange.metrics import Health
from stab3l.exchange.replication import ReplicatedLog
from stab3l.exchange.sequencer import Sequencer
from stab3l.exchange.service import ExchangeService
from stab3l.exchange.standby import Leader, follow_until_leading
from stab3l.exchange.tokens import ensure_tokens
from stab3l.http.metrics import MetricsServer

log = structlog.get_logger(__name__)

OPTIONS: Final[tuple[tuple[str, int], ...]] = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", -1),
    # A second gateway on the same port must fail instead of sharing it.
    ("grpc.so_reuseport", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
)


class ExchangeSettings(BaseSettings):
    """Settings of the exchange process from the environment, prefix ``STAB3L_EXCHANGE_``."""

    model_config = SettingsConfigDict(env_prefix="STAB3L_EXCHANGE_", extra="ignore")

    durability: Literal["page_cache", "fdatasync"] = "fdatasync"
    """What an acknowledged order survives: a killed process, or a power loss."""
    snapshot_every_records: int = 1_000_000
    reader_stall_s: int = READER_STALL_S
    metrics_port: int = Field(default=0, ge=0, le=65_535)
    """Loopback port of ``/metrics`` and ``/health``; 0: none."""
    listen: str = ""
    """host:port of this node's gateway; empty: the first ``gateway`` address of ``network.json``."""
    nats_url: str = ""
    """NATS server of the replicated log; empty: this process is the exchange, alone."""
    nats_log: str = "stab3l-exchange"
    """Name of the log: one for each exchange."""
    nats_replicas: int = Field(default=1, ge=1, le=5)
    """Servers that keep the log, when it is created."""
    lease_ms: int = Field(default=3_000, ge=200)
    """A follower takes over when it has heard no leader for so long."""


async def serve(home: Path, *, clock: Clock | None = None) -> None:
    """Runs the gateway of ``<home>/network.json`` until SIGTERM or SIGINT.

    Raises:
        EngineStopped: the engine failed (a full disk, for one); a restart recovers from the journal.
        Unavailable: the address or the journal is taken by another process.
        Corrupt: the journal does not hold what was written to it.
        NotFound, Invalid: there is no usable network description or token.
    """
    settings = ExchangeSettings()
    address = settings.listen or load_network(home).gateway.split(",")[0]
    tokens = ensure_tokens(home)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    journal = home / "exchange" / "journal"
    engine = await asyncio.to_thread(open_engine, journal, settings)
    files, health = JournalFiles(journal), Health(durability=settings.durability)
    try:
        async with AsyncExitStack() as stack:
            if settings.metrics_port:
                _measure(engine, files)
                told = partial(_told, health, engine)
                stack.enter_context(MetricsServer(settings.metrics_port, told))
            clock = clock or SystemClock()
            leader = None
            if settings.nats_url:
                health.role = "following"
                leader = await _lead_when_due(stack, engine, settings, clock, stop)
            if not stop.is_set():
                sequencer = Sequencer(engine, clock, leader)
                stall_s = settings.reader_stall_s
                service = ExchangeService(engine, sequencer, tokens, reader_stall_s=stall_s, files=files)
                await _serve(address, sequencer, service, stop, leader, health)
        snapshot = await asyncio.to_thread(engine.snapshot)
        log.info("gateway_stopped", snapshot=snapshot)
    finally:
        await asyncio.to_thread(engine.close)


def _measure(engine: Engine, files: JournalFiles) -> None:
    metrics.SEQUENCE.set_function(lambda: engine.last_sequence)
    metrics.JOURNAL_BYTES.set_function(files.bytes_on_disk)


def _told(health: Health, engine: Engine) -> Health:
    failure = health.failure or engine.halted
    return replace(health, sequence=engine.last_sequence, failure=failure)


async def _lead_when_due(
    stack: AsyncExitStack, engine: Engine, settings: ExchangeSettings, clock: Clock, stop: asyncio.Event
) -> Leader | None:
    """Follows the replicated log until this node leads; None when it was asked to stop before."""
    lease_s = settings.lease_ms / 1_000
    entries = ReplicatedLog(settings.nats_url, settings.nats_log, lease_s, settings.nats_replicas)
    await stack.enter_async_context(entries)
    following = asyncio.create_task(follow_until_leading(engine, entries, clock))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((following, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if following.done():
        return following.result()
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    return None


def open_engine(journal: Path, settings: ExchangeSettings) -> Engine:
    """Opens the journal and logs what recovery found. Raises `Corrupt`, `Unavailable`, `EngineStopped`."""
    journal.parent.mkdir(parents=True, exist_ok=True)
    try:
        engine = Engine.open(
            journal, durability=settings.durability, snapshot_every_records=settings.snapshot_every_records
        )
    except JournalLocked as error:
        raise Unavailable(f"another process has the journal {error.file} open", file=str(error.file)) from None
    except JournalCorrupt as error:
        message = f"{error.file} is damaged at byte {error.offset}: {error.reason}"
        raise Corrupt(message, file=str(error.file), offset=error.offset) from None
    except JournalIo as error:
        raise EngineStopped(f"the journal cannot be opened: {error}", file=str(error.file)) from None
    except EngineError as error:
        raise EngineStopped(f"the engine cannot start: {error}") from None
    found = engine.recovery
    log.info(
        "journal_opened",
        journal=str(journal),
        durability=settings.durability,
        sequence=engine.last_sequence,
        snapshot=found.snapshot,
        damaged_snapshots=found.damaged_snapshots,
        records_replayed=found.records_replayed,
        torn_input_bytes=found.torn_input_bytes,
        torn_output_bytes=found.torn_output_bytes,
    )
    return engine


async def _serve(
    address: str,
    sequencer: Sequencer,
    service: ExchangeService,
    stop: asyncio.Event,
    leader: Leader | None,
    health: Health,
) -> None:
    server = grpc.aio.server(options=OPTIONS, maximum_concurrent_rpcs=CALLS_MAX)
    server.add_generic_rpc_handlers((service.handler(),))
    try:
        server.add_insecure_port(address)
    except RuntimeError:
        raise Unavailable(f"the gateway cannot listen on {address}: is it taken?", address=address) from None
    await server.start()
    log.info("gateway_listening", address=address)
    health.role = "serving"
    metrics.LEADING.set(1)
    metrics.WAITING_BATCHES.set_function(lambda: sequencer.waiting[0])
    metrics.WAITING_BYTES.set_function(lambda: sequencer.waiting[1])
    sequencing = asyncio.create_task(sequencer.run())
    stopping = asyncio.create_task(stop.wait())
    leading = asyncio.create_task(_keep(leader, sequencer))
    try:
        await asyncio.wait((sequencing, stopping), return_when=asyncio.FIRST_COMPLETED)
        health.role = "stopped"
        health.failure = None if sequencer.failure is None else sequencer.failure.message
        metrics.LEADING.set(0)
        await service.stop_taking(DRAIN_S)
        sequencer.close()
        await sequencing
    finally:
        stopping.cancel()
        leading.cancel()
        await asyncio.gather(leading, return_exceptions=True)
        await server.stop(0)


async def _keep(leader: Leader | None, sequencer: Sequencer) -> None:
    if leader is None:
        return
    try:
        await leader.keep()
    except LeadershipLost as error:
        sequencer.stop_because(error)
