"""Runs an ASGI application on Granian inside this process until it is told to stop."""

from __future__ import annotations

import signal
from contextlib import suppress
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import anyio
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from stab3l.errors import Invalid

HEADER_BUFFER_BYTES: Final = 64 * 1024
HEADER_TIMEOUT_MS: Final = 10_000
"""Whoever sends a request's headers more slowly is cut (slow-loris)."""
CONNECTIONS_BACKLOG: Final = 1024
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


def granian_server(application: Any, host: str, port: int) -> Any:
    """An embedded Granian server for an ASGI application: small buffers, headers in time, no log of its own."""
    return Server(
        application,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        backlog=CONNECTIONS_BACKLOG,
        http1_settings=HTTP1Settings(max_buffer_size=HEADER_BUFFER_BYTES, header_read_timeout=HEADER_TIMEOUT_MS),
        log_enabled=False,
    )


async def serve_application(application: Any, url: str) -> None:
    """Serves ``application`` where ``url`` says, until this task is cancelled; requests under way get `STOP_S` then.

    Raises:
        AddressInvalid: the URL names no address.
    """
    server = granian_server(application, *listening_address(url))
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
