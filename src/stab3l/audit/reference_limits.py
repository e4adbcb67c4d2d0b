"""Limits that several rules of the reference exchange share."""

from __future__ import annotations

from typing import Final

PPM: Final = 10**6
FEE_PPM_MAX: Final = 100_000
TICKS_MAX: Final = 10**12
LOTS_MAX: Final = 10**12
NANOSECONDS_MAX: Final = 2**64 - 1


def up(dividend: int, divisor: int) -> int:
    """Division rounded towards plus infinity."""
    return -(-dividend // divisor)
