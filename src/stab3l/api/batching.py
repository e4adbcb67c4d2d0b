"""Orders that arrive together travel together: concurrent requests share one gateway batch.

One batch is under way at a time and everything that arrives meanwhile forms the next, so the batch grows with the load,
a lone order waits for nobody, and the order of arrival is the order of sequence.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec
import structlog

from stab3l.api.decoding import events_of
from stab3l.api.exchange import Exchange
from stab3l.api.problems import Problem
from stab3l.engine.wire import Event
from stab3l.errors import Invalid, Stab3lError, Unavailable

BATCH_RECORDS_MAX: Final = 256
WAITING_MAX: Final = 50_000

_log = structlog.get_logger(__name__)


Answers = list[list[Event]]
"""The events of each record that was enqueued together."""


class Waiting(msgspec.Struct):
    """Records that go one right after the other, and whoever waits for their events."""

    records: bytes
    count: int
    answers: asyncio.Future[Answers]


class Batcher:
    """Joins command records into batches and hands each its own events back."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._waiting: deque[Waiting] = deque()
        self._count = 0
        self._arrived = asyncio.Event()

    def enqueue(self, records: Sequence[bytes]) -> asyncio.Future[Answers]:
        """The future events of records that go together. Raises `Problem` ``too_busy`` when too many wait."""
        if self._count >= WAITING_MAX:
            raise Problem("too_busy", f"{WAITING_MAX} requests are waiting for the exchange", waiting=WAITING_MAX)
        future: asyncio.Future[Answers] = asyncio.get_running_loop().create_future()
        self._waiting.append(Waiting(b"".join(records), len(records), future))
        self._count += len(records)
        self._arrived.set()
        return future

    async def run(self) -> None:
        """Sends batches until cancelled; what waits then is answered as not taken."""
        try:
            while True:
                await self._arrived.wait()
                batch, count = [], 0
                while self._waiting and count < BATCH_RECORDS_MAX:
                    batch.append(self._waiting.popleft())
                    count += batch[-1].count
                self._count -= count
                if not self._waiting:
                    self._arrived.clear()
                await self._send(batch)
        finally:
            for one in self._waiting:
                _fail(one, Problem("unavailable", "the API is stopping; the request was not taken"))

    async def _send(self, batch: list[Waiting]) -> None:
        try:
            answer = await self._exchange.submit(b"".join([one.records for one in batch]))
            events: Answers = [[] for _ in range(sum(one.count for one in batch))]
            for event in events_of(answer.events):
                events[event.sequence - answer.first_sequence].append(event)
        except Unavailable as error:
            _fail_all(batch, error)
            return
        except asyncio.CancelledError:
            _fail_all(batch, Problem("submission_unknown", "the API stopped while the request was under way"))
            raise
        except Invalid as error:
            _log.exception("batch_refused", records=len(batch))
            _fail_all(batch, Problem("internal", f"the exchange refused the batch: {error.message}"))
            return
        except Exception as error:
            _log.exception("batch_failed", records=len(batch))
            _fail_all(batch, Problem("submission_unknown", f"the exchange's answer cannot be read: {error}"))
            return
        start = 0
        for one in batch:
            if not one.answers.done():
                one.answers.set_result(events[start : start + one.count])
            start += one.count


def _fail_all(batch: list[Waiting], error: Stab3lError) -> None:
    for one in batch:
        _fail(one, error)


def _fail(one: Waiting, error: Stab3lError) -> None:
    if not one.answers.done():
        one.answers.set_exception(error)
        one.answers.exception()
