"""The exchange process: opens the journal, serves the gateway, and leaves a snapshot behind when asked to stop."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Final, Literal

import grpc.aio
import structlog
from pydantic_settings import BaseSettings, SettingsConfigDict

from stab3l._engine import Engine, EngineError, JournalCorrupt, JournalIo, JournalLocked
from stab3l.clock import Clock, SystemClock
from stab3l.config import load_network
from stab3l.errors import Corrupt, Unavailable
from stab3l.exchange.errors import EngineStopped
from stab3l.exchange.journal_files import JournalFiles
from stab3l.exchange.limits import DRAIN_S, MESSAGE_BYTES_MAX, READER_STALL_S
from stab3l.exchange.sequencer import Sequencer
from stab3l.exchange.service import ExchangeService
from stab3l.exchange.tokens import ensure_tokens

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


async def serve(home: Path, *, clock: Clock | None = None) -> None:
    """Runs the gateway of ``<home>/network.json`` until SIGTERM or SIGINT.

    Raises:
        EngineStopped: the engine failed (a full disk, for one); a restart recovers from the journal.
        Unavailable: the address or the journal is taken by another process.
        Corrupt: the journal does not hold what was written to it.
        NotFound, Invalid: there is no usable network description or token.
    """
    settings = ExchangeSettings()
    address = load_network(home).gateway
    tokens = ensure_tokens(home)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    journal = home / "exchange" / "journal"
    engine = await asyncio.to_thread(open_engine, journal, settings)
    try:
        sequencer = Sequencer(engine, clock or SystemClock())
        files = JournalFiles(journal)
        service = ExchangeService(engine, sequencer, tokens, reader_stall_s=settings.reader_stall_s, files=files)
        await _serve(address, sequencer, service, stop)
        snapshot = await asyncio.to_thread(engine.snapshot)
        log.info("gateway_stopped", snapshot=snapshot)
    finally:
        await asyncio.to_thread(engine.close)


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


async def _serve(address: str, sequencer: Sequencer, service: ExchangeService, stop: asyncio.Event) -> None:
    server = grpc.aio.server(options=OPTIONS)
    server.add_generic_rpc_handlers((service.handler(),))
    try:
        server.add_insecure_port(address)
    except RuntimeError:
        raise Unavailable(f"the gateway cannot listen on {address}: is it taken?", address=address) from None
    await server.start()
    log.info("gateway_listening", address=address)
    sequencing = asyncio.create_task(sequencer.run())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((sequencing, stopping), return_when=asyncio.FIRST_COMPLETED)
        await service.stop_taking(DRAIN_S)
        sequencer.close()
        await sequencing
    finally:
        stopping.cancel()
        await server.stop(0)
