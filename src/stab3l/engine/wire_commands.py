"""Commands of the engine (docs/reference/engine.md, "Batches and records" and "Commands")."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import ClassVar, Final

import msgspec

from stab3l.engine.wire_layout import BodyInvalid, Layout, WireError, field_invalid

HEADER_BYTES: Final = 8
EVIDENCE_BYTES_MAX: Final = 1024
_HEADER: Final = struct.Struct("<HHI")


class CommandKind(IntEnum):
    """Kind of a command record."""

    REGISTER_ASSET = 1
    LIST_MARKET = 2
    SET_MARKET_STATUS = 3
    DEPOSIT = 4
    PLACE = 5
    CANCEL = 6
    WITHDRAW = 7
    SEAL = 8


class Side(IntEnum):
    """Side of an order or of the taker in a trade."""

    BUY = 0
    SELL = 1


class OrderType(IntEnum):
    """Limit, or market with a protection price."""

    LIMIT = 0
    MARKET = 1


class TimeInForce(IntEnum):
    """What happens to an order's rest: it joins the book (GTC) or is cancelled (IOC)."""

    GTC = 0
    IOC = 1


class MarketStatus(IntEnum):
    """Open, or halted: cancels only."""

    OPEN = 0
    HALTED = 1


class OutcomeCode(IntEnum):
    """Answer to one command, in order of precedence; codes never change meaning."""

    ACCEPTED = 0
    MALFORMED = 1
    KIND_UNKNOWN = 2
    ACCOUNT_UNKNOWN = 3
    REQUEST_EXPIRED = 4
    REQUEST_TOO_FAR = 5
    CLIENT_ID_ZERO = 6
    CLIENT_ID_REUSED = 7
    ASSET_UNKNOWN = 8
    ASSET_EXISTS = 9
    DECIMALS_UNSUPPORTED = 10
    MARKET_UNKNOWN = 11
    MARKET_EXISTS = 12
    MARKET_INVALID = 13
    MARKET_HALTED = 14
    ORDER_UNKNOWN = 15
    QUANTITY_ZERO = 16
    QUANTITY_TOO_LARGE = 17
    PRICE_ZERO = 18
    PRICE_TOO_LARGE = 19
    NOTIONAL_OVERFLOW = 20
    AMOUNT_ZERO = 21
    AMOUNT_TOO_LARGE = 22
    RECIPIENT_ZERO = 23
    OWNER_ZERO = 24
    DEPOSIT_DUPLICATE = 25
    DEPOSIT_GAP = 26
    FUNDS_SHORT = 27
    SEAL_NOT_ALONE = 28
    NOTHING_TO_SEAL = 29


class RegisterAsset(msgspec.Struct, frozen=True):
    """Make a token of a chain an asset. ``token``: 20 bytes; ``decimals``: the token's own, at most 36."""

    KIND: ClassVar[CommandKind] = CommandKind.REGISTER_ASSET
    chain_id: int
    token: bytes
    decimals: int


class ListMarket(msgspec.Struct, frozen=True):
    """Open a market. ``lot``: base units per lot; ``tick``: quote units per lot and price tick; fees in ppm."""

    KIND: ClassVar[CommandKind] = CommandKind.LIST_MARKET
    base_asset: int
    quote_asset: int
    lot: int
    tick: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    max_lots: int


class SetMarketStatus(msgspec.Struct, frozen=True):
    """Open or halt a market."""

    KIND: ClassVar[CommandKind] = CommandKind.SET_MARKET_STATUS
    market: int
    status: MarketStatus


class Deposit(msgspec.Struct, frozen=True):
    """Credit a confirmed deposit. ``ordinal``: Custody's, dense from 1 per chain; ``amount``: base units."""

    KIND: ClassVar[CommandKind] = CommandKind.DEPOSIT
    chain_id: int
    ordinal: int
    asset: int
    log_index: int
    owner: bytes
    amount: int
    tx_hash: bytes


class Place(msgspec.Struct, frozen=True):
    """Place an order. ``expires_at``: nanoseconds since 1970, when the request dies; ``ticks``: limit price."""

    KIND: ClassVar[CommandKind] = CommandKind.PLACE
    account: int
    market: int
    client_id: int
    expires_at: int
    ticks: int
    lots: int
    side: Side
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC


class Cancel(msgspec.Struct, frozen=True):
    """Take a resting order off the book."""

    KIND: ClassVar[CommandKind] = CommandKind.CANCEL
    account: int
    order: int


class Withdraw(msgspec.Struct, frozen=True):
    """Debit an account and queue a payment to ``recipient`` on the asset's chain."""

    KIND: ClassVar[CommandKind] = CommandKind.WITHDRAW
    account: int
    asset: int
    client_id: int
    expires_at: int
    amount: int
    recipient: bytes


class Seal(msgspec.Struct, frozen=True):
    """Close a block. Travels alone in its batch."""

    KIND: ClassVar[CommandKind] = CommandKind.SEAL


Command = RegisterAsset | ListMarket | SetMarketStatus | Deposit | Place | Cancel | Withdraw | Seal


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


_BODIES: Final[dict[int, tuple[type[Command], Layout]]] = {
    CommandKind.REGISTER_ASSET: (
        RegisterAsset,
        Layout("register_asset", "chain_id u64, token address, decimals u8, 3 zero bytes"),
    ),
    CommandKind.LIST_MARKET: (
        ListMarket,
        Layout(
            "list_market",
            "base_asset u32, quote_asset u32, lot u128, tick u64, maker_fee_ppm u32, taker_fee_ppm u32, max_lots u64",
        ),
    ),
    CommandKind.SET_MARKET_STATUS: (
        SetMarketStatus,
        Layout("set_market_status", "market u32, status u8, 3 zero bytes", status=MarketStatus),
    ),
    CommandKind.DEPOSIT: (
        Deposit,
        Layout(
            "deposit",
            "chain_id u64, ordinal u64, asset u32, log_index u32, owner address, 4 zero bytes, "
            "amount u128, tx_hash hash",
        ),
    ),
    CommandKind.PLACE: (
        Place,
        Layout(
            "place",
            "account u32, market u32, client_id u64, expires_at u64, ticks u64, lots u64, "
            "side u8, order_type u8, time_in_force u8, 5 zero bytes",
            side=Side,
            order_type=OrderType,
            time_in_force=TimeInForce,
        ),
    ),
    CommandKind.CANCEL: (Cancel, Layout("cancel", "account u32, 4 zero bytes, order u64")),
    CommandKind.WITHDRAW: (
        Withdraw,
        Layout(
            "withdraw",
            "account u32, asset u32, client_id u64, expires_at u64, amount u128, recipient address, 4 zero bytes",
        ),
    ),
    CommandKind.SEAL: (Seal, Layout("seal", "")),
}

BODY_BYTES: Final[dict[int, int]] = {kind: layout.bytes for kind, (_, layout) in _BODIES.items()}


class EvidenceTooLong(WireError):
    """More evidence than a record carries. ``values``: ``count`` and ``count_max`` (`EVIDENCE_BYTES_MAX`)."""

    code: ClassVar[str] = "wire_evidence_too_long"


def encode(command: Command, evidence: bytes = b"") -> bytes:
    """The record of one command with its evidence (the user's signature).

    Raises `FieldInvalid` for a value out of its field's range and for a market order that is not IOC,
    `EvidenceTooLong` above 1024 bytes.
    """
    if len(evidence) > EVIDENCE_BYTES_MAX:
        raise EvidenceTooLong(
            f"{len(evidence)} bytes of evidence, at most {EVIDENCE_BYTES_MAX} are carried",
            count=len(evidence),
            count_max=EVIDENCE_BYTES_MAX,
        )
    if isinstance(command, Place) and _is_resting_market_order(command):
        raise field_invalid("place", "time_in_force", "time in force of a market order (IOC)", command.time_in_force)
    body = _BODIES[command.KIND][1].pack(command)
    return _HEADER.pack(command.KIND, 0, HEADER_BYTES + len(body) + len(evidence)) + body + evidence


def encode_batch(commands: Iterable[Command | tuple[Command, bytes]]) -> bytes:
    """The batch of several commands, each alone or paired with its evidence. Raises as `encode` does."""
    return b"".join(encode(*item) if isinstance(item, tuple) else encode(item) for item in commands)


def decode_records(batch: bytes) -> list[Record]:
    """Every record of a batch, in order; never raises: what is no command becomes `Malformed`."""
    return [_decode_record(record) for record in split_records(batch)]


def decode_commands(batch: bytes) -> list[Command | Malformed]:
    """Every command of a batch without its evidence; what is no command becomes `Malformed`."""
    return [record.command for record in decode_records(batch)]


def split_records(batch: bytes) -> Iterator[bytes]:
    """The batch cut into records by their lengths.

    Where a length is below the header's size or runs beyond the end, all the rest is one record.
    """
    start = 0
    while start < len(batch):
        end = len(batch)
        if end - start >= HEADER_BYTES:
            length = _HEADER.unpack_from(batch, start)[2]
            if HEADER_BYTES <= length <= end - start:
                end = start + length
        yield batch[start:end]
        start = end


def _decode_record(record: bytes) -> Record:
    kind = int.from_bytes(record[:2], "little") if len(record) >= 2 else 0
    if len(record) < HEADER_BYTES:
        return _malformed(kind, f"{len(record)} bytes are less than a header")
    _, flags, length = _HEADER.unpack_from(record)
    if length != len(record):
        return _malformed(kind, f"length {length} with {len(record)} bytes left")
    if flags:
        return _malformed(kind, f"flags are {flags}")
    if kind not in _BODIES:
        return Record(Malformed(OutcomeCode.KIND_UNKNOWN, kind, f"kind {kind} is unknown"))
    command_type, layout = _BODIES[kind]
    evidence = record[HEADER_BYTES + layout.bytes :]
    if len(evidence) > EVIDENCE_BYTES_MAX:
        return _malformed(kind, f"{len(evidence)} bytes of evidence")
    try:
        command = command_type(*layout.unpack(record, HEADER_BYTES))
    except BodyInvalid as error:
        return _malformed(kind, str(error))
    if isinstance(command, Place) and _is_resting_market_order(command):
        return _malformed(kind, "a market order must be IOC")
    return Record(command, evidence)


def _malformed(kind: int, reason: str) -> Record:
    return Record(Malformed(OutcomeCode.MALFORMED, kind, reason))


def _is_resting_market_order(order: Place) -> bool:
    return order.order_type == OrderType.MARKET and order.time_in_force != TimeInForce.IOC
