"""An engine in typed objects: commands in, events out. Byte batches are the faster way and the same thing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stab3l.engine.port import ExchangeEngine
from stab3l.engine.wire import Command, Event, decode_events, encode_batch


def apply_commands(engine: ExchangeEngine, commands: Iterable[Command], now: int) -> list[Event]:
    """Journals and applies one batch of commands at ``now`` [nanoseconds since 1970]; its events, in order.

    Raises `stab3l.engine.wire.WireError` for a command that its record cannot carry; then nothing is applied. What the
    engine raises, it raises as for bytes.
    """
    return apply_batches(engine, [commands], now)[0]


def apply_batches(engine: ExchangeEngine, batches: Sequence[Iterable[Command]], now: int) -> list[list[Event]]:
    """As `apply_commands` for several batches, each a frame of its own, made durable together."""
    answers = engine.apply_many([encode_batch(batch) for batch in batches], now)
    return [decode_events(events) for events in answers]
