"""The chains' history as the API tells it; ``chronicle`` reads it from the indexer's database.

Amounts are decimal strings of base units (18 decimals for CU, sSTB and rSTB); times are unix seconds as decimal
strings, what the exchange says in nanoseconds.
"""

from __future__ import annotations

from typing import Any, Literal

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
    input_hash: str = ""
    output_hash: str = ""
    at: str = "0"


class BlockView(msgspec.Struct, frozen=True):
    """A sealed block of the exchange: what a batch posts, before it is posted. ``at``: nanoseconds."""

    block: str
    sequence: str
    at: str
    first_input: str
    last_input: str
    input_hash: str
    output_hash: str
    state_root: str
    withdrawals_count: str


class ChainEventView(msgspec.Struct, frozen=True):
    """A log of one of our contracts, in words; integers in ``args`` are decimal strings."""

    chain_id: int
    block: str
    log_index: int
    tx_hash: str
    at: str
    contract: str
    event: str
    args: dict[str, Any]


class StakeView(msgspec.Struct, frozen=True):
    """A provider's time-locked sSTB. ``unlocks_at``: unix seconds."""

    stake_id: str
    amount: str
    unlocks_at: str
    unstaked: bool


class ProviderDetail(msgspec.Struct, frozen=True):
    """A provider with its newest claims and stakes."""

    provider: ProviderView
    claims: list[ClaimView]
    stakes: list[StakeView]


class ClaimDetail(ClaimView, frozen=True):
    """A claim, the benchmark that it was, and every event about it, newest first."""

    compute_class: int
    rows: str
    depth: str
    products: str
    root: str | None
    events: list[ChainEventView]


class RedemptionDetail(RedemptionView, frozen=True):
    """A redemption, its job and result, and every event about it, newest first."""

    job_uri: str
    job_hash: str
    result_uri: str
    result_hash: str | None
    events: list[ChainEventView]


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


class DepositDetail(DepositView, frozen=True):
    """A deposit on its way: credited as input ``sequence``, sealed in ``block``, posted by ``batch_tx``, if it is."""

    owner: str
    at: str
    sequence: str | None
    block: str | None
    batch_index: str | None
    batch_tx: str | None


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


class Candle(msgspec.Struct, frozen=True):
    """Trades of a market from ``start`` (unix seconds) on, for one interval. Quiet intervals have none."""

    start: str
    open: str
    high: str
    low: str
    close: str
    volume: str
    quote_volume: str
    trades: int
