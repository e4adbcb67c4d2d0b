"""Events of the engine as values (docs/reference/engine.md, "Events"); `wire_event_records` makes their bytes.

``FIELDS`` is the body as the page lists it; a field that holds a choice has its enumeration as type.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from stab3l.engine.wire_codes import (
    CloseReason,
    EventKind,
    MarketKind,
    MarketStatus,
    OrderType,
    OutcomeCode,
    SelfTrade,
    Side,
    TimeInForce,
)


class Outcome(msgspec.Struct, frozen=True):
    """The answer to one record. ``id``: what it made or named, 0 when nothing; ``at``: the frame's time."""

    KIND: ClassVar[EventKind] = EventKind.OUTCOME
    FIELDS: ClassVar[str] = "code u16, command_kind u16, 4 zero bytes, id u64, at u64"
    sequence: int
    code: OutcomeCode
    command_kind: int
    id: int
    at: int


class OrderAccepted(msgspec.Struct, frozen=True):
    """A place was accepted under the id ``order``, at ``ticks`` (which a post-only order may have slid to)."""

    KIND: ClassVar[EventKind] = EventKind.ORDER_ACCEPTED
    FIELDS: ClassVar[str] = (
        "order u64, account u32, market u32, client_id u64, ticks u64, lots u64, side u8, order_type u8, "
        "time_in_force u8, instructions u8, self_trade u8, 1 zero byte, label u16, good_till u64, "
        "trigger_ticks u64"
    )
    sequence: int
    order: int
    account: int
    market: int
    client_id: int
    ticks: int
    lots: int
    side: Side
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    instructions: int = 0
    self_trade: SelfTrade = SelfTrade.NONE
    label: int = 0
    good_till: int = 0
    trigger_ticks: int = 0


class Trade(msgspec.Struct, frozen=True):
    """One fill, at the maker's price. Each fee is in the asset that its side receives."""

    KIND: ClassVar[EventKind] = EventKind.TRADE
    FIELDS: ClassVar[str] = (
        "trade u64, market u32, taker_side u8, 3 zero bytes, maker_order u64, taker_order u64, maker_account u32, "
        "taker_account u32, ticks u64, lots u64, maker_fee u128, taker_fee u128"
    )
    sequence: int
    trade: int
    market: int
    taker_side: Side
    maker_order: int
    taker_order: int
    maker_account: int
    taker_account: int
    ticks: int
    lots: int
    maker_fee: int
    taker_fee: int


class OrderClosed(msgspec.Struct, frozen=True):
    """An order is done, with ``lots_left`` never traded."""

    KIND: ClassVar[EventKind] = EventKind.ORDER_CLOSED
    FIELDS: ClassVar[str] = "order u64, account u32, market u32, lots_left u64, reason u8, 7 zero bytes"
    sequence: int
    order: int
    account: int
    market: int
    lots_left: int
    reason: CloseReason


class DepositCredited(msgspec.Struct, frozen=True):
    """A deposit became an account's available balance."""

    KIND: ClassVar[EventKind] = EventKind.DEPOSIT_CREDITED
    FIELDS: ClassVar[str] = (
        "chain_id u64, ordinal u64, account u32, asset u32, amount u128, owner address, 4 zero bytes"
    )
    sequence: int
    chain_id: int
    ordinal: int
    account: int
    asset: int
    amount: int
    owner: bytes


class WithdrawalQueued(msgspec.Struct, frozen=True):
    """A withdrawal was debited; it is leaf ``withdrawal`` of the withdrawals tree."""

    KIND: ClassVar[EventKind] = EventKind.WITHDRAWAL_QUEUED
    FIELDS: ClassVar[str] = (
        "withdrawal u64, account u32, asset u32, chain_id u64, amount u128, token address, owner address, "
        "recipient address, 4 zero bytes"
    )
    sequence: int
    withdrawal: int
    account: int
    asset: int
    chain_id: int
    amount: int
    token: bytes
    owner: bytes
    recipient: bytes


class AssetRegistered(msgspec.Struct, frozen=True):
    """A token became an asset."""

    KIND: ClassVar[EventKind] = EventKind.ASSET_REGISTERED
    FIELDS: ClassVar[str] = "asset u32, decimals u8, 3 zero bytes, chain_id u64, token address, 4 zero bytes"
    sequence: int
    asset: int
    decimals: int
    chain_id: int
    token: bytes


class MarketListed(msgspec.Struct, frozen=True):
    """A market opened."""

    KIND: ClassVar[EventKind] = EventKind.MARKET_LISTED
    FIELDS: ClassVar[str] = (
        "market u32, base_asset u32, quote_asset u32, maker_fee_ppm u32, taker_fee_ppm u32, band_ppm u32, "
        "lot u128, tick u64, max_lots u64"
    )
    sequence: int
    market: int
    base_asset: int
    quote_asset: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    band_ppm: int
    lot: int
    tick: int
    max_lots: int


class MarketStatusSet(msgspec.Struct, frozen=True):
    """A market was opened or halted."""

    KIND: ClassVar[EventKind] = EventKind.MARKET_STATUS_SET
    FIELDS: ClassVar[str] = "market u32, status u8, 3 zero bytes"
    sequence: int
    market: int
    status: MarketStatus


class ChainDeposits(msgspec.Struct, frozen=True):
    """A chain's deposits so far, in a `Sealed` event."""

    FIELDS: ClassVar[str] = "chain_id u64, deposit_count u64, deposit_hash hash"
    chain_id: int
    deposit_count: int
    deposit_hash: bytes


class AssetTotals(msgspec.Struct, frozen=True):
    """An asset's totals so far, in a `Sealed` event; base units."""

    FIELDS: ClassVar[str] = (
        "asset u32, 4 zero bytes, chain_id u64, token address, 4 zero bytes, credited u128, withdrawn u128"
    )
    asset: int
    chain_id: int
    token: bytes
    credited: int
    withdrawn: int


class Sealed(msgspec.Struct, frozen=True):
    """A block is closed: everything that a settlement posts about it."""

    KIND: ClassVar[EventKind] = EventKind.SEALED
    FIELDS: ClassVar[str] = (
        "block u64, first_input u64, last_input u64, input_hash hash, output_hash hash, state_root hash, "
        "balances_root hash, balances_count u64, withdrawals_root hash, withdrawals_count u64, "
        "positions_root hash, positions_count u64, chain_count u32, asset_count u32"
    )
    sequence: int
    block: int
    first_input: int
    last_input: int
    input_hash: bytes
    output_hash: bytes
    state_root: bytes
    balances_root: bytes
    balances_count: int
    withdrawals_root: bytes
    withdrawals_count: int
    positions_root: bytes
    positions_count: int
    chains: tuple[ChainDeposits, ...]
    assets: tuple[AssetTotals, ...]

    @property
    def chain_count(self) -> int:
        """Number of chains listed."""
        return len(self.chains)

    @property
    def asset_count(self) -> int:
        """Number of assets listed."""
        return len(self.assets)


class OrderAmended(msgspec.Struct, frozen=True):
    """An order has another price or other lots left, as stated."""

    KIND: ClassVar[EventKind] = EventKind.ORDER_AMENDED
    FIELDS: ClassVar[str] = "order u64, account u32, market u32, ticks u64, lots u64"
    sequence: int
    order: int
    account: int
    market: int
    ticks: int
    lots: int


class OrderReduced(msgspec.Struct, frozen=True):
    """An order lost lots without trading them; ``lots_left`` are left."""

    KIND: ClassVar[EventKind] = EventKind.ORDER_REDUCED
    FIELDS: ClassVar[str] = "order u64, account u32, market u32, lots_left u64, reason u8, 7 zero bytes"
    sequence: int
    order: int
    account: int
    market: int
    lots_left: int
    reason: CloseReason


class OrderTriggered(msgspec.Struct, frozen=True):
    """A conditional order's trigger was reached; it matches now."""

    KIND: ClassVar[EventKind] = EventKind.ORDER_TRIGGERED
    FIELDS: ClassVar[str] = "order u64, account u32, market u32"
    sequence: int
    order: int
    account: int
    market: int


class MarkChanged(msgspec.Struct, frozen=True):
    """A market's mark."""

    KIND: ClassVar[EventKind] = EventKind.MARK_CHANGED
    FIELDS: ClassVar[str] = "market u32, 4 zero bytes, ticks u64"
    sequence: int
    market: int
    ticks: int


class CancelScheduled(msgspec.Struct, frozen=True):
    """An account's orders die ``at``; 0: they do not."""

    KIND: ClassVar[EventKind] = EventKind.CANCEL_SCHEDULED
    FIELDS: ClassVar[str] = "account u32, 4 zero bytes, at u64"
    sequence: int
    account: int
    at: int


class ProtectionSet(msgspec.Struct, frozen=True):
    """An account's market-maker protection in a market."""

    KIND: ClassVar[EventKind] = EventKind.PROTECTION_SET
    FIELDS: ClassVar[str] = "account u32, market u32, window u64, max_lots u64, frozen u64"
    sequence: int
    account: int
    market: int
    window: int
    max_lots: int
    frozen: int


class ProtectionTriggered(msgspec.Struct, frozen=True):
    """An account's protected orders of a market are cancelled, and no new ones are taken until ``frozen_until``."""

    KIND: ClassVar[EventKind] = EventKind.PROTECTION_TRIGGERED
    FIELDS: ClassVar[str] = "account u32, market u32, frozen_until u64"
    sequence: int
    account: int
    market: int
    frozen_until: int


class UnderlyingListed(msgspec.Struct, frozen=True):
    """An underlying can be traded."""

    KIND: ClassVar[EventKind] = EventKind.UNDERLYING_LISTED
    FIELDS: ClassVar[str] = (
        "underlying u32, settlement_asset u32, name name, tick u64, range_ppm u32, basis_ppm u32, "
        "initial_ppm u32, short_option_ppm u32, liquidation_fee_ppm u32, liquidation_step_ppm u32"
    )
    sequence: int
    underlying: int
    settlement_asset: int
    name: bytes
    tick: int
    range_ppm: int
    basis_ppm: int
    initial_ppm: int
    short_option_ppm: int
    liquidation_fee_ppm: int
    liquidation_step_ppm: int


class InstrumentListed(msgspec.Struct, frozen=True):
    """The market of a future or an option opened."""

    KIND: ClassVar[EventKind] = EventKind.INSTRUMENT_LISTED
    FIELDS: ClassVar[str] = (
        "market u32, underlying u32, kind u8, 3 zero bytes, band_ppm u32, expiry u64, strike u64, "
        "maker_fee_ppm u32, taker_fee_ppm u32, max_lots u64"
    )
    sequence: int
    market: int
    underlying: int
    kind: MarketKind
    band_ppm: int
    expiry: int
    strike: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    max_lots: int


class IndexChanged(msgspec.Struct, frozen=True):
    """An underlying has another index price."""

    KIND: ClassVar[EventKind] = EventKind.INDEX_CHANGED
    FIELDS: ClassVar[str] = "underlying u32, 4 zero bytes, ticks u64"
    sequence: int
    underlying: int
    ticks: int


class OptionMarked(msgspec.Struct, frozen=True):
    """An option has another given mark and values."""

    KIND: ClassVar[EventKind] = EventKind.OPTION_MARKED
    FIELDS: ClassVar[str] = "market u32, 4 zero bytes, mark u64, values 16 x u64"
    sequence: int
    market: int
    mark: int
    values: tuple[int, ...]


class CollateralSet(msgspec.Struct, frozen=True):
    """What an asset is worth as collateral."""

    KIND: ClassVar[EventKind] = EventKind.COLLATERAL_SET
    FIELDS: ClassVar[str] = "asset u32, haircut_ppm u32, price u128"
    sequence: int
    asset: int
    haircut_ppm: int
    price: int


class PositionSettled(msgspec.Struct, frozen=True):
    """An expired position became cash: ``realised``."""

    KIND: ClassVar[EventKind] = EventKind.POSITION_SETTLED
    FIELDS: ClassVar[str] = "account u32, market u32, lots i64, ticks u64, realised i128"
    sequence: int
    account: int
    market: int
    lots: int
    ticks: int
    realised: int


class MarketSettled(msgspec.Struct, frozen=True):
    """A future or an option is settled at ``ticks``."""

    KIND: ClassVar[EventKind] = EventKind.MARKET_SETTLED
    FIELDS: ClassVar[str] = "market u32, 4 zero bytes, ticks u64"
    sequence: int
    market: int
    ticks: int


class CollateralConverted(msgspec.Struct, frozen=True):
    """Insurance bought collateral for what repaid a debt."""

    KIND: ClassVar[EventKind] = EventKind.COLLATERAL_CONVERTED
    FIELDS: ClassVar[str] = "account u32, asset u32, amount u128, paid u128"
    sequence: int
    account: int
    asset: int
    amount: int
    paid: int


class PositionTakenOver(msgspec.Struct, frozen=True):
    """Insurance took a position over."""

    KIND: ClassVar[EventKind] = EventKind.POSITION_TAKEN_OVER
    FIELDS: ClassVar[str] = "account u32, market u32, lots i64, entry i128"
    sequence: int
    account: int
    market: int
    lots: int
    entry: int


class Deleveraged(msgspec.Struct, frozen=True):
    """A position was closed against a counterparty who gains, at the mark."""

    KIND: ClassVar[EventKind] = EventKind.DELEVERAGED
    FIELDS: ClassVar[str] = "market u32, account u32, counterparty u32, 4 zero bytes, lots u64, ticks u64, charge u128"
    sequence: int
    market: int
    account: int
    counterparty: int
    lots: int
    ticks: int
    charge: int


class DebtTakenOver(msgspec.Struct, frozen=True):
    """Insurance took a debt over."""

    KIND: ClassVar[EventKind] = EventKind.DEBT_TAKEN_OVER
    FIELDS: ClassVar[str] = "account u32, 4 zero bytes, amount u128"
    sequence: int
    account: int
    amount: int


Event = (
    Outcome
    | OrderAccepted
    | Trade
    | OrderClosed
    | DepositCredited
    | WithdrawalQueued
    | AssetRegistered
    | MarketListed
    | MarketStatusSet
    | Sealed
    | OrderAmended
    | OrderReduced
    | OrderTriggered
    | MarkChanged
    | CancelScheduled
    | ProtectionSet
    | ProtectionTriggered
    | UnderlyingListed
    | InstrumentListed
    | IndexChanged
    | OptionMarked
    | CollateralSet
    | PositionSettled
    | MarketSettled
    | CollateralConverted
    | PositionTakenOver
    | Deleveraged
    | DebtTakenOver
)
