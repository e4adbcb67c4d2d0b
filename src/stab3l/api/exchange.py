"""What the API needs of the exchange: one Protocol over the values of the gateway.

``stab3l.exchange.gateway_client.GatewayClient`` is one; ``stab3l.testing.gateway.ReferenceGateway`` is one over the
reference exchange.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from stab3l.exchange.gateway_client import (
    Asset,
    Balance,
    Book,
    Collateral,
    Frame,
    Instrument,
    Margin,
    Market,
    OptionMarks,
    Order,
    Portfolio,
    Position,
    PositionProof,
    Proof,
    Protection,
    Segment,
    Status,
    Submitted,
    Underlying,
    Withdrawal,
)

__all__ = [
    "Asset",
    "Balance",
    "Book",
    "Collateral",
    "Exchange",
    "Frame",
    "Instrument",
    "Margin",
    "Market",
    "OptionMarks",
    "Order",
    "Portfolio",
    "Position",
    "PositionProof",
    "Proof",
    "Protection",
    "Segment",
    "Status",
    "Submitted",
    "Underlying",
    "Withdrawal",
]


class Exchange(Protocol):
    """The exchange as the API sees it. Every method raises `stab3l.errors.Unavailable` while it does not answer."""

    async def submit(self, batch: bytes) -> Submitted:
        """Has a batch sequenced, journaled and applied. Raises ``SubmissionUnknown`` when the answer was lost."""
        ...

    def outputs(self, from_sequence: int) -> AsyncIterator[Frame]:
        """The output stream from a sequence number on, without end."""
        ...

    def inputs(self, from_sequence: int) -> AsyncIterator[Frame]:
        """The input stream, likewise."""
        ...

    async def segments(self, stream: str) -> tuple[Segment, ...]:
        """The journal's segment files of ``inputs`` or ``outputs``, as far as they are acknowledged."""
        ...

    async def read_segment(self, stream: str, first_sequence: int, offset: int, length: int) -> bytes:
        """Bytes of a segment file, at most 1 MiB; fewer where it ends. Raises ``NotFound``."""
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

    async def account_of(self, owner: bytes) -> int | None:
        """The account of an address; None before its first deposit."""
        ...

    async def balances(self, account: int) -> tuple[Balance, ...]:
        """What an account has, by asset."""
        ...

    async def book(self, market: int, depth: int) -> Book:
        """The best ``depth`` levels of both sides."""
        ...

    async def open_orders(self, account: int) -> tuple[Order, ...]:
        """An account's resting and waiting orders, by id."""
        ...

    async def schedule(self, account: int) -> int:
        """When all of an account's orders die, nanoseconds since 1970; 0: they do not."""
        ...

    async def protections(self, account: int) -> tuple[Protection, ...]:
        """An account's market-maker protections, by market."""
        ...

    async def withdrawal(self, withdrawal: int) -> Withdrawal | None:
        """A withdrawal by its leaf index."""
        ...

    async def balance_proof(self, account: int, asset: int) -> Proof | None:
        """Proof of a balance in the last sealed block; None without a leaf there."""
        ...

    async def withdrawal_proof(self, withdrawal: int) -> Proof | None:
        """Proof of a withdrawal in the last sealed block; None while it is not in one."""
        ...

    async def underlyings(self) -> tuple[Underlying, ...]:
        """What futures and options are on, by id."""
        ...

    async def instruments(self) -> tuple[Instrument, ...]:
        """Every future and option that was ever listed, by market."""
        ...

    async def option_marks(self, market: int) -> OptionMarks | None:
        """An option's mark and scenario values; None for what is no option or has none yet."""
        ...

    async def collateral(self) -> tuple[Collateral, ...]:
        """What counts as equity besides the settlement asset, by asset."""
        ...

    async def positions(self, account: int) -> tuple[Position, ...]:
        """An account's positions that have lots, by market."""
        ...

    async def margin(self, account: int) -> Margin | None:
        """An account's margin; None while the venue has no underlying."""
        ...

    async def position_proof(self, account: int, market: int) -> PositionProof | None:
        """Proof of a position in the last sealed block; None without a leaf there."""
        ...
