"""Events as values, decoded once: the answer to a batch and the frame of the output stream are the same bytes."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from stab3l.engine.wire import Event, decode_events

FRAMES_KEPT: Final = 64
"""Answers that may be ahead of the stream, or behind it; an answer has at most 256 records."""


@lru_cache(FRAMES_KEPT)
def events_of(frame: bytes) -> tuple[Event, ...]:
    """The events of a frame or an answer. Raises as `stab3l.engine.wire.decode_events`."""
    return tuple(decode_events(frame))
