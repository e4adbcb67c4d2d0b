"""What one WebSocket client has still to be sent: bounded, so that a slow reader costs nobody else anything.

Books, tickers and status are conflated: a client that falls behind gets one fresh snapshot instead of the updates it
missed. Trades, an account's events and answers may not be skipped, so a client that falls behind on those is cut.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from stab3l.api.problems import Problem

MESSAGES_MAX: Final = 256
SEND_TIMEOUT_S: Final = 10


class Outbox:
    """Messages waiting for one client. ``book_snapshot`` makes the fresh snapshot of a market that was conflated."""

    def __init__(self, book_snapshot: Callable[[str], bytes]) -> None:
        self._book_snapshot = book_snapshot
        self._messages: deque[bytes] = deque()
        self._stale_books: set[str] = set()
        self._latest: dict[tuple[str, str], bytes] = {}
        self._wake = asyncio.Event()
        self._overflowed = False
        self._offer: Callable[[bytes], bool] | None = None
        self._waits = False
        """Whether something waits; then what comes waits behind it."""
        self.sent = 0

    def offer_to(self, offer: Callable[[bytes], bool]) -> None:
        """Offers each message to ``offer`` first; only what it does not take waits."""
        self._offer = offer

    def _goes(self, message: bytes) -> bool:
        if self._waits or self._offer is None or not self._offer(message):
            return False
        self.sent += 1
        return True

    def _keep(self) -> None:
        self._waits = True
        self._wake.set()

    def put(self, message: bytes) -> None:
        """A message that must arrive; the client is cut when it does not fit."""
        if self._goes(message):
            return
        if len(self._messages) >= MESSAGES_MAX:
            self._overflowed = True
        else:
            self._messages.append(message)
        self._keep()

    def put_book(self, market: str, message: bytes) -> None:
        """A book update, replaced by a later snapshot when it does not fit."""
        if market in self._stale_books or self._goes(message):
            return
        if len(self._messages) >= MESSAGES_MAX // 2:
            self._stale_books.add(market)
        else:
            self._messages.append(message)
        self._keep()

    def put_latest(self, key: tuple[str, str], message: bytes) -> None:
        """The newest of something that each message tells whole; an unsent older one is dropped."""
        if self._goes(message):
            return
        self._latest[key] = message
        self._keep()

    def forget_book(self, market: str) -> None:
        """The client does not want this book any more."""
        self._stale_books.discard(market)

    async def drain(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        """Sends until cancelled. Raises `Problem` ``too_slow`` when the client does not keep up."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while (message := self._next()) is not None:
                try:
                    async with asyncio.timeout(SEND_TIMEOUT_S):
                        await send(message)
                except TimeoutError:
                    raise Problem("too_slow", f"a message waited {SEND_TIMEOUT_S} s to be read") from None
                self.sent += 1
            self._waits = False

    def _next(self) -> bytes | None:
        if self._overflowed:
            raise Problem("too_slow", f"more than {MESSAGES_MAX} messages are unread", messages=MESSAGES_MAX)
        if self._messages:
            return self._messages.popleft()
        if self._stale_books:
            return self._book_snapshot(self._stale_books.pop())
        return self._latest.pop(next(iter(self._latest))) if self._latest else None
