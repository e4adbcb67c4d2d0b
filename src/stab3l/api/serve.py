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
            await serve_desk(Desk.of(network, exchange, history, SystemClock()), host, port)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


async def serve_desk(desk: Desk, host: str, port: int) -> None:
    """Serves a desk until SIGTERM, SIGINT or cancellation. Raises what ends the desk itself: then it cannot serve."""
    server = granian_server(create_app(desk), host, port)
    loop, stop = asyncio.get_running_loop(), cast("Callable[[], None]", server.stop)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    serving, running = asyncio.create_task(server.serve()), asyncio.create_task(desk.run())
    _log.info("api_serving", host=host, port=port)
    try:
        done, _ = await asyncio.wait((serving, running), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop()
        running.cancel()
        await asyncio.gather(serving, running, return_exceptions=True)
        _log.info("api_stopped", host=host, port=port)
    for task in done:
        task.result()


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
