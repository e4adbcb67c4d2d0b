"""Runs an ASGI application on Granian inside this process until it is told to stop."""

from __future__ import annotations

import signal
import socket
from contextlib import suppress
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import anyio
from granian._granian import SocketHolder
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from stab3l.errors import Invalid
from stab3l.http.listening import BACKLOG, listening_socket

HEADER_BUFFER_BYTES: Final = 64 * 1024
HEADER_TIMEOUT_MS: Final = 10_000
"""Whoever sends a request's headers more slowly is cut (slow-loris)."""
STOP_S: Final = 10
"""What is under way may take so long after a stop; then it is cut, so that no client can keep a server from ending."""


class AddressInvalid(Invalid):
    """A URL that names no host and port to listen on."""

    code: ClassVar[str] = "address_invalid"


def listening_address(url: str) -> tuple[str, int]:
    """Host and port of a URL.

    Raises:
        AddressInvalid: it has none.
    """
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname and parts.port:
            return parts.hostname, parts.port
    raise AddressInvalid(f"{url!r} is not http://host:port", url=url)


class ListeningServer(Server):
    """Granian's server on a socket of ours: its own shares a port with every process that asks for it."""

    def __init__(self, application: Any, listener: socket.socket, **options: Any) -> None:
        host, port = listener.getsockname()[:2]
        super().__init__(application, address=host, port=port, **options)
        self._listener = listener

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.bind_port)

    def _init_shared_socket(self) -> None:
        self._shd = SocketHolder(self._listener.detach(), False, BACKLOG)  # type: ignore[assignment, call-arg]


def granian_server(application: Any, host: str, port: int) -> ListeningServer:
    """An embedded Granian server for an ASGI application: small buffers, headers in time, no log of its own.

    Raises:
        Unavailable: the port cannot be had.
    """
    return ListeningServer(
        application,
        listening_socket(host, port),
        interface=Interfaces.ASGI,
        backlog=BACKLOG,
        http1_settings=HTTP1Settings(max_buffer_size=HEADER_BUFFER_BYTES, header_read_timeout=HEADER_TIMEOUT_MS),
        log_enabled=False,
    )


async def serve_application(application: Any, url: str) -> None:
    """Serves ``application`` where ``url`` says, until this task is cancelled; requests under way get `STOP_S` then.

    Raises:
        AddressInvalid: the URL names no address.
        Unavailable: the address cannot be had.
    """
    server: Any = granian_server(application, *listening_address(url))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve)
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.move_on_after(STOP_S, shield=True):
                server.stop()
                await server.shutdown()


async def until_told_to_stop() -> None:
    """Returns on SIGTERM or SIGINT."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            return
