"""The things that the reference exchange keeps (docs/reference/engine.md, "Things and their ids")."""

from __future__ import annotations

from dataclasses import dataclass, field

from stab3l.audit.reference_trees import ZERO_HASH
from stab3l.engine.wire import MarketStatus, Side, TimeInForce


@dataclass(slots=True)
class Chain:
    """A chain's deposits so far."""

    deposit_count: int = 0
    deposit_hash: bytes = ZERO_HASH


@dataclass(slots=True)
class Asset:
    """A token of a chain and its totals, in base units."""

    chain_id: int
    token: bytes
    decimals: int
    credited: int = 0
    withdrawn: int = 0


@dataclass(slots=True)
class Balance:
    """One account's amount of one asset, in base units."""

    available: int = 0
    held: int = 0

    @property
    def total(self) -> int:
        """Available and held together."""
        return self.available + self.held


@dataclass(slots=True)
class Order:
    """An accepted order; ``lots`` is what is left of it."""

    id: int
    account: int
    client_id: int
    side: Side
    ticks: int
    lots: int
    time_in_force: TimeInForce


@dataclass(slots=True)
class Market:
    """A market and its resting orders, kept in no particular order."""

    id: int
    base: int
    quote: int
    lot: int
    tick: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    max_lots: int
    status: MarketStatus = MarketStatus.OPEN
    resting: list[Order] = field(default_factory=list)

    def notional(self, lots: int, ticks: int) -> int:
        """Quote base units of ``lots`` at ``ticks``; exact."""
        return lots * ticks * self.tick

    def hold(self, side: Side, lots: int, ticks: int) -> tuple[int, int]:
        """The asset and amount that an order of ``lots`` at ``ticks`` needs held."""
        if side == Side.BUY:
            return self.quote, self.notional(lots, ticks)
        return self.base, lots * self.lot

    def by_priority(self, side: Side) -> list[Order]:
        """Resting orders of one side, best price first, then the earliest."""
        orders = [order for order in self.resting if order.side == side]
        sign = -1 if side == Side.BUY else 1
        return sorted(orders, key=lambda order: (sign * order.ticks, order.id))


@dataclass(slots=True)
class Withdrawal:
    """An accepted withdrawal, a leaf of the withdrawals tree."""

    id: int
    account: int
    asset: int
    chain_id: int
    token: bytes
    owner: bytes
    recipient: bytes
    amount: int


@dataclass(slots=True)
class Remembered:
    """An accepted request, remembered until ``expires_at``; ``id`` is its order or withdrawal."""

    expires_at: int
    id: int
