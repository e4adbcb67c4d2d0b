"""What the read model answers with.

Amounts are base units. ``at`` is a block's unix seconds in what chains say, nanoseconds in what the exchange says.
"""

from __future__ import annotations

import msgspec


class ChainHead(msgspec.Struct, frozen=True):
    """How far a chain is in the read model; ``number`` is None before its first block."""

    chain_id: int
    name: str
    confirmations: int
    number: int | None
    hash: bytes | None
    timestamp: int | None


class Supply(msgspec.Struct, frozen=True):
    """What a token of ours has minted and burned on a chain."""

    chain_id: int
    token: str
    minted: int
    burned: int

    @property
    def total(self) -> int:
        """In circulation."""
        return self.minted - self.burned


class Provider(msgspec.Struct, frozen=True):
    """A provider as it stands. ``liquidation``: none, grace, liquidated."""

    chain_id: int
    provider: str
    method: int
    stake_period_s: int
    collateral: int
    outstanding: int
    staked: int
    rewards_claimed: int
    liquidation: str
    grace_until: int


class Claim(msgspec.Struct, frozen=True):
    """A benchmark claim. ``state``: open, committed, proven, minted."""

    chain_id: int
    claim_id: int
    provider: str
    state: str
    compute_class: int
    rows: int
    depth: int
    products: int
    seed_block: int
    deadline_block: int
    root: bytes | None
    operations_per_second: int
    cu_value: int


class Mint(msgspec.Struct, frozen=True):
    """sSTB that came to be."""

    chain_id: int
    block_number: int
    tx_hash: bytes
    at: int
    claim_id: int
    provider: str
    amount: int
    stake_id: int


class Stake(msgspec.Struct, frozen=True):
    """A provider's time-locked sSTB."""

    chain_id: int
    stake_id: int
    provider: str
    amount: int
    unlocks_at: int
    unstaked: bool


class Redemption(msgspec.Struct, frozen=True):
    """sSTB burned for compute. ``state``: requested, delivered, disputed, settled, compensated."""

    chain_id: int
    redemption_id: int
    state: str
    buyer: str
    provider: str
    amount: int
    tier: int
    deadline: int
    job_hash: bytes
    job_uri: str
    result_hash: bytes | None
    result_uri: str
    work_done: int
    collateral_paid: int


class Deposit(msgspec.Struct, frozen=True):
    """A deposit into custody. ``state``: pending, confirmed, credited."""

    chain_id: int
    ordinal: int
    owner: str
    token: str
    amount: int
    block_number: int
    tx_hash: bytes
    at: int
    log_index: int
    depth: int
    """Blocks on it, itself included."""
    state: str


class Withdrawal(msgspec.Struct, frozen=True):
    """A withdrawal. ``state``: queued, settled (its root is on the chain), paid."""

    withdrawal: int
    chain_id: int
    token: str
    owner: str
    recipient: str
    amount: int
    at: int
    state: str
    paid_tx: bytes | None


class Batch(msgspec.Struct, frozen=True):
    """A settled batch on a chain."""

    chain_id: int
    batch_index: int
    first_input: int
    last_input: int
    exchange_block: int
    state_root: bytes
    input_hash: bytes
    output_hash: bytes
    block_number: int
    tx_hash: bytes
    at: int


class ExchangeBlock(msgspec.Struct, frozen=True):
    """A sealed block of the exchange."""

    block: int
    sequence: int
    at: int
    first_input: int
    last_input: int
    input_hash: bytes
    output_hash: bytes
    state_root: bytes
    withdrawals_count: int


class Trade(msgspec.Struct, frozen=True):
    """A fill. ``taker_side``: 0 buy, 1 sell."""

    trade_id: int
    sequence: int
    at: int
    market: int
    taker_side: int
    maker_order: int
    taker_order: int
    maker_account: int
    taker_account: int
    ticks: int
    lots: int
    maker_fee: int
    taker_fee: int


class Order(msgspec.Struct, frozen=True):
    """An order as it stands. ``state``: open, filled, cancelled, expired; ``reason``: why it closed, or "".

    Codes are those of docs/reference/engine.md; ``lots`` is what was asked for, ``lots_left`` what may still trade.
    """

    order_id: int
    sequence: int
    at: int
    account: int
    market: int
    client_id: int
    side: int
    order_type: int
    time_in_force: int
    instructions: int
    self_trade: int
    label: int
    good_till: int
    trigger_ticks: int
    ticks: int
    lots: int
    lots_left: int
    state: str
    reason: str
    changed_sequence: int


class ChainEvent(msgspec.Struct, frozen=True):
    """A contract event in words: integers as decimal strings, bytes as 0x-hex."""

    chain_id: int
    block_number: int
    log_index: int
    tx_hash: bytes
    at: int
    contract: str
    event: str
    args: dict[str, object]


class Fill(msgspec.Struct, frozen=True):
    """One side of a trade. ``fee``: in the asset that the side received, of a derivative in its settlement asset."""

    trade_id: int
    sequence: int
    at: int
    market: int
    order_id: int
    is_maker: bool
    side: int
    ticks: int
    lots: int
    fee: int


class Instrument(msgspec.Struct, frozen=True):
    """A future (``kind`` 1), call (2) or put (3); what it settled at is None until it did."""

    market: int
    sequence: int
    at: int
    underlying: int
    kind: int
    expiry: int
    strike: int
    settled_sequence: int | None
    settled_at: int | None
    settled_ticks: int | None


class Position(msgspec.Struct, frozen=True):
    """A position as the outputs leave it: signed lots and what they cost, in settlement base units."""

    account: int
    market: int
    changed_sequence: int
    lots: int
    entry: int


class PositionChange(msgspec.Struct, frozen=True):
    """A position's change to ``lots`` and ``entry``. ``cause``: trade, settled, taken_over, deleveraged.

    Cash moved by ``realised`` less ``fee``, in settlement base units.
    """

    sequence: int
    place: int
    at: int
    account: int
    market: int
    cause: str
    change: int
    ticks: int
    lots: int
    entry: int
    realised: int
    fee: int
    trade_id: int | None
    order_id: int | None


class MarginEvent(msgspec.Struct, frozen=True):
    """A step of a liquidation.

    ``kind``: liquidation_order, collateral_converted, taken_over, deleveraged, debt_taken_over. ``amount``: what was
    paid, charged or taken over, in settlement base units.
    """

    sequence: int
    place: int
    at: int
    account: int
    kind: str
    market: int | None
    counterparty: int | None
    asset: int | None
    lots: int
    ticks: int
    amount: int


class Price(msgspec.Struct, frozen=True):
    """An index price or a mark, in ticks."""

    sequence: int
    at: int
    ticks: int


class Candle(msgspec.Struct, frozen=True):
    """Trades of a market in one interval, in ticks and lots; ``start``: unix seconds."""

    start: int
    open: int
    high: int
    low: int
    close: int
    lots: int
    notional: int
    trades: int


class Credit(msgspec.Struct, frozen=True):
    """A deposit as the engine credited it; ``at``: nanoseconds."""

    chain_id: int
    ordinal: int
    sequence: int
    account: int
    asset: int
    amount: int
    owner: str
    at: int


class Debit(msgspec.Struct, frozen=True):
    """A withdrawal as the engine debited it; ``at``: nanoseconds."""

    withdrawal: int
    sequence: int
    at: int
    account: int
    asset: int
    amount: int


class Holding(msgspec.Struct, frozen=True):
    """What an account had of an asset at the end of the hour that began at ``start`` (unix seconds)."""

    asset: int
    start: int
    amount: int
