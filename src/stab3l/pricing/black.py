"""European options on a future by Black's formula, without discounting: they are margined like the future itself.

Source: F. Black, "The pricing of commodity contracts", Journal of Financial Economics 3 (1976), 167-179. Decimals of
`DIGITS` digits and a fixed order of operations give the same integers on every machine.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Context, Decimal, localcontext
from typing import Final

DIGITS: Final = 40
YEAR_S: Final = 365 * 86_400
PARTS: Final = 1_000_000
FAR: Final = 12
"""Standard deviations beyond which the normal distribution is 0 or 1 to within 10^-32."""
_NOTHING: Final = Decimal(1).scaleb(-DIGITS)
_CONTEXT: Final = Context(prec=DIGITS, rounding=ROUND_FLOOR)
_ROOT_OF_TWO_PI: Final = Decimal("2.506628274631000502415765284811045253007")


def value_down(*, is_call: bool, forward: int, strike: int, deviation: Decimal) -> int:
    """What an option is worth, rounded down, in the unit of ``forward`` and ``strike``; at least its intrinsic value.

    ``deviation``: standard deviation of the logarithm of the price at expiry, volatility x sqrt(years).
    """
    intrinsic = max(forward - strike if is_call else strike - forward, 0)
    if deviation <= 0 or forward <= 0 or strike <= 0:
        return intrinsic
    with localcontext(_CONTEXT):
        upper = (Decimal(forward) / strike).ln() / deviation + deviation / 2
        call = forward * normal(upper) - strike * normal(upper - deviation)
        worth = call if is_call else call - forward + strike
        return max(int(worth.to_integral_value(ROUND_FLOOR)), intrinsic)


def deviation_of(volatility_ppm: int, seconds: int) -> Decimal:
    """Standard deviation over some seconds of a yearly volatility in parts per million."""
    with localcontext(_CONTEXT):
        return Decimal(volatility_ppm) / PARTS * (Decimal(max(seconds, 0)) / YEAR_S).sqrt()


def normal(x: Decimal) -> Decimal:
    """The standard normal distribution function, to within 10^-30.

    By the series 1/2 + density(x) x (x + x^3/3 + x^5/(3 x 5) + ...), whose terms all have one sign.
    """
    if abs(x) >= FAR:
        return Decimal(x > 0)
    with localcontext(_CONTEXT):
        term = total = x
        square, step = x * x, 1
        while abs(term) > _NOTHING:
            step += 2
            term = term * square / step
            total += term
        return Decimal(1) / 2 + total * (-square / 2).exp() / _ROOT_OF_TWO_PI
