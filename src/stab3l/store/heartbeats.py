"""Which processes of a home run: each keeps a file under ``<home>/processes`` fresh while its event loop turns.

A process that ends as it should takes its file away; one that was killed, or hangs, leaves it to grow old.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal

import msgspec
import structlog

from stab3l.clock import Clock, seconds

BEAT_S: Final = 5
SILENT_S: Final = 3 * BEAT_S
KEPT_S: Final = 86_400
"""How long a process that fell silent is told of."""
FOLDER: Final = "processes"
_NAME: Final = re.compile(r"[^a-z0-9-]+")
_log = structlog.get_logger(__name__)


class Running(msgspec.Struct, frozen=True):
    """A process as its file tells of it. Times: unix seconds."""

    name: str
    pid: int
    since: int
    seen: int

    def state(self, now: int) -> Literal["running", "silent"]:
        """Whether it was heard of lately."""
        return "running" if now - self.seen <= SILENT_S else "silent"


@asynccontextmanager
async def beating(home: Path, name: str, clock: Clock) -> AsyncIterator[None]:
    """Keeps a process's file fresh. A home that cannot be written is logged once: the process works without it."""
    plain, since = _NAME.sub("-", name.lower()).strip("-"), seconds(clock.now())
    path = home / FOLDER / f"{plain}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _beat(path, Running(plain, os.getpid(), since, since))
    except OSError as error:
        _log.warning("heartbeat_not_written", path=str(path), error=str(error))
        yield
        return
    beats = asyncio.create_task(_beats(path, plain, since, clock))
    try:
        yield
    finally:
        beats.cancel()
        await asyncio.gather(beats, return_exceptions=True)
        path.unlink(missing_ok=True)


def running(home: Path, now: int) -> list[Running]:
    """The processes of a home by name, also those that fell silent within a day. ``now``: unix seconds."""
    found = []
    for path in sorted((home / FOLDER).glob("*.json")):
        try:
            one = msgspec.json.decode(path.read_bytes(), type=Running)
        except (OSError, msgspec.DecodeError):
            continue
        if now - one.seen <= KEPT_S:
            found.append(one)
    return found


async def _beats(path: Path, name: str, since: int, clock: Clock) -> None:
    while True:
        await asyncio.sleep(BEAT_S)
        try:
            _beat(path, Running(name, os.getpid(), since, seconds(clock.now())))
        except OSError as error:
            _log.warning("heartbeat_not_written", path=str(path), error=str(error))


def _beat(path: Path, one: Running) -> None:
    draft = path.with_suffix(f".{one.pid}")
    draft.write_bytes(msgspec.json.encode(one))
    draft.replace(path)
