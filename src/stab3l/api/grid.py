"""Prices and quantities as people write them, to and from the engine's ticks and lots, exactly.

A market fixes ``lot`` (base units per lot) and ``tick`` (quote units per lot and price tick). With token decimals ``b``
and ``q``: quantity = lots x lot / 10^b base tokens, price = ticks x tick x 10^b / (lot x 10^q) quote per base token.
No float is involved; a number between two ticks or lots is an error, never rounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Final

from stab3l.errors import Invalid
from stab3l.units import Lots, Ticks

DECIMAL_CHARACTERS_MAX: Final = 60
_DECIMAL: Final = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?")


class DecimalInvalid(Invalid):
    """Text that is not a plain decimal number such as ``12`` or ``0.0605``. ``values``: ``field``, ``value``."""

    code: ClassVar[str] = "decimal_invalid"


class OffGrid(Invalid):
    """A price or quantity between two steps. ``values``: ``field``, ``value``, ``step``, ``below``, ``above``."""

    code: ClassVar[str] = "off_grid"


class GridInvalid(Invalid):
    """A market whose tick has no exact decimal price."""

    code: ClassVar[str] = "grid_invalid"


@dataclass(frozen=True, slots=True)
class Grid:
    """The steps of one market. ``price_step`` and ``quantity_step`` are exact, in whole tokens."""

    price_step: Fraction
    quantity_step: Fraction

    @classmethod
    def of(cls, *, lot: int, tick: int, base_decimals: int, quote_decimals: int) -> Grid:
        """The grid of a market as listed. Raises `GridInvalid` when a step has no finite decimal form."""
        price = Fraction(tick * 10**base_decimals, lot * 10**quote_decimals)
        quantity = Fraction(lot, 10**base_decimals)
        for step in (price, quantity):
            if not _is_finite_decimal(step):
                raise GridInvalid(f"step {step} has no exact decimal form", step=str(step))
        return cls(price, quantity)

    def price(self, ticks: Ticks) -> str:
        """Quote tokens per base token of ``ticks``."""
        return decimal_text(ticks * self.price_step)

    def quantity(self, lots: Lots) -> str:
        """Base tokens of ``lots``."""
        return decimal_text(lots * self.quantity_step)

    def ticks(self, price: str) -> Ticks:
        """The ticks of a price. Raises `DecimalInvalid`, `OffGrid`."""
        return Ticks(_steps("price", price, self.price_step))

    def lots(self, quantity: str) -> Lots:
        """The lots of a quantity. Raises `DecimalInvalid`, `OffGrid`."""
        return Lots(_steps("quantity", quantity, self.quantity_step))


def decimal_fraction(field: str, text: str) -> Fraction:
    """The exact value of a plain non-negative decimal. Raises `DecimalInvalid`."""
    if len(text) > DECIMAL_CHARACTERS_MAX or not text.isascii() or _DECIMAL.fullmatch(text) is None:
        shown = text[:DECIMAL_CHARACTERS_MAX]
        raise DecimalInvalid(f"{field} {shown!r} is not a plain decimal number", field=field, value=shown)
    return Fraction(text)


def decimal_text(value: Fraction) -> str:
    """The shortest plain decimal of an exact finite one, such as ``0.0605`` or ``12``."""
    whole, rest = divmod(value.numerator, value.denominator)
    digits = []
    while rest:
        digit, rest = divmod(rest * 10, value.denominator)
        digits.append(str(digit))
    return f"{whole}.{''.join(digits)}" if digits else str(whole)


def _steps(field: str, text: str, step: Fraction) -> int:
    value = decimal_fraction(field, text)
    steps, rest = divmod(value, step)
    if rest:
        below, above = decimal_text(steps * step), decimal_text((steps + 1) * step)
        raise OffGrid(
            f"{field} {text} is between two steps of {decimal_text(step)}: use {below} or {above}",
            field=field,
            value=text,
            step=decimal_text(step),
            below=below,
            above=above,
        )
    return steps


def _is_finite_decimal(value: Fraction) -> bool:
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1
