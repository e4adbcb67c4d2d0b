"""The things that the reference exchange keeps (docs/reference/engine.md, "Things and their ids")."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from stab3l.audit.reference_book import Market, Order
from stab3l.audit.reference_trees import ZERO_HASH
from stab3l.engine.wire import Event, Sealed

if TYPE_CHECKING:
    from stab3l.audit.reference_derivatives import Underlying

FEES: Final = 0
INSURANCE: Final = 1
SYSTEM_ACCOUNTS: Final = 3
ZERO_ADDRESS: Final = bytes(20)
AMOUNT_MAX: Final = 2**127 - 1
NO_ORDERS: Final[dict[int, Order]] = {}


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
    """An accepted request, remembered until ``expires_at``; ``id`` is the id of its outcome."""

    expires_at: int
    id: int


@dataclass(slots=True)
class Protection:
    """An account's market-maker protection in a market; times in nanoseconds."""

    window: int
    max_lots: int
    frozen: int
    window_start: int = 0
    counted: int = 0
    frozen_until: int = 0


@dataclass(slots=True)
class Position:
    """An account's signed lots in a market, and the signed sum of what they cost."""

    lots: int = 0
    entry: int = 0


class State:
    """The whole exchange as plain values, and the few moves of money that everything else is made of."""

    def __init__(self) -> None:
        self.now = 0
        self.sequence = 0
        self.block = 0
        self.sealed_through = 0
        self.commands_to_seal = 0
        self.input_hash = ZERO_HASH
        self.output_hash = ZERO_HASH
        self.chains: dict[int, Chain] = {}
        self.assets: list[Asset] = []
        self.markets: list[Market] = []
        self.owners: list[bytes] = [ZERO_ADDRESS] * SYSTEM_ACCOUNTS
        self.accounts: dict[bytes, int] = {}
        """By owner; the three system accounts have none."""
        self.balances: dict[tuple[int, int], Balance] = {}
        """In the order of first credit: a pair's position is its leaf in the balances tree."""
        self.withdrawals: list[Withdrawal] = []
        self.withdrawal_leaves: list[bytes] = []
        self.remembered: dict[tuple[int, int], Remembered] = {}
        self.expiries: list[tuple[int, tuple[int, int]]] = []
        """A heap of when remembered client ids are free again."""
        self.open: dict[int, Order] = {}
        """Every order that rests or waits, by id."""
        self.open_of: dict[int, dict[int, Order]] = {}
        """The same by account."""
        self.orders = 0
        self.trades = 0
        self.arrivals = 0
        self.schedules: dict[int, int] = {}
        """When all of an account's orders die, nanoseconds since 1970."""
        self.protections: dict[tuple[int, int], Protection] = {}
        self.settlement_asset: int | None = None
        self.underlyings: list[Underlying] = []
        self.collateral: dict[int, tuple[int, int]] = {}
        """(haircut ppm, price) by asset."""
        self.positions: dict[tuple[int, int], Position] = {}
        """In the order of first change: a pair's position is its leaf in the positions tree."""
        self.holdings: dict[int, dict[int, Position]] = {}
        """The same positions by account and market."""
        self.exposed: dict[int, dict[int, Position]] = {}
        """Of these, debts and those in markets that are not settled: only they can be worth anything."""
        self.sealed_positions: list[tuple[int, int, int, int]] = []
        """(account, market, lots, entry) of each position when the last block was sealed."""
        self.sealed_position_leaves: list[bytes] = []
        self.sealed_balances: list[tuple[int, int, int]] = []
        """(account, asset, amount) of each slot when the last block was sealed."""
        self.sealed_balance_leaves: list[bytes] = []
        self.sealed_withdrawals = 0
        self.last_sealed: Sealed | None = None
        self.alone = False
        """Whether the command is the only one of its batch."""
        self.events: list[Event] = []
        """Of the batch that is being applied."""

    def let_in(self, order: Order) -> None:
        """Count an order among the open ones."""
        self.open[order.id] = order
        self.open_of.setdefault(order.account, {})[order.id] = order

    def let_out(self, order: Order) -> None:
        """Count it there no longer."""
        del self.open[order.id]
        del self.open_of[order.account][order.id]

    def own_orders(self, account: int) -> list[Order]:
        """An account's resting and waiting orders, by id."""
        own = self.open_of.get(account)
        return [order for _, order in sorted(own.items())] if own else []

    def orders_of(self, account: int) -> Collection[Order]:
        """The same, in any order: what is added up or only looked for."""
        return self.open_of.get(account, NO_ORDERS).values()

    def emit(self, event: Event) -> None:
        """Tell the world."""
        self.events.append(event)

    def is_user(self, account: int) -> bool:
        """Whether the account is known and may ask for anything."""
        return SYSTEM_ACCOUNTS <= account < len(self.owners)

    def balance(self, account: int, asset: int) -> Balance:
        """An account's balance of an asset; zero when it was never credited."""
        return self.balances.get((account, asset)) or Balance()

    def credit(self, account: int, asset: int, amount: int) -> None:
        """Add to what is available; a credit of zero touches nothing."""
        if amount > 0:
            self.balances.setdefault((account, asset), Balance()).available += amount

    def debit(self, account: int, asset: int, amount: int) -> None:
        """Take from what is available."""
        if amount > 0:
            self.balances[account, asset].available -= amount

    def hold(self, account: int, asset: int, amount: int) -> None:
        """Move from available to held."""
        if amount:
            balance = self.balances[account, asset]
            balance.available -= amount
            balance.held += amount

    def release(self, account: int, asset: int, amount: int) -> None:
        """Move from held to available."""
        self.hold(account, asset, -amount)
