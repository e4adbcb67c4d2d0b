"""The values that cross the gateway, and their protobuf form (``gateway.proto``).

Amounts are base units, addresses 20 bytes, hashes 32 bytes, times nanoseconds since 1970.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from stab3l.exchange import gateway_pb2

# The generated module makes its names at import time, where no type checker sees them.
pb: Any = gateway_pb2

SERVICE: Final = "stab3l.exchange.Exchange"
AMOUNT_BYTES: Final = 16


class Submitted(msgspec.Struct, frozen=True):
    """The engine's answer to one batch: event records of docs/reference/engine.md."""

    first_sequence: int
    events: bytes


class Frame(msgspec.Struct, frozen=True):
    """One batch of a stream: its events (outputs) or its command records (inputs)."""

    first_sequence: int
    now: int
    payload: bytes


class Segment(msgspec.Struct, frozen=True):
    """One segment file of a stream, as far as it is acknowledged (docs/reference/journal.md).

    ``size`` is in bytes. ``previous`` is the stream's hash chain before its first frame, empty while it has none;
    ``head`` the chain after its last, known of a complete segment only. An empty last segment has
    ``last_sequence = first_sequence - 1``.
    """

    first_sequence: int
    last_sequence: int
    size: int
    complete: bool
    previous: bytes
    head: bytes


class Asset(msgspec.Struct, frozen=True):
    """A token of a chain as the engine registered it."""

    id: int
    chain_id: int
    token: bytes
    decimals: int


class Market(msgspec.Struct, frozen=True):
    """A market as the engine lists it. ``open``: false while it takes cancels only.

    ``band_ppm``: how far from the mark a price may be, 0: any; ``mark``: in ticks, 0: none yet; ``kind``: 0 spot,
    1 future, 2 call, 3 put.
    """

    id: int
    base_asset: int
    quote_asset: int
    lot: int
    tick: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    max_lots: int
    open: bool
    band_ppm: int = 0
    mark: int = 0
    kind: int = 0


class Total(msgspec.Struct, frozen=True):
    """What was ever credited and withdrawn of an asset, and what all accounts own of it together (the difference).

    ``owned`` of the settlement asset of futures is less what open positions cost and what is owed.
    """

    asset: int
    credited: int
    withdrawn: int
    owned: int


class Balance(msgspec.Struct, frozen=True):
    """One asset of an account."""

    asset: int
    available: int
    held: int


class Book(msgspec.Struct, frozen=True):
    """(ticks, lots) of each level of both sides, best price first."""

    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


class Order(msgspec.Struct, frozen=True):
    """A resting order, or a conditional one that waits; ``lots`` is what is left of it, ``side`` 0 buy, 1 sell.

    The other codes are those of docs/reference/engine.md; ``good_till`` 0: until cancelled.
    """

    id: int
    account: int
    market: int
    client_id: int
    side: int
    ticks: int
    lots: int
    order_type: int = 0
    time_in_force: int = 0
    instructions: int = 0
    self_trade: int = 0
    label: int = 0
    good_till: int = 0
    trigger_ticks: int = 0


class Protection(msgspec.Struct, frozen=True):
    """An account's market-maker protection in a market; times in nanoseconds."""

    market: int
    window: int
    max_lots: int
    frozen: int
    window_start: int
    counted: int
    frozen_until: int


class Deposits(msgspec.Struct, frozen=True):
    """What the engine credited of a chain: the last ordinal and the deposit hash chain there (zero at 0)."""

    count: int
    deposit_hash: bytes


class Withdrawal(msgspec.Struct, frozen=True):
    """A leaf of the withdrawals tree."""

    id: int
    account: int
    asset: int
    chain_id: int
    token: bytes
    owner: bytes
    recipient: bytes
    amount: int


class Proof(msgspec.Struct, frozen=True):
    """A leaf's index and siblings, lowest first, under ``root`` of sealed block ``block``. ``amount``: the leaf's."""

    index: int
    amount: int
    siblings: tuple[bytes, ...]
    root: bytes
    block: int


class Status(msgspec.Struct, frozen=True):
    """How far the exchange is: last input and its time, last sealed block (0: none), its last input and root."""

    sequence: int
    now: int
    block: int
    sealed_sequence: int
    state_root: bytes


def amount_bytes(amount: int) -> bytes:
    """An amount as the messages carry it."""
    return amount.to_bytes(AMOUNT_BYTES, "little")


def amount_of(data: bytes) -> int:
    """An amount that a message carried."""
    return int.from_bytes(data, "little")


def market_message(market: Market) -> Any:
    """A market's protobuf form."""
    return pb.Market(**{**msgspec.structs.asdict(market), "lot": amount_bytes(market.lot)})


def market_of(message: Any) -> Market:
    """A market from its protobuf form."""
    return Market(**{**_fields(message, Market), "lot": amount_of(message.lot)})


def withdrawal_message(withdrawal: Withdrawal) -> Any:
    """A withdrawal's protobuf form."""
    return pb.Withdrawal(**{**msgspec.structs.asdict(withdrawal), "amount": amount_bytes(withdrawal.amount)})


def withdrawal_of(message: Any) -> Withdrawal:
    """A withdrawal from its protobuf form."""
    return Withdrawal(**{**_fields(message, Withdrawal), "amount": amount_of(message.amount)})


def order_message(order: Order) -> Any:
    """An order's protobuf form."""
    return pb.Order(**msgspec.structs.asdict(order))


def order_of(message: Any) -> Order:
    """An order from its protobuf form."""
    return Order(**_fields(message, Order))


def protection_message(protection: Protection) -> Any:
    """A protection's protobuf form."""
    return pb.Protection(**msgspec.structs.asdict(protection))


def protection_of(message: Any) -> Protection:
    """A protection from its protobuf form."""
    return Protection(**_fields(message, Protection))


def proof_message(proof: Proof) -> Any:
    """A proof's protobuf form."""
    return pb.Proof(**{**msgspec.structs.asdict(proof), "amount": amount_bytes(proof.amount)})


def proof_of(message: Any) -> Proof:
    """A proof from its protobuf form."""
    return Proof(message.index, amount_of(message.amount), tuple(message.siblings), message.root, message.block)


def segment_message(segment: Segment) -> Any:
    """A segment's protobuf form."""
    return pb.Segment(**msgspec.structs.asdict(segment))


def segment_of(message: Any) -> Segment:
    """A segment from its protobuf form."""
    return Segment(**_fields(message, Segment))


def _fields(message: Any, kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {name: getattr(message, name) for name in kind.__struct_fields__}
