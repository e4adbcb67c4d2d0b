"""Orders that arrive together travel together: concurrent requests share one gateway batch.

One batch is under way at a time and everything that arrives meanwhile forms the next, so the batch grows with the load,
a lone order waits for nobody, and the order of arrival is the order of sequence.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

import structlog

from stab3l.api.exchange import Exchange
from stab3l.api.problems import Problem
from stab3l.engine.wire import Event, decode_events
from stab3l.errors import Invalid, Stab3lError, Unavailable

BATCH_RECORDS_MAX: Final = 256
WAITING_MAX: Final = 10_000

_log = structlog.get_logger(__name__)


class Batcher:
    """Joins command records into batches and hands each its own events back."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._waiting: deque[tuple[bytes, asyncio.Future[list[Event]]]] = deque()
        self._arrived = asyncio.Event()

    def enqueue(self, record: bytes) -> asyncio.Future[list[Event]]:
        """The future events of one record. Raises `Problem` ``too_busy`` when too many wait."""
        if len(self._waiting) >= WAITING_MAX:
            raise Problem("too_busy", f"{WAITING_MAX} requests are waiting for the exchange", waiting=WAITING_MAX)
        future: asyncio.Future[list[Event]] = asyncio.get_running_loop().create_future()
        self._waiting.append((record, future))
        self._arrived.set()
        return future

    async def run(self) -> None:
        """Sends batches until cancelled; what waits then is answered as not taken."""
        try:
            while True:
                await self._arrived.wait()
                count = min(len(self._waiting), BATCH_RECORDS_MAX)
                batch = [self._waiting.popleft() for _ in range(count)]
                if not self._waiting:
                    self._arrived.clear()
                await self._send(batch)
        finally:
            for _, future in self._waiting:
                _fail(future, Problem("unavailable", "the API is stopping; the request was not taken"))

    async def _send(self, batch: list[tuple[bytes, asyncio.Future[list[Event]]]]) -> None:
        try:
            answer = await self._exchange.submit(b"".join(record for record, _ in batch))
            events: list[list[Event]] = [[] for _ in batch]
            for event in decode_events(answer.events):
                events[event.sequence - answer.first_sequence].append(event)
        except Unavailable as error:
            for _, future in batch:
                _fail(future, error)
            return
        except asyncio.CancelledError:
            for _, future in batch:
                _fail(future, Problem("submission_unknown", "the API stopped while the request was under way"))
            raise
        except Invalid as error:
            _log.exception("batch_refused", records=len(batch))
            for _, future in batch:
                _fail(future, Problem("internal", f"the exchange refused the batch: {error.message}"))
            return
        except Exception as error:
            _log.exception("batch_failed", records=len(batch))
            for _, future in batch:
                _fail(future, Problem("submission_unknown", f"the exchange's answer cannot be read: {error}"))
            return
        for (_, future), own in zip(batch, events, strict=True):
            if not future.done():
                future.set_result(own)


def _fail(future: asyncio.Future[list[Event]], error: Stab3lError) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()
