"""Events as values, decoded once: the answer to a batch and the frame of the output stream are the same bytes."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from stab3l.engine.wire import Event, decode_events

FRAMES_KEPT: Final = 64
"""Answers that may be ahead of the stream, or behind it."""
FRAME_BYTES_MAX: Final = 256 * 1024
"""A longer one, of an order with very many fills, is decoded each time: what is kept stays small."""


def events_of(frame: bytes) -> tuple[Event, ...]:
    """The events of a frame or an answer. Raises as `stab3l.engine.wire.decode_events`."""
    return _decoded(frame) if len(frame) <= FRAME_BYTES_MAX else tuple(decode_events(frame))


@lru_cache(FRAMES_KEPT)
def _decoded(frame: bytes) -> tuple[Event, ...]:
    return tuple(decode_events(frame))
