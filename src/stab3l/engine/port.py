"""The engine as the rest of the system sees it: one Protocol, which the native engine fulfils.

Rules and wire layout: ``docs/reference/engine.md``. Rows are plain tuples, because the gateway passes thousands of
them on without looking inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

AssetRow = tuple[int, int, bytes, int, int, int]
"""asset, chain id, token, decimals, credited, withdrawn"""
MarketRow = tuple[int, int, int, int, int, int, int, int, int, int, int, int]
"""market, base, quote, lot, tick, maker fee ppm, taker fee ppm, max lots, status, band ppm, mark (0: none), kind"""
LevelRow = tuple[int, int, int]
"""ticks, lots, orders"""
OrderRow = tuple[int, int, int, int, int, int, int, int, int, int, int, int, int, int]
"""order, account, market, client id, ticks, lots left, side, order type, time in force, instructions, self trade,
label, good till, trigger ticks"""
ProtectionRow = tuple[int, int, int, int, int, int, int]
"""market, window, max lots, frozen, window start, counted, frozen until; times in nanoseconds"""
BalanceRow = tuple[int, int, int]
"""asset, available, held"""
WithdrawalRow = tuple[int, int, int, bytes, bytes, bytes, int]
"""account, asset, chain id, token, owner, recipient, amount"""
FrameRow = tuple[int, int, bytes]
"""first sequence number, now, payload (a batch, or the events of one)"""
UnderlyingRow = tuple[int, bytes, int, int, int, int, int, int, int, int, int, int]
"""underlying, name, tick, range, basis, initial, short option, liquidation fee, liquidation step (all in ppm), index,
index at, first at"""
InstrumentRow = tuple[int, int, int, int, int, int, int, int, int, int]
"""market, underlying, kind, expiry, strike, twap sum, last trade, settled, settlement ticks, open interest"""
PortfolioRow = tuple[int, int, int, list[int]]
"""underlying, initial, maintenance, gains in the 16 scenarios"""
MarginRow = tuple[int, int, int, int, int, int, list[PortfolioRow]]
"""equity, initial, maintenance, reserves, free, debt, portfolios"""


class DerivativeQuestions(Protocol):
    """What can be asked about futures, options and margin; the reference exchange answers the same."""

    def markets(self) -> list[MarketRow]:
        """All markets by id."""
        ...

    def sealed(self) -> bytes | None:
        """The last ``sealed`` event record."""
        ...

    def settlement_asset(self) -> int | None:
        """The asset that derivatives are settled in; None before the first underlying."""
        ...

    def underlyings(self) -> list[UnderlyingRow]:
        """All underlyings by id."""
        ...

    def instruments(self) -> list[InstrumentRow]:
        """All futures and options by market."""
        ...

    def option_marks(self, market: int) -> tuple[int, list[int]] | None:
        """An option's mark and 16 values as they were given."""
        ...

    def collateral(self) -> list[tuple[int, int, int]]:
        """Asset, haircut in ppm and price, by asset."""
        ...

    def positions(self, account: int) -> list[tuple[int, int, int]]:
        """Market, lots and entry of every position of an account ever touched; market 2^32 - 1 is its debt."""
        ...

    def margin(self, account: int) -> MarginRow:
        """An account's margin, in base units of the settlement asset."""
        ...

    def position_proof(self, account: int, market: int) -> tuple[int, int, int, list[bytes]] | None:
        """Leaf index, lots, entry at the last seal, and siblings, in the last sealed positions tree."""
        ...

    def due(self) -> tuple[int, int, int, int | None]:
        """First order's end, first scheduled cancel, first expiry [nanoseconds since 1970; 0: none] and its market."""
        ...

    def unhealthy(self, first: int, count: int) -> tuple[list[tuple[int, int]], int | None]:
        """(account, underlying) pairs that a new index price would liquidate, and where to go on."""
        ...


class ExchangeEngine(DerivativeQuestions, Protocol):
    """A sequenced, journaled exchange. `stab3l._engine.Engine` is the real one; see its stub for every error."""

    def apply_many(self, batches: Sequence[bytes], now: int) -> list[bytes]:
        """Journal and apply batches at ``now`` [nanoseconds since 1970] as one group; the event records of each."""
        ...

    @property
    def last_sequence(self) -> int:
        """The last command's sequence number, 0 before the first."""
        ...

    @property
    def last_now(self) -> int:
        """The time of the last batch [nanoseconds since 1970]; time never falls below it."""
        ...

    @property
    def input_hash(self) -> bytes:
        """The head of the input hash chain."""
        ...

    @property
    def output_hash(self) -> bytes:
        """The head of the output hash chain."""
        ...

    def digest(self) -> bytes:
        """The hash of the whole state: equal states have equal digests."""
        ...

    def assets(self) -> list[AssetRow]:
        """All assets by id."""
        ...

    def account_of(self, owner: bytes) -> int | None:
        """The account of a 20-byte owner address."""
        ...

    def owner_of(self, account: int) -> bytes | None:
        """The owner of an account; the zero address for a system account."""
        ...

    def balances(self, account: int) -> list[BalanceRow]:
        """The balances of an account by asset, in base units."""
        ...

    def book(self, market: int, depth: int) -> tuple[list[LevelRow], list[LevelRow]]:
        """Bids and asks, best first. Raises `ValueError` for an unknown market."""
        ...

    def open_orders(self, account: int) -> list[OrderRow]:
        """The resting and waiting orders of an account by id."""
        ...

    def order(self, order: int) -> OrderRow | None:
        """A resting or waiting order."""
        ...

    def schedule(self, account: int) -> int:
        """When all of an account's orders die [nanoseconds since 1970]; 0: they do not."""
        ...

    def protections(self, account: int) -> list[ProtectionRow]:
        """An account's market-maker protections by market."""
        ...

    def chain_deposits(self, chain_id: int) -> tuple[int, bytes]:
        """Count and hash of a chain's credited deposits."""
        ...

    def totals(self, asset: int) -> tuple[int, int, int]:
        """Credited, withdrawn, and what all accounts own, in base units. Raises `ValueError` for an unknown asset."""
        ...

    def withdrawal(self, withdrawal: int) -> WithdrawalRow | None:
        """An accepted withdrawal."""
        ...

    def balance_proof(self, account: int, asset: int) -> tuple[int, int, list[bytes]] | None:
        """Leaf index, amount at the last seal, and siblings, in the last sealed balances tree."""
        ...

    def withdrawal_proof(self, withdrawal: int) -> list[bytes] | None:
        """Siblings in the last sealed withdrawals tree."""
        ...

    def read_inputs(self, from_sequence: int, max_bytes: int) -> list[FrameRow]:
        """Journaled batches from the one that holds ``from_sequence``."""
        ...

    def read_outputs(self, from_sequence: int, max_bytes: int) -> list[FrameRow]:
        """Journaled events from the batch that holds ``from_sequence``."""
        ...

    def close(self) -> None:
        """Give the journal back."""
        ...
