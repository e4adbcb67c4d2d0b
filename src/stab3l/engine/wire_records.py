"""The bytes of commands (docs/reference/engine.md, "Batches and records" and "Commands")."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, get_args

from stab3l.engine.wire_codes import INSTRUCTIONS_ALL, Instruction, OrderType, OutcomeCode, TimeInForce
from stab3l.engine.wire_commands import Command, Malformed, Place, Record
from stab3l.engine.wire_layout import BodyInvalid, Layout, WireError, field_invalid, layout_of

HEADER_BYTES: Final = 8
EVIDENCE_BYTES_MAX: Final = 1024
_POST_ONLY, _SLIDE, _PROTECTED = int(Instruction.POST_ONLY), int(Instruction.SLIDE), int(Instruction.PROTECTED)
_KNOWN: Final = int(INSTRUCTIONS_ALL)
_HEADER: Final = struct.Struct("<HHI")

_BODIES: Final[dict[int, tuple[type[Command], Layout]]] = {
    command.KIND: (command, layout_of(command, command.KIND.name.lower())) for command in get_args(Command)
}

BODY_BYTES: Final[dict[int, int]] = {kind: layout.bytes for kind, (_, layout) in _BODIES.items()}


class EvidenceTooLong(WireError):
    """More evidence than a record carries. ``values``: ``count`` and ``count_max`` (`EVIDENCE_BYTES_MAX`)."""

    code: ClassVar[str] = "wire_evidence_too_long"


def encode(command: Command, evidence: bytes = b"") -> bytes:
    """The record of one command with its evidence (the user's signature).

    Raises `FieldInvalid` for a value out of its field's range and for an order whose terms contradict each other,
    `EvidenceTooLong` above 1024 bytes.
    """
    return encode_record(command.KIND, encode_body(command), evidence)


def encode_body(command: Command) -> bytes:
    """The body of one command. Raises `FieldInvalid` as `encode` does."""
    if isinstance(command, Place) and (fault := _contradiction(command)):
        field, reason = fault
        raise field_invalid("place", field, reason, getattr(command, field))
    return _BODIES[command.KIND][1].pack(command)


def encode_record(kind: int, body: bytes, evidence: bytes) -> bytes:
    """The record of a body that is ready. Raises `EvidenceTooLong` above 1024 bytes."""
    if len(evidence) > EVIDENCE_BYTES_MAX:
        raise EvidenceTooLong(
            f"{len(evidence)} bytes of evidence, at most {EVIDENCE_BYTES_MAX} are carried",
            count=len(evidence),
            count_max=EVIDENCE_BYTES_MAX,
        )
    return _HEADER.pack(kind, 0, HEADER_BYTES + len(body) + len(evidence)) + body + evidence


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
    if isinstance(command, Place) and (fault := _contradiction(command)):
        return _malformed(kind, f"{fault[0]} does not fit {fault[1]}")
    return Record(command, evidence)


def _malformed(kind: int, reason: str) -> Record:
    return Record(Malformed(OutcomeCode.MALFORMED, kind, reason))


def _contradiction(order: Place) -> tuple[str, str] | None:
    """The first field that contradicts the others, and what it would have to fit."""
    kind, time_in_force, instructions = order.order_type, order.time_in_force, order.instructions
    conditional = kind >= OrderType.STOP_MARKET
    if kind == OrderType.LIQUIDATION:
        return "order_type", "types of requests"
    resting = time_in_force in (TimeInForce.GTC, TimeInForce.GTD)
    if instructions & ~_KNOWN:
        return "instructions", "known bits"
    if instructions & _SLIDE and not instructions & _POST_ONLY:
        return "instructions", "slide with post_only"
    if instructions & (_POST_ONLY | _PROTECTED) and not (kind == OrderType.LIMIT and resting):
        return "instructions", "post_only and protected for resting limit orders"
    if resting and kind in (OrderType.MARKET, OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET):
        return "time_in_force", "time in force of a market order (IOC or FOK)"
    if conditional and time_in_force == TimeInForce.FOK:
        return "time_in_force", "time in force of a conditional order (not FOK)"
    if (order.good_till != 0) != (time_in_force == TimeInForce.GTD):
        return "good_till", "GTD orders, and only these"
    if (order.trigger_ticks != 0) != conditional:
        return "trigger_ticks", "conditional orders, and only these"
    return None
