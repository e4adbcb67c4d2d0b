"""Time enters here and nowhere else, so that everything else can be replayed and tested."""

from __future__ import annotations

import time
from typing import Protocol

from stab3l.units import NANOSECONDS_PER_SECOND, Nanoseconds


class Clock(Protocol):
    """Source of wall-clock time."""

    def now(self) -> Nanoseconds:
        """Nanoseconds since 1970."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> Nanoseconds:
        return Nanoseconds(time.time_ns())


def seconds(at: Nanoseconds) -> int:
    """Whole seconds since 1970."""
    return at // NANOSECONDS_PER_SECOND


def monotonic_s() -> float:
    """Seconds of a clock that never steps back; for durations and deadlines inside one process."""
    return time.monotonic()
