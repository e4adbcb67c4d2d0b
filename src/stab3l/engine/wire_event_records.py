"""The bytes of events (docs/reference/engine.md, "Events")."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import ClassVar, Final

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
from stab3l.engine.wire_events import (
    AssetRegistered,
    AssetTotals,
    CancelScheduled,
    ChainDeposits,
    CollateralConverted,
    CollateralSet,
    DebtTakenOver,
    Deleveraged,
    DepositCredited,
    Event,
    IndexChanged,
    InstrumentListed,
    MarkChanged,
    MarketListed,
    MarketSettled,
    MarketStatusSet,
    OptionMarked,
    OrderAccepted,
    OrderAmended,
    OrderClosed,
    OrderReduced,
    OrderTriggered,
    Outcome,
    PositionSettled,
    PositionTakenOver,
    ProtectionSet,
    ProtectionTriggered,
    Sealed,
    Trade,
    UnderlyingListed,
    WithdrawalQueued,
)
from stab3l.engine.wire_layout import Layout, WireError

EVENT_HEADER_BYTES: Final = 16
_HEADER: Final = struct.Struct("<HHIQ")

_SEALED: Final = Layout(
    "sealed",
    "block u64, first_input u64, last_input u64, input_hash hash, output_hash hash, state_root hash, "
    "balances_root hash, balances_count u64, withdrawals_root hash, withdrawals_count u64, "
    "positions_root hash, positions_count u64, "
    "chain_count u32, asset_count u32",
)
_CHAIN: Final = Layout("sealed chain", "chain_id u64, deposit_count u64, deposit_hash hash")
_ASSET: Final = Layout(
    "sealed asset",
    "asset u32, 4 zero bytes, chain_id u64, token address, 4 zero bytes, credited u128, withdrawn u128",
)
_BODIES: Final[dict[int, tuple[type[Event], Layout]]] = {
    EventKind.OUTCOME: (
        Outcome,
        Layout("outcome", "code u16, command_kind u16, 4 zero bytes, id u64, at u64", code=OutcomeCode),
    ),
    EventKind.ORDER_ACCEPTED: (
        OrderAccepted,
        Layout(
            "order_accepted",
            "order u64, account u32, market u32, client_id u64, ticks u64, lots u64, "
            "side u8, order_type u8, time_in_force u8, instructions u8, self_trade u8, 1 zero byte, label u16, "
            "good_till u64, trigger_ticks u64",
            side=Side,
            order_type=OrderType,
            time_in_force=TimeInForce,
            self_trade=SelfTrade,
        ),
    ),
    EventKind.TRADE: (
        Trade,
        Layout(
            "trade",
            "trade u64, market u32, taker_side u8, 3 zero bytes, maker_order u64, taker_order u64, "
            "maker_account u32, taker_account u32, ticks u64, lots u64, maker_fee u128, taker_fee u128",
            taker_side=Side,
        ),
    ),
    EventKind.ORDER_CLOSED: (
        OrderClosed,
        Layout(
            "order_closed",
            "order u64, account u32, market u32, lots_left u64, reason u8, 7 zero bytes",
            reason=CloseReason,
        ),
    ),
    EventKind.DEPOSIT_CREDITED: (
        DepositCredited,
        Layout(
            "deposit_credited",
            "chain_id u64, ordinal u64, account u32, asset u32, amount u128, owner address, 4 zero bytes",
        ),
    ),
    EventKind.WITHDRAWAL_QUEUED: (
        WithdrawalQueued,
        Layout(
            "withdrawal_queued",
            "withdrawal u64, account u32, asset u32, chain_id u64, amount u128, "
            "token address, owner address, recipient address, 4 zero bytes",
        ),
    ),
    EventKind.ASSET_REGISTERED: (
        AssetRegistered,
        Layout("asset_registered", "asset u32, decimals u8, 3 zero bytes, chain_id u64, token address, 4 zero bytes"),
    ),
    EventKind.MARKET_LISTED: (
        MarketListed,
        Layout(
            "market_listed",
            "market u32, base_asset u32, quote_asset u32, maker_fee_ppm u32, taker_fee_ppm u32, band_ppm u32, "
            "lot u128, tick u64, max_lots u64",
        ),
    ),
    EventKind.MARKET_STATUS_SET: (
        MarketStatusSet,
        Layout("market_status_set", "market u32, status u8, 3 zero bytes", status=MarketStatus),
    ),
    EventKind.ORDER_AMENDED: (
        OrderAmended,
        Layout("order_amended", "order u64, account u32, market u32, ticks u64, lots u64"),
    ),
    EventKind.ORDER_REDUCED: (
        OrderReduced,
        Layout(
            "order_reduced",
            "order u64, account u32, market u32, lots_left u64, reason u8, 7 zero bytes",
            reason=CloseReason,
        ),
    ),
    EventKind.ORDER_TRIGGERED: (OrderTriggered, Layout("order_triggered", "order u64, account u32, market u32")),
    EventKind.MARK_CHANGED: (MarkChanged, Layout("mark_changed", "market u32, 4 zero bytes, ticks u64")),
    EventKind.CANCEL_SCHEDULED: (CancelScheduled, Layout("cancel_scheduled", "account u32, 4 zero bytes, at u64")),
    EventKind.PROTECTION_SET: (
        ProtectionSet,
        Layout("protection_set", "account u32, market u32, window u64, max_lots u64, frozen u64"),
    ),
    EventKind.PROTECTION_TRIGGERED: (
        ProtectionTriggered,
        Layout("protection_triggered", "account u32, market u32, frozen_until u64"),
    ),
    EventKind.UNDERLYING_LISTED: (
        UnderlyingListed,
        Layout(
            "underlying_listed",
            "underlying u32, settlement_asset u32, name name, tick u64, range_ppm u32, basis_ppm u32, "
            "initial_ppm u32, short_option_ppm u32, liquidation_fee_ppm u32, liquidation_step_ppm u32",
        ),
    ),
    EventKind.INSTRUMENT_LISTED: (
        InstrumentListed,
        Layout(
            "instrument_listed",
            "market u32, underlying u32, kind u8, 3 zero bytes, band_ppm u32, expiry u64, strike u64, "
            "maker_fee_ppm u32, taker_fee_ppm u32, max_lots u64",
            kind=MarketKind,
        ),
    ),
    EventKind.INDEX_CHANGED: (IndexChanged, Layout("index_changed", "underlying u32, 4 zero bytes, ticks u64")),
    EventKind.OPTION_MARKED: (
        OptionMarked,
        Layout("option_marked", "market u32, 4 zero bytes, mark u64, values 16 x u64"),
    ),
    EventKind.COLLATERAL_SET: (CollateralSet, Layout("collateral_set", "asset u32, haircut_ppm u32, price u128")),
    EventKind.POSITION_SETTLED: (
        PositionSettled,
        Layout("position_settled", "account u32, market u32, lots i64, ticks u64, realised i128"),
    ),
    EventKind.MARKET_SETTLED: (MarketSettled, Layout("market_settled", "market u32, 4 zero bytes, ticks u64")),
    EventKind.COLLATERAL_CONVERTED: (
        CollateralConverted,
        Layout("collateral_converted", "account u32, asset u32, amount u128, paid u128"),
    ),
    EventKind.POSITION_TAKEN_OVER: (
        PositionTakenOver,
        Layout("position_taken_over", "account u32, market u32, lots i64, entry i128"),
    ),
    EventKind.DELEVERAGED: (
        Deleveraged,
        Layout(
            "deleveraged", "market u32, account u32, counterparty u32, 4 zero bytes, lots u64, ticks u64, charge u128"
        ),
    ),
    EventKind.DEBT_TAKEN_OVER: (DebtTakenOver, Layout("debt_taken_over", "account u32, 4 zero bytes, amount u128")),
}


class EventInvalid(WireError):
    """Event bytes break off or are of no known kind. ``values``: ``offset`` of the record."""

    code: ClassVar[str] = "wire_event_invalid"


def encode_event(event: Event) -> bytes:
    """The record of one event. Raises `FieldInvalid` for a value out of its field's range."""
    if isinstance(event, Sealed):
        parts = [_SEALED.pack(event), *map(_CHAIN.pack, event.chains), *map(_ASSET.pack, event.assets)]
        body = b"".join(parts)
    else:
        body = _BODIES[event.KIND][1].pack(event)
    return _HEADER.pack(event.KIND, 0, EVENT_HEADER_BYTES + len(body), event.sequence) + body


def encode_events(events: Iterable[Event]) -> bytes:
    """The records of several events, in order. Raises as `encode_event` does."""
    return b"".join(map(encode_event, events))


def decode_events(data: bytes) -> list[Event]:
    """Every event of an engine's answer, in order.

    Raises `EventInvalid` for a record that breaks off, has a wrong size or an unknown kind, `BodyInvalid` for a body
    against its layout: the engine is trusted to write none of these, so nothing is skipped.
    """
    events: list[Event] = []
    offset = 0
    while offset < len(data):
        event, offset = _decode_event(data, offset)
        events.append(event)
    return events


def _decode_event(data: bytes, offset: int) -> tuple[Event, int]:
    left = len(data) - offset
    if left < EVENT_HEADER_BYTES:
        raise _event_invalid(offset, f"{left} bytes are less than a header")
    kind, reserved, length, sequence = _HEADER.unpack_from(data, offset)
    if not EVENT_HEADER_BYTES <= length <= left:
        raise _event_invalid(offset, f"length {length} with {left} bytes left")
    if reserved:
        raise _event_invalid(offset, f"reserved is {reserved}")
    body, end = offset + EVENT_HEADER_BYTES, offset + length
    if kind == EventKind.SEALED:
        return _decode_sealed(data[body:end], sequence, offset), end
    if kind not in _BODIES:
        raise _event_invalid(offset, f"kind {kind} is unknown")
    event_type, layout = _BODIES[kind]
    if end - body != layout.bytes:
        raise _event_invalid(offset, f"{layout.message} has {end - body} bytes, not {layout.bytes}")
    return event_type(sequence, *layout.unpack(data, body)), end


def _decode_sealed(body: bytes, sequence: int, offset: int) -> Sealed:
    *fields, chain_count, asset_count = _SEALED.unpack(body)
    assets_at = _SEALED.bytes + chain_count * _CHAIN.bytes
    size = assets_at + asset_count * _ASSET.bytes
    if len(body) != size:
        raise _event_invalid(offset, f"sealed has {len(body)} bytes, not {size}")
    chains = tuple(ChainDeposits(*_CHAIN.unpack(body, at)) for at in range(_SEALED.bytes, assets_at, _CHAIN.bytes))
    assets = tuple(AssetTotals(*_ASSET.unpack(body, at)) for at in range(assets_at, size, _ASSET.bytes))
    return Sealed(*[sequence, *fields, chains, assets])


def _event_invalid(offset: int, reason: str) -> EventInvalid:
    return EventInvalid(f"event at byte {offset}: {reason}", offset=offset)
