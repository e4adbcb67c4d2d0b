"""A gateway's questions and batches on a native engine in this process, at a time that a test sets."""

from __future__ import annotations

from stab3l.clock import Clock
from stab3l.engine import Engine
from stab3l.exchange import derivative_queries, queries
from stab3l.exchange.gateway_client import (
    Asset,
    Book,
    Collateral,
    Due,
    Instrument,
    Market,
    Position,
    Status,
    Submitted,
    Underlying,
    Unhealthy,
)


class EmbeddedGateway:
    """What keepers ask of `stab3l.exchange.gateway_client.GatewayClient`; it counts the batches that it took."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.engine = engine
        self.batches = 0
        self._clock = clock

    async def submit(self, batch: bytes) -> Submitted:
        """Applies a batch now."""
        self.batches += 1
        first = self.engine.last_sequence + 1
        return Submitted(first, self.engine.apply(batch, self._clock.now()))

    async def status(self) -> Status:
        """How far it is."""
        return queries.status(self.engine)

    async def assets(self) -> tuple[Asset, ...]:
        """All assets."""
        return queries.assets(self.engine)

    async def markets(self) -> tuple[Market, ...]:
        """All markets."""
        return queries.markets(self.engine)

    async def book(self, market: int, depth: int) -> Book:
        """The best levels."""
        return queries.book(self.engine, market, depth)

    async def underlyings(self) -> tuple[Underlying, ...]:
        """What futures and options are on."""
        return derivative_queries.underlyings(self.engine)

    async def instruments(self) -> tuple[Instrument, ...]:
        """All futures and options."""
        return derivative_queries.instruments(self.engine)

    async def collateral(self) -> tuple[Collateral, ...]:
        """What counts as equity."""
        return derivative_queries.collateral(self.engine)

    async def positions(self, account: int) -> tuple[Position, ...]:
        """An account's positions."""
        return derivative_queries.positions(self.engine, account)

    async def due(self) -> Due:
        """What is due next."""
        return derivative_queries.due(self.engine)

    async def unhealthy(self, first: int, count: int) -> Unhealthy:
        """Who a new price would liquidate."""
        return derivative_queries.unhealthy(self.engine, first, count)
