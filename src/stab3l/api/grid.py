"""Prices and quantities as people write them, to and from the engine's ticks and lots, exactly.

A market fixes ``lot`` (base units per lot) and ``tick`` (quote units per lot and price tick). With token decimals ``b``
and ``q``: quantity = lots x lot / 10^b base tokens, price = ticks x tick x 10^b / (lot x 10^q) quote per base token.
No float is involved; a number between two ticks or lots is an error, never rounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
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
class _Step:
    """A step as integers: it is ``scaled / 10^places``. All of the hot path's arithmetic is on these two."""

    scaled: int
    places: int

    @classmethod
    def of(cls, step: Fraction) -> _Step:
        """Raises `GridInvalid` when it has no finite decimal form."""
        if not _is_finite_decimal(step):
            raise GridInvalid(f"step {step} has no exact decimal form", step=str(step))
        places = 0
        while step.denominator != 1:
            step, places = step * 10, places + 1
        return cls(step.numerator, places)

    def text(self, steps: int) -> str:
        """The shortest decimal of so many steps."""
        if not self.places:
            return str(steps * self.scaled)
        digits = str(steps * self.scaled).rjust(self.places + 1, "0")
        rest = digits[-self.places :].rstrip("0")
        return f"{digits[: -self.places]}.{rest}" if rest else digits[: -self.places]

    def steps(self, field_name: str, text: str) -> int:
        """How many steps a decimal is. Raises `DecimalInvalid`, `OffGrid`."""
        whole, point, rest = text.partition(".")
        plain = whole.isdigit() and (rest.isdigit() or not point) and (whole[0] != "0" or len(whole) == 1)
        if not plain or len(text) > DECIMAL_CHARACTERS_MAX or not text.isascii():
            raise _not_plain(field_name, text)
        surplus = max(len(rest) - self.places, 0)
        value = int(whole + rest) * _ten_to(self.places + surplus - len(rest))
        steps, left = divmod(value, self.scaled * _ten_to(surplus))
        if left:
            raise OffGrid(
                f"{field_name} {text} is between two steps of {self.text(1)}: use {self.text(steps)} or "
                f"{self.text(steps + 1)}",
                field=field_name,
                value=text,
                step=self.text(1),
                below=self.text(steps),
                above=self.text(steps + 1),
            )
        return steps


@dataclass(frozen=True, slots=True)
class Grid:
    """The steps of one market. ``price_step`` and ``quantity_step`` are exact, in whole tokens.

    Raises `GridInvalid` when a step has no finite decimal form.
    """

    price_step: Fraction
    quantity_step: Fraction
    _price: _Step = field(init=False, repr=False, compare=False)
    _quantity: _Step = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_price", _Step.of(self.price_step))
        object.__setattr__(self, "_quantity", _Step.of(self.quantity_step))

    @classmethod
    def of(cls, *, lot: int, tick: int, base_decimals: int, quote_decimals: int) -> Grid:
        """The grid of a market as listed."""
        price = Fraction(tick * 10**base_decimals, lot * 10**quote_decimals)
        return cls(price, Fraction(lot, 10**base_decimals))

    def price(self, ticks: Ticks) -> str:
        """Quote tokens per base token of ``ticks``."""
        return self._price.text(ticks)

    def quantity(self, lots: Lots) -> str:
        """Base tokens of ``lots``."""
        return self._quantity.text(lots)

    def ticks(self, price: str) -> Ticks:
        """The ticks of a price. Raises `DecimalInvalid`, `OffGrid`."""
        return Ticks(self._price.steps("price", price))

    def lots(self, quantity: str) -> Lots:
        """The lots of a quantity. Raises `DecimalInvalid`, `OffGrid`."""
        return Lots(self._quantity.steps("quantity", quantity))


def _ten_to(exponent: int) -> int:
    return int(10**exponent)


def decimal_fraction(name: str, text: str) -> Fraction:
    """The exact value of a plain non-negative decimal. Raises `DecimalInvalid`."""
    if len(text) > DECIMAL_CHARACTERS_MAX or not text.isascii() or _DECIMAL.fullmatch(text) is None:
        raise _not_plain(name, text)
    return Fraction(text)


def decimal_text(value: Fraction) -> str:
    """The shortest plain decimal of an exact finite one, such as ``0.0605`` or ``12``."""
    whole, rest = divmod(value.numerator, value.denominator)
    digits = []
    while rest:
        digit, rest = divmod(rest * 10, value.denominator)
        digits.append(str(digit))
    return f"{whole}.{''.join(digits)}" if digits else str(whole)


def _not_plain(name: str, text: str) -> DecimalInvalid:
    shown = text[:DECIMAL_CHARACTERS_MAX]
    return DecimalInvalid(f"{name} {shown!r} is not a plain decimal number", field=name, value=shown)


def _is_finite_decimal(value: Fraction) -> bool:
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1
