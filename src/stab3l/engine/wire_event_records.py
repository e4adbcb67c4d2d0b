"""The bytes of events (docs/reference/engine.md, "Events")."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import ClassVar, Final, get_args

from stab3l.engine.wire_codes import EventKind
from stab3l.engine.wire_events import AssetTotals, ChainDeposits, Event, Sealed
from stab3l.engine.wire_layout import Layout, WireError, layout_of

EVENT_HEADER_BYTES: Final = 16
_HEADER: Final = struct.Struct("<HHIQ")

_SEALED: Final = layout_of(Sealed, "sealed")
_CHAIN: Final = layout_of(ChainDeposits, "sealed chain")
_ASSET: Final = layout_of(AssetTotals, "sealed asset")
_BODIES: Final[dict[int, tuple[type[Event], Layout]]] = {
    event.KIND: (event, layout_of(event, event.KIND.name.lower())) for event in get_args(Event) if event is not Sealed
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
