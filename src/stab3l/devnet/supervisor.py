"""Starts processes, keeps them running, stops them.

A service that dies is started again with a growing pause. Each runs in a session of its own: Ctrl-C reaches only
the supervisor, which stops them in reverse order.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep

import psutil
import structlog

from stab3l.clock import monotonic_s
from stab3l.errors import Stab3lError, Unavailable

log = structlog.get_logger()

READY_TIMEOUT_S = 120
STOP_TIMEOUT_S = 10
PAUSE_FIRST_S = 0.2
PAUSE_MAX_S = 5.0
POLL_S = 0.1
CALM_S = 10
"""A service that ran this long starts again after the first pause."""


async def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Service:
    """One process: how to start it, when it is ready, and what to do each time after it came up."""

    name: str
    command: Callable[[], Sequence[str]]
    ready: Callable[[], Awaitable[bool]]
    started: Callable[[], Awaitable[None]] = _nothing
    stopping: Callable[[], Awaitable[None]] = _nothing
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Running:
    service: Service
    process: asyncio.subprocess.Process
    since: float
    restarts: int = 0
    watcher: asyncio.Task[None] | None = None


class Supervisor:
    """Runs services in the order in which they are given."""

    def __init__(self, home: Path) -> None:
        self._logs = home / "logs"
        self._record = home / "processes.json"
        self._running: dict[str, _Running] = {}
        self._stopping = False

    async def start(self, service: Service) -> None:
        """Starts a service, waits until it is ready and watches it from then on.

        Raises:
            Unavailable: it ended or stayed silent; the message names its log.
        """
        running = await self._launch(service, restarts=0)
        await self._until_ready(running)
        await service.started()
        running.watcher = asyncio.create_task(self._watch(running), name=f"watch {service.name}")

    async def hold(self, name: str) -> None:
        """Stops one service and keeps it down until `release`."""
        await _unwatch(self._running[name])
        await self._end(self._running[name].process)

    async def release(self, name: str) -> None:
        """Starts a held service again."""
        await self.start(self._running[name].service)

    def pid(self, name: str) -> int:
        """Process id of a running service."""
        return self._running[name].process.pid

    def status(self) -> list[tuple[str, int, int]]:
        """(name, process id, restarts) of each service."""
        return [(name, r.process.pid, r.restarts) for name, r in self._running.items()]

    async def stop(self) -> None:
        """Stops all services in reverse order: SIGTERM, then SIGKILL after ten seconds."""
        self._stopping = True
        while self._running:
            name, running = next(reversed(self._running.items()))
            await _unwatch(running)
            try:
                await running.service.stopping()
            except Exception as error:
                log.error("last act failed", service=name, error=repr(error))
            await self._end(self._running.pop(name).process)
        self._record.unlink(missing_ok=True)

    async def _launch(self, service: Service, restarts: int) -> _Running:
        self._logs.mkdir(parents=True, exist_ok=True)
        with (self._logs / f"{service.name}.log").open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *service.command(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **service.environment},
                start_new_session=True,
            )
        running = _Running(service, process, since=monotonic_s(), restarts=restarts)
        self._running[service.name] = running
        self._write_record()
        return running

    async def _until_ready(self, running: _Running) -> None:
        name = running.service.name
        deadline = monotonic_s() + READY_TIMEOUT_S
        while not await running.service.ready():
            if running.process.returncode is not None:
                raise Unavailable(f"{name} ended at start: see {self._logs / name}.log", service=name)
            if monotonic_s() > deadline:
                raise Unavailable(f"{name} is not ready after {READY_TIMEOUT_S} s: see {self._logs / name}.log")
            await asyncio.sleep(POLL_S)

    async def _watch(self, running: _Running) -> None:
        pause = PAUSE_FIRST_S
        while not self._stopping:
            code = await running.process.wait()
            log.warning("service ended", service=running.service.name, code=code, restarts=running.restarts)
            pause = PAUSE_FIRST_S if monotonic_s() - running.since > CALM_S else min(pause * 2, PAUSE_MAX_S)
            await asyncio.sleep(pause)
            running = await self._restart(running)

    async def _restart(self, ended: _Running) -> _Running:
        """One attempt. A process that came up only by half is ended, so that the next attempt begins anew."""
        name, running = ended.service.name, ended
        try:
            running = await self._launch(ended.service, ended.restarts + 1)
            running.watcher = ended.watcher
            await self._until_ready(running)
            await running.service.started()
        except (Stab3lError, OSError) as error:
            log.warning("service did not come back yet", service=name, error=str(error))
            await self._end(running.process)
        return running

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            process.kill()
            await process.wait()

    def _write_record(self) -> None:
        record = {
            r.service.name: {"pid": r.process.pid, "created": _created(r.process.pid)} for r in self._running.values()
        }
        temporary = self._record.with_suffix(".part")
        temporary.write_text(json.dumps(record))
        temporary.replace(self._record)


async def _unwatch(running: _Running) -> None:
    if running.watcher is not None:
        running.watcher.cancel()
        await asyncio.wait([running.watcher])


def _created(pid: int) -> str | None:
    """When a process was started, as the text that tells it from a later process of the same id."""
    try:
        return str(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def end_leftovers(home: Path) -> list[str]:
    """Ends processes that a killed supervisor of this home left behind; they are known by id and start time.

    Returns:
        Their service names, when all of them are gone and their ports with them.

    Raises:
        Unavailable: one does not end.
    """
    record = home / "processes.json"
    if not record.exists():
        return []
    left = {
        name: entry["pid"]
        for name, entry in json.loads(record.read_text()).items()
        if entry["created"] is not None and _created(entry["pid"]) == entry["created"]
    }
    for pid in left.values():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for name, pid in left.items():
        _wait_for_end(name, pid)
    record.unlink()
    return list(left)


def _wait_for_end(name: str, pid: int) -> None:
    deadline = monotonic_s() + STOP_TIMEOUT_S
    with contextlib.suppress(psutil.NoSuchProcess):
        while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            if monotonic_s() > deadline:
                raise Unavailable(f"{name} (process {pid}) was left behind by an earlier run and does not end", pid=pid)
            sleep(POLL_S)
