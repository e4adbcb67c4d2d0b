"""What a batch holds, read from its record headers alone (docs/reference/engine.md, Batches and records)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from stab3l.engine.wire import HEADER_BYTES

_HEADER: Final = struct.Struct("<HHI")
_EVENT_HEADER: Final = struct.Struct("<HHIQ")


@dataclass(frozen=True, slots=True)
class Survey:
    """How many records a batch holds and of which kinds; a record too short to have a kind counts as kind 0."""

    records: int
    kinds: frozenset[int]


def survey(batch: bytes) -> Survey:
    """Cuts a batch exactly as the engine does.

    Records of one length, the normal case, are read in one vector step without a loop over orders.
    """
    if not batch:
        return Survey(0, frozenset())
    return _survey_equal(batch) or _survey_each(batch)


def _survey_equal(batch: bytes) -> Survey | None:
    if len(batch) < HEADER_BYTES:
        return None
    length = _HEADER.unpack_from(batch)[2]
    if length < HEADER_BYTES or len(batch) % length:
        return None
    count = len(batch) // length
    lengths = np.ndarray(count, "<u4", batch, offset=4, strides=(length,))
    if not (lengths == length).all():
        return None
    kinds = np.ndarray(count, "<u2", batch, strides=(length,))
    return Survey(count, frozenset(np.flatnonzero(np.bincount(kinds)).tolist()))


def _survey_each(batch: bytes) -> Survey:
    kinds: set[int] = set()
    records, start, end = 0, 0, len(batch)
    while start < end:
        left = end - start
        if left < HEADER_BYTES:
            kinds.add(int.from_bytes(batch[start : start + 2], "little") if left >= 2 else 0)
            return Survey(records + 1, frozenset(kinds))
        kind, _, length = _HEADER.unpack_from(batch, start)
        kinds.add(kind)
        records += 1
        start = start + length if HEADER_BYTES <= length <= left else end
    return Survey(records, frozenset(kinds))


def last_sequence_of(first_sequence: int, events: bytes) -> int:
    """Sequence number of a frame's last record: every record has an outcome, so its last event bears it."""
    start = last = 0
    while start < len(events):
        last = start
        start += _EVENT_HEADER.unpack_from(events, start)[2]
    return int(_EVENT_HEADER.unpack_from(events, last)[3]) if events else first_sequence
