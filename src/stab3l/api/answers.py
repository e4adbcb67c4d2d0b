"""What the API answers, as JSON: 64-bit and larger integers are decimal strings, prices and quantities decimals."""

from __future__ import annotations

from typing import Generic, Literal, TypeVar

import msgspec

from stab3l.api.history import ChainView, DepositView, SupplyView, WithdrawalView

T = TypeVar("T")
OrderState = Literal["open", "filled", "cancelled", "expired"]


class Fill(msgspec.Struct, frozen=True):
    """One trade of the order just placed. ``fee``: base units of the asset received."""

    trade_id: str
    price: str
    quantity: str
    fee: str


class OrderPlaced(msgspec.Struct, frozen=True):
    """Answer to a placed or amended order. ``repeated``: the same was taken before, under this ``order_id``.

    ``price``: the order's, which may have slid from the one asked for.
    """

    order_id: str
    client_id: str
    market: str
    price: str
    state: OrderState
    filled: str
    remaining: str
    fills: list[Fill]
    repeated: bool
    sequence: str
    at: str


class OrderCancelled(msgspec.Struct, frozen=True):
    """Answer to a cancel. ``remaining``: what was taken off the book."""

    order_id: str
    market: str
    remaining: str
    sequence: str
    at: str


class OrdersCancelled(msgspec.Struct, frozen=True):
    """Answer to a mass cancel: the ids of what was cancelled, oldest first."""

    order_ids: list[str]
    sequence: str
    at: str


class CancelScheduled(msgspec.Struct, frozen=True):
    """Answer to a scheduled cancel. ``cancel_at``: nanoseconds since 1970, "0" none."""

    cancel_at: str
    repeated: bool
    sequence: str
    at: str


class ProtectionSet(msgspec.Struct, frozen=True):
    """Answer to a protection; ``quantity`` "0": it is off."""

    market: str
    window: str
    quantity: str
    frozen: str
    repeated: bool
    sequence: str
    at: str


class ProtectionView(msgspec.Struct, frozen=True):
    """A market-maker protection as it stands. ``counted``: filled since ``window_start``; times in nanoseconds."""

    market: str
    window: str
    quantity: str
    frozen: str
    window_start: str
    counted: str
    frozen_until: str


class WithdrawalQueued(msgspec.Struct, frozen=True):
    """Answer to a withdrawal: debited, and leaf ``withdrawal_id`` of the withdrawals tree."""

    withdrawal_id: str
    client_id: str
    asset: int
    amount: str
    recipient: str
    repeated: bool
    sequence: str
    at: str


class Level(msgspec.Struct, frozen=True, array_like=True):
    """One price level: ``[price, quantity]``. In an update a quantity of 0 removes the level."""

    price: str
    quantity: str


class BookView(msgspec.Struct, frozen=True):
    """A market's best levels, best price first."""

    market: str
    bids: list[Level]
    asks: list[Level]


class TradeView(msgspec.Struct, frozen=True):
    """A public trade. ``at``: nanoseconds since 1970."""

    trade_id: str
    market: str
    side: Literal["buy", "sell"]
    price: str
    quantity: str
    sequence: str
    at: str


class OrderView(msgspec.Struct, frozen=True):
    """An order as far as it is known: open ones always, closed ones for a limited time.

    ``trigger_price`` is null unless it is conditional and ``good_till`` unless it has an end; ``type`` and the other
    terms are those of the request.
    """

    order_id: str
    market: str
    side: Literal["buy", "sell"]
    price: str
    remaining: str
    state: OrderState
    client_id: str | None
    quantity: str | None
    type: str
    time_in_force: str
    instructions: list[str]
    self_trade: str
    label: int
    good_till: str | None
    trigger_price: str | None


class AssetView(msgspec.Struct, frozen=True):
    """A token of a chain."""

    asset: int
    symbol: str
    chain_id: int
    token: str
    decimals: int


class MarketView(msgspec.Struct, frozen=True):
    """A market and its steps. ``band_ppm``: how far from ``mark`` a price may be, 0: any; ``mark``: null until set.

    Of a future or an option ``expiry`` is in nanoseconds, ``base_asset`` and ``quote_asset`` are both what it settles
    in, and ``settlement_price`` is null until it did; of a spot market these are null.
    """

    market: int
    symbol: str
    base_asset: int
    quote_asset: int
    price_step: str
    quantity_step: str
    lot: str
    tick: str
    max_lots: str
    maker_fee_ppm: int
    taker_fee_ppm: int
    band_ppm: int
    mark: str | None
    status: Literal["open", "halted"]
    kind: Literal["spot", "future", "call", "put"] = "spot"
    underlying: str | None = None
    expiry: str | None = None
    strike: str | None = None
    settlement_price: str | None = None
    open_interest: str | None = None


class Ticker(msgspec.Struct, frozen=True):
    """A market at a glance; null: not known, or not of its kind. ``at``: time of the last trade, "0" before it."""

    market: str
    last: str | None
    best_bid: str | None
    best_bid_quantity: str | None
    best_ask: str | None
    best_ask_quantity: str | None
    mark: str | None
    index: str | None
    open_interest: str | None
    open_24h: str | None
    high_24h: str | None
    low_24h: str | None
    volume_24h: str
    quote_volume_24h: str
    change_24h_bps: int | None
    trades_24h: int
    at: str


class TimeView(msgspec.Struct, frozen=True):
    """The clock: ``now`` in nanoseconds since 1970, ``iso`` by RFC 3339 in whole seconds."""

    now: str
    iso: str


class FeeView(msgspec.Struct, frozen=True):
    """What a market charges, in millionths of the asset received."""

    market: str
    maker_fee_ppm: int
    taker_fee_ppm: int


class Markets(msgspec.Struct, frozen=True):
    """Everything listed, and what a client needs to sign."""

    assets: list[AssetView]
    markets: list[MarketView]
    chain_id: int
    custody: str


class BalanceView(msgspec.Struct, frozen=True):
    """One asset of an account, base units."""

    asset: int
    symbol: str
    decimals: int
    available: str
    held: str


class ProofView(msgspec.Struct, frozen=True):
    """A Merkle proof for the user's own exit: ``leaf`` and ``siblings`` lead to ``root`` (engine page, Hashes)."""

    leaf: str
    index: str
    siblings: list[str]
    root: str
    block: str
    chain_id: int
    token: str
    owner: str
    recipient: str | None
    amount: str


class ProcessView(msgspec.Struct, frozen=True):
    """A process of the API's own home. ``silent``: it was killed, or hangs; ``since``: unix seconds of its start."""

    name: str
    state: Literal["running", "silent"]
    since: str


class StatusView(msgspec.Struct, frozen=True):
    """How far every part is. ``down``: parts that do not answer; what they would say is null or empty then.

    ``processes``: those that share this API's home; others are told of by their own monitoring.
    """

    time: str
    down: list[str]
    sequence: str | None
    block: str | None
    sealed_sequence: str | None
    state_root: str | None
    supply: SupplyView | None
    chains: list[ChainView]
    processes: list[ProcessView] = []


class AccountView(msgspec.Struct, frozen=True):
    """An address: its account (null before the first credited deposit) and what it has.

    ``deposits`` and ``withdrawals`` are null while the index does not answer.
    """

    address: str
    account: int | None
    balances: list[BalanceView]
    open_orders: list[OrderView]
    scheduled_cancel: str | None
    protections: list[ProtectionView]
    deposits: list[DepositView] | None
    withdrawals: list[WithdrawalView] | None


class SegmentView(msgspec.Struct, frozen=True):
    """One segment file of a public journal. ``complete``: it never changes again. Hashes: docs/reference/streams.md."""

    first_sequence: str
    last_sequence: str
    bytes: str
    complete: bool
    previous: str | None
    head: str | None


class StreamView(msgspec.Struct, frozen=True):
    """One public journal."""

    last_sequence: str
    bytes: str
    segments: list[SegmentView]


class StreamsView(msgspec.Struct, frozen=True):
    """Both public journals."""

    inputs: StreamView
    outputs: StreamView


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A part of a list. ``next``: the ``cursor`` that goes on from here; null at the end."""

    items: list[T]
    next: str | None = None


class FillView(msgspec.Struct, frozen=True):
    """One of an account's trades. ``fee``: base units of ``fee_asset``, the asset received."""

    trade_id: str
    order_id: str
    market: str
    side: Literal["buy", "sell"]
    role: Literal["maker", "taker"]
    price: str
    quantity: str
    fee: str
    fee_asset: int
    sequence: str
    at: str


class LedgerEntry(msgspec.Struct, frozen=True):
    """One change of a balance. ``change``: base units, negative when it fell; ``reference``: of its kind."""

    sequence: str
    at: str
    kind: Literal["deposit", "withdrawal", "trade", "realised", "settlement", "fee"]
    asset: int
    symbol: str
    change: str
    reference: str


class PositionView(msgspec.Struct, frozen=True):
    """A position. ``quantity`` is not negative; ``entry``: paid less received; ``value``: the profit not realised."""

    market: str
    side: Literal["long", "short"]
    quantity: str
    entry_price: str
    entry: str
    mark: str
    value: str


class MarginView(msgspec.Struct, frozen=True):
    """An account's margin in asset ``asset``. ``free`` = equity - initial - reserves; below maintenance it ends."""

    asset: int
    equity: str
    initial: str
    maintenance: str
    reserves: str
    free: str
    debt: str
