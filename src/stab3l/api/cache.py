"""Answers that may be some seconds old: made once for everybody who asks meanwhile, and forgotten soon."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from stab3l.clock import monotonic_s

ANSWERS_MAX: Final = 2_000


@dataclass(frozen=True, slots=True)
class Cached:
    """An encoded answer and its entity tag."""

    content: bytes
    etag: str


class AnswerCache:
    """The answers of this process, by path and query."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[float, Cached]] = {}
        self._making: dict[str, asyncio.Task[Cached]] = {}

    async def get(self, key: str, life_s: float, make: Callable[[], Awaitable[Cached]]) -> Cached:
        """The answer under a key, made if there is none young enough. A failure is told to all who wait."""
        found = self._made.get(key)
        if found is not None and monotonic_s() < found[0]:
            return found[1]
        task = self._making.get(key)
        if task is None:
            task = self._making[key] = asyncio.ensure_future(make())
            task.add_done_callback(lambda done: self._keep(key, life_s, done))
        # Shielded: who goes away must not take the answer from the others.
        return await asyncio.shield(task)

    def _keep(self, key: str, life_s: float, task: asyncio.Task[Cached]) -> None:
        self._making.pop(key, None)
        if task.cancelled() or task.exception() is not None:
            return
        if len(self._made) >= ANSWERS_MAX:
            self._made.pop(next(iter(self._made)))
        self._made[key] = (monotonic_s() + life_s, task.result())
