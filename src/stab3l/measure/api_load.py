"""Load over raw sockets, so that what is measured is the server and not a client library.

`closed` sends as fast as it is answered and tells the rate; `opened` sends at scheduled times and measures from them.
"""

from __future__ import annotations

import asyncio
import os
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from stab3l.errors import Unavailable

ANSWER_WITHIN_S: Final = 60
CHANNEL: Final = b'{"channel":'
MASK: Final = b"\x00\x00\x00\x00"
"""A client's frames are masked; a mask of zeros leaves them as they are."""


def http_request(path: str, body: bytes) -> bytes:
    """A POST of a JSON body on a connection that stays open."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def http_get(target: str) -> bytes:
    """A GET on a connection that stays open."""
    return f"GET {target} HTTP/1.1\r\nhost: bench\r\n\r\n".encode()


def socket_frame(text: bytes) -> bytes:
    """A text message of a client (RFC 6455 section 5.2)."""
    size = len(text)
    length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return b"\x81" + length + MASK + text


class Connection(asyncio.Protocol, ABC):
    """One socket. ``answered(connection, count)`` is called for complete answers; wrong ones are counted."""

    def __init__(self) -> None:
        self.answered: Callable[[Connection, int], None] = lambda connection, count: None
        self.told: Callable[[Connection, int], None] | None = None
        """Called for messages of channels."""
        self.sent: deque[int] = deque()
        """When what is under way was to be sent, nanoseconds."""
        self.failures = 0
        self.messages = 0
        self.bytes = 0
        self.transport: asyncio.Transport
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Takes whole answers off the buffer."""
        self._buffer += data
        count = self.take()
        if count:
            self.answered(self, count)

    @abstractmethod
    def take(self) -> int:
        """How many whole answers there were."""


class HttpConnection(Connection):
    """HTTP/1.1, answers with a Content-Length."""

    def take(self) -> int:
        """Whole responses."""
        count = 0
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._buffer[:end]).lower()
            at = head.find(b"content-length:")
            size = int(head[at + 15 : (head.find(b"\r", at) + 1 or end + 1) - 1]) if at >= 0 else 0
            if len(self._buffer) < end + 4 + size:
                break
            self.failures += head[9:10] != b"2"
            self.bytes += size
            del self._buffer[: end + 4 + size]
            count += 1
        return count


class SocketConnection(Connection):
    """A WebSocket after its handshake."""

    def __init__(self) -> None:
        super().__init__()
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks for the upgrade."""
        super().connection_made(transport)
        self.transport.write(
            b"GET /v1/ws HTTP/1.1\r\nhost: bench\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
            b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-version: 13\r\n\r\n"
        )

    def take(self) -> int:
        """Whole messages that are answers; those of channels are counted apart."""
        if not self.open.done():
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return 0
            del self._buffer[: end + 4]
            self.open.set_result(None)
        count, at, buffer, before = 0, 0, self._buffer, self.messages
        while len(buffer) - at >= 2:
            size, head = buffer[at + 1] & 0x7F, 2
            if size == 126:
                size, head = int.from_bytes(buffer[at + 2 : at + 4], "big"), 4
            elif size == 127:
                size, head = int.from_bytes(buffer[at + 2 : at + 10], "big"), 10
            if len(buffer) - at < head + size:
                break
            if buffer[at + head : at + head + 6] == b'{"id":':
                count += 1
                self.failures += buffer.count(b'"problem":{', at + head, at + head + size)
            elif buffer[at + head : at + head + 11] == CHANNEL:
                self.messages += 1
            at += head + size
        del buffer[:at]
        if self.told is not None and self.messages > before:
            self.told(self, self.messages - before)
        return count


class ListeningConnection(SocketConnection):
    """A WebSocket that only listens: messages of channels are counted by how they begin, as cheaply as it can be done,
    since a thousand of these share the load's core.
    """

    def __init__(self) -> None:
        super().__init__()
        self._tail = b""

    def data_received(self, data: bytes) -> None:
        """Counts."""
        if not self.open.done():
            super().data_received(data)
            return
        data = self._tail + data
        found = data.count(CHANNEL)
        self.messages += found
        self._tail = data[-len(CHANNEL) + 1 :]
        if found and self.told is not None:
            self.told(self, found)


@dataclass(slots=True)
class Told:
    """What a run came to. ``latencies``: nanoseconds from when each was to be sent."""

    sent: int
    seconds: float
    latencies: list[int] = field(default_factory=list)
    cpu_s: float = 0.0

    @property
    def rate(self) -> int:
        """Answers a second."""
        return int(self.sent / max(self.seconds, 1e-9))

    def quantile_us(self, per_mille: int) -> int:
        """A quantile of the latencies in microseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) * per_mille // 1000, len(ordered) - 1)] // 1000 if ordered else 0


async def connected(kind: type[Connection], address: tuple[str, int], count: int) -> list[Connection]:
    """So many open connections."""
    loop, made = asyncio.get_running_loop(), []
    for _ in range(count):
        _, protocol = await loop.create_connection(kind, *address)
        made.append(protocol)
        if isinstance(protocol, SocketConnection):
            await protocol.open
    return made


async def closed(connections: Sequence[Connection], requests: Iterable[bytes], window: int) -> Told:
    """Keeps ``window`` requests under way on each connection until all are answered."""
    waiting, done = deque(requests), asyncio.get_running_loop().create_future()
    total, left = len(waiting), len(waiting)

    def answered(connection: Connection, count: int) -> None:
        nonlocal left
        left -= count
        pieces = [waiting.popleft() for _ in range(min(count, len(waiting)))]
        if pieces:
            connection.transport.write(b"".join(pieces))
        if left <= 0 and not done.done():
            done.set_result(None)

    begun = time.perf_counter()
    for connection in connections:
        connection.answered = answered
        connection.transport.write(b"".join(waiting.popleft() for _ in range(min(window, len(waiting)))))
    await asyncio.wait_for(done, ANSWER_WITHIN_S)
    _check(connections)
    return Told(total, time.perf_counter() - begun)


async def opened(connections: Sequence[Connection], requests: Iterable[bytes], rate: int, *, pipelined: bool) -> Told:
    """Sends ``rate`` requests a second whatever the answers do; a late one is late from its scheduled time."""
    waiting, done = deque(requests), asyncio.get_running_loop().create_future()
    total, latencies = len(waiting), list[int]()
    free, due = deque(connections), deque[int]()

    def answered(connection: Connection, count: int) -> None:
        now = time.perf_counter_ns()
        for _ in range(count):
            latencies.append(now - connection.sent.popleft())
        if not pipelined:
            free.append(connection)
        send()
        if len(latencies) >= total and not done.done():
            done.set_result(None)

    def send() -> None:
        while due and free and waiting:
            connection = free.popleft()
            connection.sent.append(due.popleft())
            connection.transport.write(waiting.popleft())
            if pipelined:
                free.append(connection)

    for connection in connections:
        connection.answered = answered
    begun, gap, number = time.perf_counter_ns(), 10**9 // rate, 0
    while number < total:
        now = time.perf_counter_ns()
        while number < total and begun + number * gap <= now:
            due.append(begun + number * gap)
            number += 1
        send()
        await asyncio.sleep(0.0005)
    await asyncio.wait_for(done, ANSWER_WITHIN_S)
    _check(connections)
    return Told(total, (time.perf_counter_ns() - begun) / 10**9, latencies)


def _check(connections: Sequence[Connection]) -> None:
    failures = sum(connection.failures for connection in connections)
    if failures:
        raise Unavailable(f"{failures} requests were refused while measuring (process {os.getpid()})")


def close(connections: Sequence[Connection]) -> None:
    """Ends them."""
    for connection in connections:
        connection.transport.close()
