"""What the API needs of the exchange: one Protocol and the values that cross it.

``stab3l.api.gateway.GatewayExchange`` serves it from the gateway, ``stab3l.testing.gateway.ReferenceGateway`` from the
reference exchange. Amounts are base units, addresses 20 bytes, hashes 32 bytes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec


class Submitted(msgspec.Struct, frozen=True):
    """The engine's answer to one batch: event records of docs/reference/engine.md."""

    first_sequence: int
    events: bytes


class Frame(msgspec.Struct, frozen=True):
    """The events of one batch in the public output stream."""

    first_sequence: int
    now: int
    payload: bytes


class Asset(msgspec.Struct, frozen=True):
    """A token of a chain as the engine registered it."""

    id: int
    chain_id: int
    token: bytes
    decimals: int


class Market(msgspec.Struct, frozen=True):
    """A market as the engine lists it. ``open``: false while it takes cancels only."""

    id: int
    base_asset: int
    quote_asset: int
    lot: int
    tick: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    max_lots: int
    open: bool


class Balance(msgspec.Struct, frozen=True):
    """One asset of an account."""

    asset: int
    available: int
    held: int


class Book(msgspec.Struct, frozen=True):
    """(ticks, lots) of each level of both sides, best price first."""

    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


class Order(msgspec.Struct, frozen=True):
    """A resting order; ``lots`` is what is left of it."""

    id: int
    account: int
    market: int
    side: int
    ticks: int
    lots: int


class Withdrawal(msgspec.Struct, frozen=True):
    """A leaf of the withdrawals tree."""

    id: int
    chain_id: int
    token: bytes
    owner: bytes
    recipient: bytes
    amount: int


class Proof(msgspec.Struct, frozen=True):
    """A leaf's index and siblings, lowest first, in the trees of sealed block ``block``. ``amount``: the leaf's."""

    index: int
    amount: int
    siblings: tuple[bytes, ...]
    root: bytes
    block: int


class Status(msgspec.Struct, frozen=True):
    """How far the exchange is: last input, last sealed block and what it covers."""

    sequence: int
    block: int
    sealed_sequence: int
    state_root: bytes


class Exchange(Protocol):
    """The exchange as the API sees it. Every method raises `stab3l.errors.Unavailable` while it does not answer."""

    async def submit(self, batch: bytes) -> Submitted:
        """Has a batch sequenced, journaled and applied. Raises ``SubmissionUnknown`` when the answer was lost."""
        ...

    def outputs(self, from_sequence: int) -> AsyncIterator[Frame]:
        """The output stream from a sequence number on, without end."""
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
        """An account's resting orders, by id."""
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
