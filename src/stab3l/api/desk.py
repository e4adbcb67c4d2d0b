"""Everything that one API process holds, put together in one place."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stab3l.api.access.door import Access
from stab3l.api.answers import ProcessView, StatusView
from stab3l.api.authorising import Authoriser
from stab3l.api.batching import Batcher
from stab3l.api.cache import AnswerCache
from stab3l.api.catalogue import Catalogue, token_symbols
from stab3l.api.chain_state import ChainState
from stab3l.api.chronicle import History
from stab3l.api.entry import OrderEntry
from stab3l.api.exchange import Exchange
from stab3l.api.feed import Feed
from stab3l.api.live import Live
from stab3l.api.operations import Sources
from stab3l.api.readers import Readers
from stab3l.api.signed import signing_domain
from stab3l.api.tickers import Tickers
from stab3l.chain.port import Chain
from stab3l.clock import Clock, seconds
from stab3l.config import Network
from stab3l.errors import Unavailable
from stab3l.store.heartbeats import running


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts of the API. ``run`` must be running while it serves."""

    network: Network
    exchange: Exchange
    history: History
    clock: Clock
    catalogue: Catalogue
    feed: Feed
    batcher: Batcher
    entry: OrderEntry
    live: Live
    tickers: Tickers
    access: Access
    state: ChainState
    cache: AnswerCache
    readers: Readers
    home: Path | None

    @classmethod
    def of(
        cls,
        network: Network,
        exchange: Exchange,
        history: History,
        access: Access,
        clock: Clock,
        chains: Mapping[int, Chain],
        home: Path | None = None,
    ) -> Desk:
        """Puts the parts together. ``chains``: those whose contracts are read, by id; ``home``: whose processes are
        told of.
        """
        catalogue, feed, batcher = Catalogue(exchange, network), Feed(exchange), Batcher(exchange)
        authoriser = Authoriser(catalogue, signing_domain(network), clock, access.agents)
        entry = OrderEntry(Sources(exchange, catalogue, feed), batcher, authoriser)
        tickers = Tickers(exchange, feed, history, clock)
        live = Live(exchange, catalogue, feed, history, tickers, lambda: read_status(exchange, history, clock, home))
        state = ChainState(network, chains, token_symbols(network))
        return cls(
            network,
            exchange,
            history,
            clock,
            catalogue,
            feed,
            batcher,
            entry,
            live,
            tickers,
            access,
            state,
            AnswerCache(),
            Readers(),
            home,
        )

    async def run(self) -> None:
        """Follows the exchange, sends batches and publishes, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.feed.run())
            tasks.create_task(self.batcher.run())
            tasks.create_task(self.live.run())
            tasks.create_task(self.access.run())

    async def status(self) -> StatusView:
        """The body of ``GET /v1/status``."""
        return await read_status(self.exchange, self.history, self.clock, self.home)


async def read_status(exchange: Exchange, history: History, clock: Clock, home: Path | None) -> StatusView:
    """How far every part is; a part that does not answer is named instead of failing the whole."""
    down = []
    position = supply = None
    chains = []
    try:
        position = await exchange.status()
    except Unavailable:
        down.append("exchange")
    try:
        supply, chains = await history.supply(), await history.chains()
    except Unavailable:
        down.append("history")
    return StatusView(
        time=str(clock.now()),
        down=down,
        sequence=str(position.sequence) if position else None,
        block=str(position.block) if position else None,
        sealed_sequence=str(position.sealed_sequence) if position else None,
        state_root="0x" + position.state_root.hex() if position else None,
        supply=supply,
        chains=chains,
        processes=[] if home is None else _processes(home, seconds(clock.now())),
    )


def _processes(home: Path, now: int) -> list[ProcessView]:
    return [ProcessView(one.name, one.state(now), str(one.since)) for one in running(home, now)]
