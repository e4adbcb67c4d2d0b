"""The API process: one Litestar application on an embedded Granian server."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast

import structlog
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from litestar import Litestar

from stab3l.api.app import create_app
from stab3l.api.chronicle import SqlHistory
from stab3l.api.desk import Desk
from stab3l.api.heads import follow_heads
from stab3l.clock import SystemClock
from stab3l.config import load_network
from stab3l.exchange.gateway_client import trader_client

HEADER_BUFFER_BYTES: Final = 64 * 1024
CONNECTIONS_BACKLOG: Final = 1024

_log = structlog.get_logger(__name__)


async def serve(home: Path, host: str = "127.0.0.1", port: int = 8080) -> None:
    """Serves the network in ``home`` until SIGTERM or SIGINT. Starts, and goes on, while gateway or index are down."""
    network = load_network(home)
    heads: dict[int, int] = {}
    async with trader_client(home, network.gateway) as exchange, SqlHistory(network, heads) as history:
        following = asyncio.create_task(follow_heads(network.chains, heads))
        try:
            await serve_app(create_app(Desk.of(network, exchange, history, SystemClock())), host, port)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


async def serve_app(app: Litestar, host: str, port: int) -> None:
    """Serves an application until SIGTERM, SIGINT or cancellation."""
    server = granian_server(app, host, port)
    loop, stop = asyncio.get_running_loop(), cast("Callable[[], None]", server.stop)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    _log.info("api_serving", host=host, port=port)
    try:
        await server.serve()
    finally:
        stop()
        _log.info("api_stopped", host=host, port=port)


def granian_server(app: Any, host: str, port: int) -> Server:
    """An embedded Granian server for an ASGI application, small buffers, no log of its own."""
    return Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        backlog=CONNECTIONS_BACKLOG,
        http1_settings=HTTP1Settings(max_buffer_size=HEADER_BUFFER_BYTES),
        log_enabled=False,
    )
