"""The indexer process: follows every chain and the exchange until it is told to stop."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import anyio
import structlog

from stab3l.chain.rpc import RpcChain
from stab3l.config import ChainConfig, Network, load_network
from stab3l.errors import NotFound, Unavailable
from stab3l.exchange.gateway_client import GatewayClient, trader_client
from stab3l.store.database import Database, open_database
from stab3l.watch.exchange_feed import ExchangeFeed
from stab3l.watch.indexer import ChainIndexer

log = structlog.get_logger(__name__)

T = TypeVar("T")
RETRY_S = 1.0


async def serve(home: Path) -> None:
    """Runs the indexer of the network in ``home`` until SIGTERM or SIGINT.

    Raises:
        NotFound, Invalid: there is no network in ``home``, or its description is damaged.
        ExceptionGroup of Corrupt: a chain or the exchange said what cannot follow from what it said before.
    """
    network = load_network(home)
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow, home, network)
            async for received in signals:
                log.info("indexer_stops", signal=signal.Signals(received).name)
                tasks.cancel_scope.cancel()
                break


async def follow(home: Path, network: Network) -> None:
    """Follows everything until cancelled; raises as ``serve`` does."""
    database = await _patiently(lambda: open_database(network.database_url))
    async with database, anyio.create_task_group() as tasks:
        for config in network.chains:
            tasks.start_soon(_follow_chain, database, config)
        tasks.start_soon(_follow_exchange, database, home, network)
        log.info("indexer_started", chains=[c.chain_id for c in network.chains])


async def _follow_chain(database: Database, config: ChainConfig) -> None:
    async with RpcChain(config) as chain:
        await ChainIndexer(database, chain, config).run()


async def _follow_exchange(database: Database, home: Path, network: Network) -> None:
    async def client() -> GatewayClient:
        return trader_client(home, network.gateway)

    async with await _patiently(client) as gateway:
        await ExchangeFeed(database, gateway).run()


async def _patiently(opening: Callable[[], Awaitable[T]]) -> T:
    """Tries again while the database is away, or the gateway has not written its token yet."""
    while True:
        try:
            return await opening()
        except (Unavailable, NotFound) as error:
            log.warning("indexer_waits", error=str(error))
            await anyio.sleep(RETRY_S)
