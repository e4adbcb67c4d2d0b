"""The two ways a WebSocket client is connected, as `stab3l.api.sockets.Session` sees them.

`ServedSocket` is one on the API's own port, behind the same server as REST. `StreamSocket` is one on the stream port:
what goes out there is framed once for all clients and handed to the transport without a task or a future per client.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from functools import lru_cache
from typing import Any, Final, Protocol, cast

from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from stab3l.api.outbox import Outbox

MESSAGE_BYTES_MAX: Final = 256 * 1024
"""Of any message on the stream port; a session reads less."""
UNSENT_BYTES_MAX: Final = 64 * 1024
"""What the transport takes before the client counts as slow; then its outbox conflates, or cuts it."""
UNREAD_MAX: Final = 64
"""Messages of a client that wait to be read, before no more are taken off its connection."""
HANDSHAKE_S: Final = 10
"""Whoever sends the request for a socket more slowly is cut."""
CLOSE_S: Final = 1
CLOSE_UNSUPPORTED: Final = 1003
FRAMES_KEPT: Final = 64
PATH: Final = "/v1/ws"


class SocketClient(Protocol):
    """A connected client."""

    @property
    def peer(self) -> str:
        """The address at the other end of the connection."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Those of the request for the socket, by lower-case names."""
        ...

    async def accept(self, outbox: Outbox) -> None:
        """Opens the socket. ``outbox``: what it may take from without being asked."""
        ...

    async def receive(self) -> str:
        """The next text message. Raises ``WebSocketDisconnect`` at the end."""
        ...

    async def send(self, message: bytes) -> None:
        """Sends a text message; waits while the client does not read."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Closes the socket, or refuses one that was not accepted."""
        ...


class ServedSocket:
    """A socket of the server that REST has, too."""

    def __init__(self, socket: WebSocket[Any, Any, Any]) -> None:
        self._socket = socket
        self.peer = socket.client.host if socket.client else ""
        self.headers: Mapping[str, str] = socket.headers

    async def accept(self, outbox: Outbox) -> None:
        """Opens the socket."""
        await self._socket.accept()

    async def receive(self) -> str:
        """The next text message. Raises ``WebSocketDisconnect`` at the end."""
        return str(await self._socket.receive_text())

    async def send(self, message: bytes) -> None:
        """Sends a text message."""
        await self._socket.send_text(message.decode())

    async def close(self, code: int, reason: str) -> None:
        """Closes the socket."""
        await self._socket.close(code, reason)


class StreamSocket(asyncio.Protocol):
    """A socket on a transport of its own. ``serve``: what is done with it once it asks to be one."""

    def __init__(self, serve: Callable[[StreamSocket], Coroutine[Any, Any, None]]) -> None:
        self._serve = serve
        self._protocol = ServerProtocol(max_size=MESSAGE_BYTES_MAX)
        self._request: Request | None = None
        self._transport: asyncio.Transport
        self._task: asyncio.Task[None] | None = None
        self._messages: deque[str] = deque()
        self._part = bytearray()
        self._arrived, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()
        self._open = self._gone = self._paused = self._unread = False
        self.peer = ""
        self.headers: Mapping[str, str] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Waits a while for the request."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=UNSENT_BYTES_MAX)
        self.peer = str((transport.get_extra_info("peername") or ("",))[0])
        self._deadline = asyncio.get_running_loop().call_later(HANDSHAKE_S, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        """Takes the request, then messages."""
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._asked(event)
            elif isinstance(event, Frame):
                self._take(event)
        self._flush()

    def eof_received(self) -> None:
        """The client left."""
        self._protocol.receive_eof()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends the session."""
        self._deadline.cancel()
        self._end()

    def pause_writing(self) -> None:
        """The client does not read."""
        self._paused = True
        self._room.clear()

    def resume_writing(self) -> None:
        """It does again."""
        self._paused = False
        self._room.set()

    async def accept(self, outbox: Outbox) -> None:
        """Opens the socket; from now on the outbox hands messages over without waiting."""
        assert self._request is not None
        self._protocol.send_response(self._protocol.accept(self._request))
        self._flush()
        self._open = not self._gone
        outbox.offer_to(self.offer)

    def offer(self, message: bytes) -> bool:
        """Sends a message now; False when it must wait."""
        if self._paused or not self._open:
            return False
        self._transport.write(frame_of(message))
        return True

    async def receive(self) -> str:
        """The next text message. Raises ``WebSocketDisconnect`` at the end."""
        while not self._messages:
            if self._gone:
                raise WebSocketDisconnect(detail="the client left", code=self._protocol.close_code or 1006)
            self._arrived.clear()
            await self._arrived.wait()
        if self._unread and len(self._messages) <= UNREAD_MAX // 2 and not self._gone:
            self._unread = False
            self._transport.resume_reading()
        return self._messages.popleft()

    async def send(self, message: bytes) -> None:
        """Sends a text message; waits while the client does not read. Raises ``WebSocketDisconnect`` at the end."""
        while not self.offer(message):
            if not self._open:
                raise WebSocketDisconnect(detail="the client left", code=1006)
            await self._room.wait()

    async def close(self, code: int, reason: str) -> None:
        """Closes the socket, or refuses one that was not accepted."""
        if self._gone:
            return
        if self._open:
            self._open = False
            self._protocol.send_close(code, reason[:120])
            asyncio.get_running_loop().call_later(CLOSE_S, self._transport.abort)
        else:
            self._refuse(403, reason)
        self._flush()

    def cancel(self) -> asyncio.Task[None] | None:
        """Ends the session, if there is one, for the server is stopping."""
        if self._task is not None:
            self._task.cancel()
        self._transport.abort()
        return self._task

    def _asked(self, request: Request) -> None:
        self._deadline.cancel()
        self._request = request
        self.headers = {name.lower(): value for name, value in request.headers.raw_items()}
        if request.path.partition("?")[0] != PATH:
            self._refuse(404, f"there is only {PATH} here")
            return
        self._task = asyncio.get_running_loop().create_task(self._serve(self))

    def _refuse(self, status: int, reason: str) -> None:
        self._protocol.send_response(self._protocol.reject(status, reason + "\n"))

    def _take(self, frame: Frame) -> None:
        if frame.opcode is Opcode.BINARY:
            self._protocol.send_close(CLOSE_UNSUPPORTED, "text only")
        elif frame.opcode in (Opcode.TEXT, Opcode.CONT):
            self._part += frame.data
            if frame.fin:
                self._messages.append(self._part.decode(errors="replace"))
                self._part.clear()
                self._arrived.set()
        if len(self._messages) > UNREAD_MAX and not self._unread:
            self._unread = True
            self._transport.pause_reading()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            else:
                self._transport.close()
        if self._protocol.close_expected():
            self._end()
            asyncio.get_running_loop().call_later(CLOSE_S, self._transport.abort)

    def _end(self) -> None:
        self._open, self._gone = False, True
        self._arrived.set()
        self._room.set()


@lru_cache(FRAMES_KEPT)
def frame_of(message: bytes) -> bytes:
    """A server's text message on the wire (RFC 6455 section 5.2): not masked, in one piece."""
    size = len(message)
    if size < 126:
        return bytes((0x81, size)) + message
    length = b"\x7e" + size.to_bytes(2, "big") if size < 1 << 16 else b"\x7f" + size.to_bytes(8, "big")
    return b"\x81" + length + message
