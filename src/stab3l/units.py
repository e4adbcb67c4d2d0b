"""Units of value, work and time. Money is a Python ``int`` everywhere; rounding is in the name (DESIGN section 4).

``docs/units.md`` lists every unit with an example.
"""

from __future__ import annotations

from typing import NewType

Wad = NewType("Wad", int)
"""18-decimal fixed point: sSTB, rSTB, CU amounts and prices on chain."""

BaseUnits = NewType("BaseUnits", int)
"""A token amount in the token's own smallest units."""

Lots = NewType("Lots", int)
"""An order quantity in the market's lots."""

Ticks = NewType("Ticks", int)
"""A price in the market's ticks (tick quote units per lot)."""

Nanoseconds = NewType("Nanoseconds", int)
"""Time since 1970 as the engine counts it."""

Operations = NewType("Operations", int)
"""Arithmetic operations of a named class."""

WAD = 10**18
BASIS_POINTS = 10_000
PARTS_PER_MILLION = 1_000_000
NANOSECONDS_PER_SECOND = 1_000_000_000

OPERATIONS_PER_CU = 10**15
"""1 CU = 10^15 operations of the standard class (source 1, Verification Process, step 7)."""

PAR_PRICE = Wad(60_000_000_000_000_000)
"""Par of sSTB: $0.06, 18 decimals (source 1)."""

STAKE_PERIOD_MIN_S = 7 * 86_400
"""Shortest stake period in seconds (source 1: minimum 7 days)."""

COLLATERAL_RATIO_MIN_BPS = 12_000
"""Least collateral over CU value at par, in basis points (source 1: minimum 120 %)."""


def mul_div_down(a: int, b: int, divisor: int) -> int:
    """``a * b / divisor`` rounded towards zero, for what is paid out. All arguments non-negative."""
    return a * b // divisor


def mul_div_up(a: int, b: int, divisor: int) -> int:
    """``a * b / divisor`` rounded up, for what is owed. All arguments non-negative."""
    return -(-a * b // divisor)


def notional(lots: Lots, ticks: Ticks, tick: int) -> BaseUnits:
    """Quote units of ``lots`` at ``ticks``; exact, so there is nothing to round (DESIGN section 4)."""
    return BaseUnits(lots * ticks * tick)


def fee_up(received: BaseUnits, fee_ppm: int) -> BaseUnits:
    """Fee in the received asset, rounded up (docs/reference/engine.md, Rules)."""
    return BaseUnits(mul_div_up(received, fee_ppm, PARTS_PER_MILLION))
