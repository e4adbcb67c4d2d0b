"""The one order of everything: waiting batches of all clients become one group commit of the engine.

While a group is being journaled and applied, what arrives forms the next; so a group grows with the load and one
``fdatasync`` covers all of it, and a lone batch waits for nobody.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import structlog

from stab3l._engine import EngineError
from stab3l.clock import Clock
from stab3l.engine.port import ExchangeEngine
from stab3l.exchange import metrics
from stab3l.exchange.errors import EngineStopped
from stab3l.exchange.limits import GROUP_BYTES_MAX, WAITING_BYTES_MAX
from stab3l.exchange.messages import Submitted
from stab3l.units import Nanoseconds

EVENT_SEQUENCE_AT = slice(8, 16)

log = structlog.get_logger(__name__)

Answer = asyncio.Future[Submitted]


class GroupLog(Protocol):
    """A log that must hold a group before it is applied anywhere; `stab3l.exchange.standby.Leader` is one."""

    @property
    def group_bytes_max(self) -> int:
        """Bytes of all batches of a group that the log takes at once."""
        ...

    async def append(self, first_sequence: int, previous: bytes, now: int, batches: Sequence[bytes]) -> None:
        """Appends a group. Raises `EngineStopped` when this process must acknowledge nothing more."""
        ...

    def check(self) -> None:
        """Whether the group that was appended last may be acknowledged now. Raises `EngineStopped`."""
        ...


class Progress:
    """The last sequence number, to wait on."""

    def __init__(self, sequence: int) -> None:
        self.sequence = sequence
        self._moved = asyncio.Event()

    def advance(self, sequence: int) -> None:
        """Wakes everybody who waits."""
        self.sequence = sequence
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def reach(self, sequence: int) -> None:
        """Waits until this sequence number is applied."""
        while self.sequence < sequence:
            await self._moved.wait()


class Sequencer:
    """Gathers batches and applies them in groups; ends at the first failure of the engine, or of the group log."""

    def __init__(self, engine: ExchangeEngine, clock: Clock, log: GroupLog | None = None) -> None:
        self._engine = engine
        self._log = log
        self._group_bytes_max = GROUP_BYTES_MAX if log is None else log.group_bytes_max
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self._waiting: deque[tuple[bytes, Answer]] = deque()
        self._waiting_bytes = 0
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._failure: EngineStopped | None = None
        self._ended_by: EngineStopped | None = None
        self._closing = False
        self.progress = Progress(engine.last_sequence)

    async def enqueue(self, batch: bytes) -> Answer:
        """The future answer to one batch. Waits for room. Raises `EngineStopped` when nothing is taken any more."""
        while not self._room.is_set():
            await self._room.wait()
        if self._failure is not None:
            raise self._failure
        answer: Answer = asyncio.get_running_loop().create_future()
        if not batch:
            answer.set_result(Submitted(0, b""))
            return answer
        self._waiting.append((batch, answer))
        self._waiting_bytes += len(batch)
        if self._waiting_bytes >= WAITING_BYTES_MAX:
            self._room.clear()
        self._arrived.set()
        return answer

    @property
    def waiting(self) -> tuple[int, int]:
        """Batches and bytes that wait for the engine."""
        return len(self._waiting), self._waiting_bytes

    @property
    def failure(self) -> EngineStopped | None:
        """Why nothing more is taken."""
        return self._failure

    async def run(self) -> None:
        """Applies groups until `close`, and then what still waits. Raises `EngineStopped` at the engine's failure."""
        try:
            while self._waiting or not self._closing:
                self._arrived.clear()
                while self._waiting:
                    await self._apply(self._gather())
                if not self._closing:
                    await self._arrived.wait()
            if self._ended_by is not None:
                raise self._ended_by
        finally:
            self._thread.shutdown(wait=False)

    def stop_because(self, error: EngineStopped) -> None:
        """Answers everybody who waits with this error, takes nothing more, and has `run` raise it."""
        self._ended_by = self._fail([], error)
        self.close()

    def close(self) -> None:
        """Takes nothing more; `run` ends when nothing waits."""
        self._closing = True
        self._failure = self._failure or EngineStopped("the gateway is stopping")
        self._arrived.set()

    def _gather(self) -> list[tuple[bytes, Answer]]:
        group, size = [self._waiting.popleft()], 0
        size = len(group[0][0])
        while self._waiting and size + len(self._waiting[0][0]) <= self._group_bytes_max:
            group.append(self._waiting.popleft())
            size += len(group[-1][0])
        self._waiting_bytes -= size
        if self._waiting_bytes < WAITING_BYTES_MAX:
            self._room.set()
        return group

    async def _apply(self, group: list[tuple[bytes, Answer]]) -> None:
        loop = asyncio.get_running_loop()
        try:
            batches = [batch for batch, _ in group]
            now, began = self._clock.now(), loop.time()
            if self._log is not None:
                now = Nanoseconds(max(now, self._engine.last_now))
                await self._log.append(self._engine.last_sequence + 1, self._engine.input_hash, now, batches)
                metrics.REPLICATE_SECONDS.observe(loop.time() - began)
                began = loop.time()
            answers = await loop.run_in_executor(self._thread, self._engine.apply_many, batches, now)
            last = self._engine.last_sequence
            metrics.COMMIT_SECONDS.observe(loop.time() - began)
            if self._log is not None:
                self._log.check()
        except EngineError as error:
            raise self._fail(group, error) from error
        except EngineStopped as error:
            raise self._fail(group, error) from error
        for (_, answer), events in zip(group, answers, strict=True):
            if not answer.done():
                answer.set_result(Submitted(int.from_bytes(events[EVENT_SEQUENCE_AT], "little"), events))
        metrics.GROUP_BATCHES.observe(len(group))
        metrics.BATCHES.inc(len(group))
        metrics.RECORDS.inc(last - self.progress.sequence)
        self.progress.advance(last)

    def _fail(self, group: list[tuple[bytes, Answer]], error: EngineError | EngineStopped) -> EngineStopped:
        cause = type(error).__name__
        if isinstance(error, EngineError):
            failure = self._failure = EngineStopped(f"the engine stopped: {error}", cause=cause)
        else:
            failure = self._failure = error
        log.critical("engine_stopped", cause=cause, reason=str(error), unanswered=len(group))
        for _, answer in [*group, *self._waiting]:
            if not answer.done():
                answer.set_exception(failure)
                answer.exception()  # a client that went away leaves nobody to retrieve it
        self._waiting.clear()
        self._room.set()
        return failure
