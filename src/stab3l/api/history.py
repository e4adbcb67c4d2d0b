"""What the API needs of the chains' history: one Protocol and the views that it answers.

``stab3l.api.chronicle.SqlHistory`` serves it from the indexer's database. Amounts are decimal strings of base units
(18 decimals for CU, sSTB and rSTB), times unix seconds as decimal strings.
"""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec


class SupplyView(msgspec.Struct, frozen=True):
    """sSTB and CU as the primary chain has them. ``cu``: zero outside a mint (I1)."""

    sstb: str
    cu: str
    minted: str
    redeemed: str
    staked: str


class ProviderView(msgspec.Struct, frozen=True):
    """A provider. ``collateral_ratio_bps``: collateral over outstanding CU at par, None without an obligation."""

    address: str
    method: str
    stake_period_s: int
    operations_per_s: str
    outstanding_cu: str
    collateral: str
    collateral_ratio_bps: int | None
    staked: str
    in_liquidation: bool


class ClaimView(msgspec.Struct, frozen=True):
    """A claim of verified compute. ``state``: open, committed, proven, minted."""

    claim_id: str
    provider: str
    state: str
    operations_per_s: str
    cu: str
    seed_block: str
    deadline_block: str


class RedemptionView(msgspec.Struct, frozen=True):
    """A redemption of sSTB for compute."""

    redemption_id: str
    buyer: str
    provider: str
    amount: str
    tier: str
    state: str
    deadline: str
    work_done: str
    compensation: str


class BatchView(msgspec.Struct, frozen=True):
    """A settlement batch on one chain. ``state``: ``settled``, or ``confirmed`` beyond the confirmation depth."""

    chain_id: int
    index: str
    block: str
    first_input: str
    last_input: str
    state_root: str
    tx_hash: str
    state: str


class ChainView(msgspec.Struct, frozen=True):
    """A chain: its head, how far the index has read, ``lag`` between; ``time`` [unix s] of the last read block."""

    chain_id: int
    name: str
    head: str
    indexed: str
    lag: str
    confirmations: int
    time: str | None


class DepositView(msgspec.Struct, frozen=True):
    """A deposit to Custody. ``state``: pending until the confirmation depth, then confirmed, then credited."""

    chain_id: int
    ordinal: str
    token: str
    symbol: str
    amount: str
    state: str
    depth: str
    confirmations: int
    tx_hash: str


class WithdrawalView(msgspec.Struct, frozen=True):
    """A withdrawal. ``state``: queued, settled (its root is on the chain, so it can be proved), paid."""

    withdrawal_id: str
    chain_id: int
    token: str
    symbol: str
    recipient: str
    amount: str
    state: str
    paid_tx: str | None


class PastTrade(msgspec.Struct, frozen=True):
    """A trade as the index keeps it; ``market``, ``taker_side``, ``ticks`` and ``lots`` are the engine's."""

    trade_id: int
    market: int
    taker_side: int
    ticks: int
    lots: int
    sequence: int
    at: int


class PastOrder(msgspec.Struct, frozen=True):
    """An order as the index keeps it, open or closed."""

    order_id: int
    account: int
    market: int
    side: int
    ticks: int
    lots: int
    lots_left: int
    client_id: int
    state: Literal["open", "filled", "cancelled", "expired"]
    order_type: int = 0
    time_in_force: int = 0
    instructions: int = 0
    self_trade: int = 0
    label: int = 0
    good_till: int = 0
    trigger_ticks: int = 0


class History(Protocol):
    """The chains as the indexer has read them. Every method raises `stab3l.errors.Unavailable` without a database."""

    async def supply(self) -> SupplyView:
        """Supply, minted, redeemed and staked."""
        ...

    async def providers(self) -> list[ProviderView]:
        """All registered providers."""
        ...

    async def claims(self, limit: int) -> list[ClaimView]:
        """The latest claims, newest first."""
        ...

    async def redemptions(self, limit: int) -> list[RedemptionView]:
        """The latest redemptions, newest first."""
        ...

    async def batches(self, limit: int) -> list[BatchView]:
        """The latest batches of every chain, newest first."""
        ...

    async def chains(self) -> list[ChainView]:
        """Every chain of the network."""
        ...

    async def deposits(self, owner: bytes, limit: int) -> list[DepositView]:
        """An address's deposits, newest first."""
        ...

    async def withdrawals(self, owner: bytes, limit: int) -> list[WithdrawalView]:
        """An address's withdrawals, newest first."""
        ...

    async def trades(self, market: int, limit: int, before: int | None) -> list[PastTrade]:
        """Trades of a market, newest first, below trade id ``before``."""
        ...

    async def order(self, order: int) -> PastOrder | None:
        """An order, open or closed."""
        ...

    async def orders(self, account: int, limit: int, before: int | None) -> list[PastOrder]:
        """Orders of an account, open and closed, newest first, below order id ``before``."""
        ...
