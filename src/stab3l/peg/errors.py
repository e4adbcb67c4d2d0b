"""What the rules of the peg refuse. Each has a twin among the custom errors of `contracts/src/stability`.

::

    Stab3lError
    ├── Invalid
    │   └── PoolTermsInvalid    a pool's price, slope, fee or decimals are outside what the curve is made for
    └── Rejected
        ├── CurveOutOfRange     a value would not fit the curve's integers
        ├── AmountZero          nothing to trade, or nothing would be paid
        ├── ReserveTooLarge     a pool may not hold that much
        └── PriceUnusable       there is no price that may be used: none yet, zero, or too old
"""

from __future__ import annotations

from typing import ClassVar

from stab3l.errors import Invalid, Rejected


class PoolTermsInvalid(Invalid):
    """The terms of a pool are out of range. ``values``: the term and its bounds."""

    code: ClassVar[str] = "pool_terms_invalid"


class CurveOutOfRange(Rejected):
    """A value does not fit the curve's integers. ``values``: ``value``, ``maximum``."""

    code: ClassVar[str] = "curve_out_of_range"


class AmountZero(Rejected):
    """There is nothing to trade, or the trade would pay nothing."""

    code: ClassVar[str] = "amount_zero"


class ReserveTooLarge(Rejected):
    """A pool may not hold that much. ``values``: ``reserve``, ``maximum``."""

    code: ClassVar[str] = "reserve_too_large"


class PriceUnusable(Rejected):
    """There is no price that may be used. ``values``: ``age_s``, ``age_s_max``."""

    code: ClassVar[str] = "price_unusable"
