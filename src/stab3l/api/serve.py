"""The API process: one Litestar application on an embedded Granian server."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio
import structlog

from stab3l.api.access.door import Access
from stab3l.api.app import create_app
from stab3l.api.chronicle import History
from stab3l.api.console_routes import CONSOLE
from stab3l.api.desk import Desk
from stab3l.api.heads import follow_heads
from stab3l.api.settings import ApiSettings
from stab3l.api.stream_server import serve_streams
from stab3l.chain.port import Chain
from stab3l.chain.rpc import RpcChain
from stab3l.clock import SystemClock
from stab3l.config import Network, load_network
from stab3l.exchange.gateway_client import trader_client
from stab3l.http.metrics import MetricsServer
from stab3l.http.server import serve_application, until_told_to_stop

COLLECTIONS: Final = (50_000, 20, 100)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ApiHealth:
    """What ``/health`` answers: how far the exchange's outputs are followed."""

    sequence: int
    ok: bool = True


async def serve(home: Path, host: str = "127.0.0.1", port: int = 8080) -> None:
    """Serves the network in ``home`` until SIGTERM or SIGINT. Starts, and goes on, while gateway or index are down."""
    network, settings = load_network(home), ApiSettings()
    async with _opened(home, network, settings) as desk, AsyncExitStack() as stack:
        if settings.metrics_port:
            stack.enter_context(MetricsServer(settings.metrics_port, lambda: ApiHealth(desk.feed.sequence)))
        console = Path(settings.console) if settings.console else CONSOLE
        _spare_the_collector()
        await serve_desk(desk, host, port, console, stream_port=settings.stream_port)


def _spare_the_collector() -> None:
    """Keeps the garbage collector off the path of an order: what was loaded at start is never garbage, and requests
    leave next to nothing in circles (looking at everything again took up to half of a busy process's time).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTIONS)


async def serve_desk(desk: Desk, host: str, port: int, console: Path = CONSOLE, *, stream_port: int = 0) -> None:
    """Serves a desk until SIGTERM, SIGINT or cancellation. Raises what ends the desk itself: then it cannot serve."""
    application = create_app(desk, console)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(desk.run)
        tasks.start_soon(serve_application, application, f"http://{_in_url(host)}:{port}")
        if stream_port:
            tasks.start_soon(serve_streams, desk, host, stream_port)
        _log.info("api_serving", host=host, port=port)
        await until_told_to_stop()
        tasks.cancel_scope.cancel()
    _log.info("api_stopped", host=host, port=port)


@asynccontextmanager
async def _opened(home: Path, network: Network, settings: ApiSettings) -> AsyncIterator[Desk]:
    """A desk with everything that it reads from."""
    heads: dict[int, int] = {}
    async with AsyncExitStack() as stack:
        exchange = await stack.enter_async_context(trader_client(home, network.gateway))
        history = await stack.enter_async_context(History(network, heads))
        chains = await _chains(network, stack)
        clock = SystemClock()
        access = await stack.enter_async_context(Access(network, home, settings, chains, clock))
        following = asyncio.create_task(follow_heads(network.chains, heads))
        try:
            yield Desk.of(network, exchange, history, access, clock, chains, home)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


async def _chains(network: Network, stack: AsyncExitStack) -> Mapping[int, Chain]:
    found: dict[int, Chain] = {}
    for config in network.chains:
        found[config.chain_id] = await stack.enter_async_context(RpcChain(config))
    return found


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
