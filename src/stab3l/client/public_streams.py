"""The public journals of an API as a client sees them (docs/reference/streams.md): downloads that resume, live frames.

`PublicStreams` is also a `stab3l.audit.journal.Source`, so that anyone can verify an exchange from outside.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from typing import Final, Self

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from stab3l.api.answers import SegmentView, StreamsView, StreamView
from stab3l.client import calls
from stab3l.client.asynchronous import AsyncClient
from stab3l.client.problems import ApiUnavailable
from stab3l.client.retries import Attempts, RetryPolicy
from stab3l.clock import monotonic_s

TIMEOUT_S: Final = 30
RETRY_S: Final = 30
PIECE_BYTES: Final = 1 << 20
LIVE_HEADER: Final = struct.Struct("<QQ")


class LiveFrame(msgspec.Struct, frozen=True):
    """A batch (``inputs``) or the events of one (``outputs``), with its first sequence number and its time."""

    first_sequence: int
    now: int
    payload: bytes


class PublicStreams:
    """The two streams of one API; use it as an async context manager. It needs no key.

    A broken download goes on at the byte where it broke, for ``retry_s`` seconds after the last byte that came; then
    `ApiUnavailable` is raised. `ApiProblem`: there is no such stream or segment.
    """

    def __init__(self, url: str, *, retry_s: int = RETRY_S) -> None:
        self._retries = RetryPolicy(retry_s)
        self._client = AsyncClient(url, retries=self._retries, timeout_s=TIMEOUT_S)
        self._index: StreamsView | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.__aexit__()

    async def index(self) -> StreamsView:
        """Every segment of both streams, now."""
        return await self._client.send(calls.streams())

    async def bytes_of(self, stream: str) -> int:
        """Bytes of a stream as of the index that `pieces` reads by."""
        return int((await self._known(stream)).bytes)

    async def pieces(self, stream: str) -> AsyncIterator[bytes]:
        """A stream's bytes from the beginning to where the index, read once, says that it ends."""
        for segment in (await self._known(stream)).segments:
            async for piece in self.segment(stream, segment):
                yield piece

    async def segment(self, stream: str, segment: SegmentView, start: int = 0) -> AsyncIterator[bytes]:
        """The bytes of one segment from ``start`` on, in pieces of at most 1 MiB."""
        end = int(segment.bytes)
        while start < end:
            last = min(start + PIECE_BYTES, end) - 1
            piece = await self._client.send(calls.segment(stream, segment.first_sequence, start, last))
            if not 0 < len(piece) <= last - start + 1:
                raise ApiUnavailable(f"bytes {start} to {last} were asked for, {len(piece)} bytes came")
            start += len(piece)
            yield piece

    async def live(self, stream: str, from_sequence: int = 1) -> AsyncIterator[LiveFrame]:
        """Frames from the one that holds ``from_sequence`` on, and then live, without end.

        It reconnects and resumes by itself. The first frame may begin before ``from_sequence``. Raises
        `ApiUnavailable` when nothing can be had for ``retry_s``.
        """
        seen = 0
        while True:
            socket = await self._connected(f"/v1/streams/{stream}/live?from={max(seen, from_sequence)}")
            try:
                async for text in socket:
                    message = text if isinstance(text, bytes) else text.encode()
                    first, now = LIVE_HEADER.unpack_from(message)
                    if first > seen:
                        seen = first
                        yield LiveFrame(first, now, message[LIVE_HEADER.size :])
            finally:
                await socket.close()

    async def _connected(self, path: str) -> ClientConnection:
        attempts = Attempts(self._retries, monotonic_s())
        while True:
            try:
                return await connect(self._client.url.replace("http", "ws", 1) + path, max_size=None)
            except (OSError, WebSocketException) as error:
                wait = attempts.wait_s(ApiUnavailable(str(error)), monotonic_s())
                if wait is None:
                    raise ApiUnavailable(f"the API does not answer: {error!r}") from None
                await asyncio.sleep(wait)

    async def _known(self, stream: str) -> StreamView:
        if self._index is None:
            self._index = await self.index()
        known: StreamView = getattr(self._index, stream)
        return known
