"""Commands of the engine as values (docs/reference/engine.md, "Commands"); `wire_records` makes their bytes.

``FIELDS`` is the body as the page lists it; a field that holds a choice has its enumeration as type.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from stab3l.engine.wire_codes import (
    CommandKind,
    MarketStatus,
    OptionKind,
    OrderType,
    OutcomeCode,
    SelfTrade,
    Side,
    SideChoice,
    TimeInForce,
)


class RegisterAsset(msgspec.Struct, frozen=True):
    """Make a token of a chain an asset. ``token``: 20 bytes; ``decimals``: the token's own, at most 36."""

    KIND: ClassVar[CommandKind] = CommandKind.REGISTER_ASSET
    FIELDS: ClassVar[str] = "chain_id u64, token address, decimals u8, 3 zero bytes"
    chain_id: int
    token: bytes
    decimals: int


class ListMarket(msgspec.Struct, frozen=True):
    """Open a market. ``lot``: base units per lot; ``tick``: quote units per lot and price tick; fees in ppm.

    ``band_ppm``: how far from the mark a price may be; 0: any.
    """

    KIND: ClassVar[CommandKind] = CommandKind.LIST_MARKET
    FIELDS: ClassVar[str] = (
        "base_asset u32, quote_asset u32, lot u128, tick u64, maker_fee_ppm u32, taker_fee_ppm u32, max_lots u64, "
        "band_ppm u32, 4 zero bytes"
    )
    base_asset: int
    quote_asset: int
    lot: int
    tick: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    max_lots: int
    band_ppm: int = 0


class SetMarketStatus(msgspec.Struct, frozen=True):
    """Open or halt a market."""

    KIND: ClassVar[CommandKind] = CommandKind.SET_MARKET_STATUS
    FIELDS: ClassVar[str] = "market u32, status u8, 3 zero bytes"
    market: int
    status: MarketStatus


class Deposit(msgspec.Struct, frozen=True):
    """Credit a confirmed deposit. ``ordinal``: Custody's, dense from 1 per chain; ``amount``: base units."""

    KIND: ClassVar[CommandKind] = CommandKind.DEPOSIT
    FIELDS: ClassVar[str] = (
        "chain_id u64, ordinal u64, asset u32, log_index u32, owner address, 4 zero bytes, amount u128, tx_hash hash"
    )
    chain_id: int
    ordinal: int
    asset: int
    log_index: int
    owner: bytes
    amount: int
    tx_hash: bytes


class Place(msgspec.Struct, frozen=True):
    """Place an order. ``expires_at``: nanoseconds since 1970, when the request dies; ``ticks``: limit price.

    ``instructions``: bits of `Instruction`; ``good_till``: when a GTD order dies, nanoseconds since 1970;
    ``trigger_ticks``: the mark that wakes a conditional order.
    """

    KIND: ClassVar[CommandKind] = CommandKind.PLACE
    FIELDS: ClassVar[str] = (
        "account u32, market u32, client_id u64, expires_at u64, ticks u64, lots u64, side u8, order_type u8, "
        "time_in_force u8, instructions u8, self_trade u8, 1 zero byte, label u16, good_till u64, "
        "trigger_ticks u64"
    )
    account: int
    market: int
    client_id: int
    expires_at: int
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


class Cancel(msgspec.Struct, frozen=True):
    """Take a resting order off the book."""

    KIND: ClassVar[CommandKind] = CommandKind.CANCEL
    FIELDS: ClassVar[str] = "account u32, 4 zero bytes, order u64"
    account: int
    order: int


class Withdraw(msgspec.Struct, frozen=True):
    """Debit an account and queue a payment to ``recipient`` on the asset's chain."""

    KIND: ClassVar[CommandKind] = CommandKind.WITHDRAW
    FIELDS: ClassVar[str] = (
        "account u32, asset u32, client_id u64, expires_at u64, amount u128, recipient address, 4 zero bytes"
    )
    account: int
    asset: int
    client_id: int
    expires_at: int
    amount: int
    recipient: bytes


class Seal(msgspec.Struct, frozen=True):
    """Close a block. Travels alone in its batch."""

    KIND: ClassVar[CommandKind] = CommandKind.SEAL
    FIELDS: ClassVar[str] = ""


class Amend(msgspec.Struct, frozen=True):
    """Give a resting order another price (``ticks``) and other lots left; one that only shrinks keeps its place."""

    KIND: ClassVar[CommandKind] = CommandKind.AMEND
    FIELDS: ClassVar[str] = "account u32, 4 zero bytes, order u64, client_id u64, expires_at u64, ticks u64, lots u64"
    account: int
    order: int
    client_id: int
    expires_at: int
    ticks: int
    lots: int


ALL_MARKETS: Final = 2**32 - 1


class CancelAll(msgspec.Struct, frozen=True):
    """Take all of an account's orders off. ``market`` may be `ALL_MARKETS`; ``label`` 0: whatever their label."""

    KIND: ClassVar[CommandKind] = CommandKind.CANCEL_ALL
    FIELDS: ClassVar[str] = "account u32, market u32, label u16, side u8, 5 zero bytes"
    account: int
    market: int = ALL_MARKETS
    label: int = 0
    side: SideChoice = SideChoice.BOTH


class ScheduleCancel(msgspec.Struct, frozen=True):
    """All of an account's orders die ``at`` (nanoseconds since 1970), unless it is moved before; 0: no more."""

    KIND: ClassVar[CommandKind] = CommandKind.SCHEDULE_CANCEL
    FIELDS: ClassVar[str] = "account u32, 4 zero bytes, client_id u64, expires_at u64, at u64"
    account: int
    client_id: int
    expires_at: int
    at: int


class SetProtection(msgspec.Struct, frozen=True):
    """Market-maker protection: ``max_lots`` filled within ``window`` cancel the protected orders of the market.

    No new ones are taken for the time ``frozen``; times in nanoseconds. ``max_lots`` 0 turns it off.
    """

    KIND: ClassVar[CommandKind] = CommandKind.SET_PROTECTION
    FIELDS: ClassVar[str] = (
        "account u32, market u32, client_id u64, expires_at u64, window u64, max_lots u64, frozen u64"
    )
    account: int
    market: int
    client_id: int
    expires_at: int
    window: int
    max_lots: int
    frozen: int


class MarkPrice(msgspec.Struct, frozen=True):
    """Set the mark of a spot market."""

    KIND: ClassVar[CommandKind] = CommandKind.MARK_PRICE
    FIELDS: ClassVar[str] = "market u32, 4 zero bytes, ticks u64"
    market: int
    ticks: int


class Sweep(msgspec.Struct, frozen=True):
    """Close at most ``limit`` orders whose time has passed."""

    KIND: ClassVar[CommandKind] = CommandKind.SWEEP
    FIELDS: ClassVar[str] = "limit u32, 4 zero bytes"
    limit: int


class ListUnderlying(msgspec.Struct, frozen=True):
    """Make something whose futures and options are traded. ``tick``: settlement base units per lot and price tick.

    ``range_ppm``: how far the index is thought to move; ``basis_ppm``: how far a future's mark may leave it.
    """

    KIND: ClassVar[CommandKind] = CommandKind.LIST_UNDERLYING
    FIELDS: ClassVar[str] = (
        "name name, settlement_asset u32, 4 zero bytes, tick u64, range_ppm u32, basis_ppm u32, initial_ppm u32, "
        "short_option_ppm u32, liquidation_fee_ppm u32, liquidation_step_ppm u32"
    )
    name: bytes
    settlement_asset: int
    tick: int
    range_ppm: int
    basis_ppm: int
    initial_ppm: int
    short_option_ppm: int
    liquidation_fee_ppm: int
    liquidation_step_ppm: int


class ListFuture(msgspec.Struct, frozen=True):
    """Open the market of a future. ``expiry``: nanoseconds since 1970."""

    KIND: ClassVar[CommandKind] = CommandKind.LIST_FUTURE
    FIELDS: ClassVar[str] = (
        "underlying u32, 4 zero bytes, expiry u64, maker_fee_ppm u32, taker_fee_ppm u32, max_lots u64, "
        "band_ppm u32, 4 zero bytes"
    )
    underlying: int
    expiry: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    max_lots: int
    band_ppm: int = 0


class ListOption(msgspec.Struct, frozen=True):
    """Open the market of a European, cash-settled option."""

    KIND: ClassVar[CommandKind] = CommandKind.LIST_OPTION
    FIELDS: ClassVar[str] = (
        "underlying u32, kind u8, 3 zero bytes, expiry u64, strike u64, maker_fee_ppm u32, taker_fee_ppm u32, "
        "max_lots u64, band_ppm u32, 4 zero bytes"
    )
    underlying: int
    kind: OptionKind
    expiry: int
    strike: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    max_lots: int
    band_ppm: int = 0


class IndexPrice(msgspec.Struct, frozen=True):
    """The price of an underlying: it marks futures, wakes orders and liquidates."""

    KIND: ClassVar[CommandKind] = CommandKind.INDEX_PRICE
    FIELDS: ClassVar[str] = "underlying u32, 4 zero bytes, ticks u64"
    underlying: int
    ticks: int


class OptionMarks(msgspec.Struct, frozen=True):
    """An option's mark and its values in the 16 scenarios, in ticks."""

    KIND: ClassVar[CommandKind] = CommandKind.OPTION_MARKS
    FIELDS: ClassVar[str] = "market u32, 4 zero bytes, mark u64, values 16 x u64"
    market: int
    mark: int
    values: tuple[int, ...]


class SetCollateral(msgspec.Struct, frozen=True):
    """What an asset is worth as collateral. ``price``: settlement base units per 10^18 of its own; 0: none."""

    KIND: ClassVar[CommandKind] = CommandKind.SET_COLLATERAL
    FIELDS: ClassVar[str] = "asset u32, haircut_ppm u32, price u128"
    asset: int
    haircut_ppm: int
    price: int


class Expire(msgspec.Struct, frozen=True):
    """Settle a future or an option at the average of the index before its expiry."""

    KIND: ClassVar[CommandKind] = CommandKind.EXPIRE
    FIELDS: ClassVar[str] = "market u32, 4 zero bytes"
    market: int


Command = (
    RegisterAsset
    | ListMarket
    | SetMarketStatus
    | Deposit
    | Place
    | Cancel
    | Withdraw
    | Seal
    | Amend
    | CancelAll
    | ScheduleCancel
    | SetProtection
    | MarkPrice
    | Sweep
    | ListUnderlying
    | ListFuture
    | ListOption
    | IndexPrice
    | OptionMarks
    | SetCollateral
    | Expire
)
Request = Place | Withdraw | Amend | ScheduleCancel | SetProtection
"""What a client id makes harmless to repeat."""


class Malformed(msgspec.Struct, frozen=True):
    """A record that is no command. ``code``: `MALFORMED` or `KIND_UNKNOWN`; ``kind``: 0 when it has none."""

    code: OutcomeCode
    kind: int
    reason: str


class Record(msgspec.Struct, frozen=True):
    """One record of a batch: its command (or why it is none) and the evidence that travelled with it."""

    command: Command | Malformed
    evidence: bytes = b""

    @property
    def kind(self) -> int:
        """The record's kind as written, 0 when it is too short to have one."""
        return self.command.kind if isinstance(self.command, Malformed) else int(self.command.KIND)
