"""The PMM curve in integers, rounded against the trader.

The twin of contracts/src/libraries/PMMCurve.sol; tests/differential holds them equal.

The marginal price away from the target is i(1 - k + k(V0/V)^2), where V is the reserve of the token that is short and
V0 its target (DODO V2, "PMM algorithm"). Amounts are *fine units*: 2^-16 of 10^-18 token, whatever the token's own
decimals, so that intermediate roundings stay far below one base unit. ``slope`` is k [wad]. ``fair`` is an amount
valued at i without slope, in the other token's fine units.
"""

from __future__ import annotations

from math import isqrt
from typing import Final, NamedTuple

from stab3l.peg.errors import CurveOutOfRange
from stab3l.units import WAD, mul_div_down, mul_div_up

FINE_PER_WAD: Final = 1 << 16
FINE_MAX: Final = 1 << 127
"""Bound of every value between two steps: its square still fits 256 bits."""


class Rate(NamedTuple):
    """An exact price as a fraction: ``amount * numerator / denominator`` is the value in the other token."""

    numerator: int
    denominator: int

    @property
    def inverse(self) -> Rate:
        """The same price seen from the other token."""
        return Rate(self.denominator, self.numerator)


def fair_down(amount: int, rate: Rate) -> int:
    """Value of an amount at the rate, rounded down. Raises ``CurveOutOfRange``."""
    return _checked(mul_div_down(amount, rate.numerator, rate.denominator))


def fair_up(amount: int, rate: Rate) -> int:
    """Value of an amount at the rate, rounded up. Raises ``CurveOutOfRange``."""
    return _checked(mul_div_up(amount, rate.numerator, rate.denominator))


def target_down(reserve: int, surplus: int, slope: int) -> int:
    """The target that the short token returns to when the surplus of the other is sold back, rounded down.

    V0 = V1 (1 + (sqrt(1 + 4k F/V1) - 1) / 2k), written without the division by k as V1 + 2 F V1 / (V1 + root), where
    root = sqrt(V1 (V1 + 4k F)). ``surplus`` is F, the other token's surplus valued in this one, rounded down.
    """
    if reserve == 0:
        return surplus
    root = sqrt_up(reserve * (reserve + mul_div_up(4 * surplus, slope, WAD)))
    return reserve + mul_div_down(2 * surplus, reserve, reserve + root)


def target_up(reserve: int, surplus: int, slope: int) -> int:
    """As ``target_down``, rounded up; ``surplus`` rounded up."""
    if reserve == 0:
        return surplus
    root = isqrt(reserve * (reserve + mul_div_down(4 * surplus, slope, WAD)))
    return reserve + mul_div_up(2 * surplus, reserve, reserve + root)


def trade_down(target: int, reserve: int, fair: int, slope: int) -> int:
    """What a trade that makes the token shorter takes out of its reserve, rounded down.

    The reserve after it solves (1-k) V2^2 - u V2 - k V0^2 = 0 with u = (1-k) V1 - k V0^2/V1 - F; u is rounded up and so
    is V2. For u < 0 the root is taken as 2k V0^2 / (sqrt(u^2 + 4(1-k)k V0^2) - u): it loses no digits and needs no
    special case for k = 1. ``fair`` is F, what is paid valued in this token, rounded down.

    Raises:
        CurveOutOfRange: the target or the price is beyond what the integers hold, or nothing is left of the reserve.
    """
    if slope == 0:
        return min(fair, reserve)
    _check_left(reserve)
    squared = _checked(target) ** 2
    flat = WAD - slope
    kept = mul_div_up(reserve, flat, WAD)
    owed = _checked(mul_div_down(squared, slope, reserve * WAD) + fair)
    spread = (4 * flat * slope, WAD * WAD)
    if kept >= owed:
        u = kept - owed
        after = mul_div_up(u + sqrt_up(u * u + mul_div_up(squared, *spread)), WAD, 2 * flat) if flat else 0
    else:
        u = owed - kept
        after = mul_div_up(2 * squared, slope, WAD * (isqrt(u * u + mul_div_down(squared, *spread)) + u))
    return max(reserve - after, 0)


def integral_down(target: int, after: int, before: int, fair: int, slope: int) -> int:
    """What a trade that makes the short token less short is paid in the other token, rounded down.

    F (1 - k + k V0^2/(V1 V2)), with V1 = ``after`` and V2 = ``before``. ``target`` and ``fair`` are rounded down;
    ``fair`` is in the token that is paid. A flat pool may have been emptied: ``before`` may be 0 for k = 0.
    """
    if slope == 0:
        return fair
    _check_left(before)
    steep = _checked(mul_div_down(_checked(target) ** 2, slope, after * WAD))
    return mul_div_down(fair, WAD - slope, WAD) + mul_div_down(steep, fair, before)


def steepness(target: int, reserve: int, slope: int) -> int:
    """1 - k + k(V0/V)^2 [wad], rounded down: the price of the short token in units of i. At most ``FINE_MAX``."""
    if slope == 0:
        return WAD
    if reserve == 0:
        return FINE_MAX
    return min(WAD - slope + mul_div_down(_checked(target) ** 2, slope, reserve * reserve), FINE_MAX)


def sqrt_up(value: int) -> int:
    """The square root, rounded up."""
    root = isqrt(value)
    return root if root * root == value else root + 1


def _check_left(reserve: int) -> None:
    """A pool with k = 0 can be emptied; if k is raised then, its price has no end."""
    if reserve == 0:
        raise CurveOutOfRange("the pool has nothing left of this token", value=0, maximum=FINE_MAX)


def _checked(value: int) -> int:
    if value > FINE_MAX:
        raise CurveOutOfRange("a value does not fit the curve", value=value, maximum=FINE_MAX)
    return value
