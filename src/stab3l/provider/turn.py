"""One claim at a time also on this machine: who proves with a provider's key holds its home's lock."""

from __future__ import annotations

import fcntl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar, Final

import anyio
import structlog

from stab3l.errors import Unavailable

PAUSE_S: Final = 0.5

log = structlog.get_logger(__name__)


class ProvingAlready(Unavailable):
    """Another process of this home is proving a claim."""

    code: ClassVar[str] = "proving_already"


@asynccontextmanager
async def proving_turn(home: Path, *, patient: bool) -> AsyncIterator[None]:
    """Holds the lock, which goes with the process however it ends. ``patient``: waits for whoever has it.

    Raises:
        ProvingAlready: it is taken, and this caller does not wait.
    """
    path = home / "provider" / "proving.lock"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("ab") as file:
        told = False
        while not _taken(file.fileno()):
            if not patient:
                raise ProvingAlready("another process proves a claim for this provider", lock=str(path))
            if not told:
                log.info("waiting_for_another_proof", lock=str(path))
                told = True
            await anyio.sleep(PAUSE_S)
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
