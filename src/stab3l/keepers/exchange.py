"""What the keepers of the engine's time and prices need of the exchange: one Protocol over the gateway's values.

``stab3l.exchange.gateway_client.GatewayClient`` is one; ``stab3l.testing.embedded_gateway`` is one without processes.
"""

from __future__ import annotations

from typing import Protocol

from stab3l.exchange.gateway_client import (
    Asset,
    Book,
    Collateral,
    Due,
    Instrument,
    Market,
    Status,
    Submitted,
    Underlying,
    Unhealthy,
)


class OperatedExchange(Protocol):
    """The exchange as its operator sees it. Every method raises `stab3l.errors.Unavailable` when it does not answer."""

    async def submit(self, batch: bytes) -> Submitted:
        """Has a batch sequenced, journaled and applied."""
        ...

    async def status(self) -> Status:
        """How far it is."""
        ...

    async def assets(self) -> tuple[Asset, ...]:
        """All assets, by id."""
        ...

    async def markets(self) -> tuple[Market, ...]:
        """All markets, by id."""
        ...

    async def book(self, market: int, depth: int) -> Book:
        """The best ``depth`` levels of both sides."""
        ...

    async def underlyings(self) -> tuple[Underlying, ...]:
        """What futures and options are on, by id."""
        ...

    async def instruments(self) -> tuple[Instrument, ...]:
        """All futures and options, by market."""
        ...

    async def collateral(self) -> tuple[Collateral, ...]:
        """What counts as equity besides the settlement asset, by asset."""
        ...

    async def due(self) -> Due:
        """When the next order, scheduled cancel and contract come to their end."""
        ...

    async def unhealthy(self, first: int, count: int) -> Unhealthy:
        """Who of the next ``count`` accounts from ``first`` on a new index price would liquidate."""
        ...
