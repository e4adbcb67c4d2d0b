"""Futures and options as people name and read them: symbols, sizes and prices.

One lot is ``contract_size`` units of the underlying and one tick is ``price_step`` settlement tokens per unit, so
quantity x price is the notional in settlement tokens, as of spot. Symbols: ``sSTB-25DEC26`` is a future, ``-0.06-C``
and ``-0.06-P`` after it a call and a put; the hour is told where it is not 08:00 UTC (``sSTB-25DEC26T1430``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Final

import msgspec

from stab3l.api.exchange import Instrument, Underlying
from stab3l.api.grid import Grid, decimal_text
from stab3l.config import UnderlyingConfig
from stab3l.engine.wire import MarketKind
from stab3l.units import NANOSECONDS_PER_SECOND

USUAL_HOUR: Final = "T0800"
LETTERS: Final = {MarketKind.CALL: "C", MarketKind.PUT: "P"}


class NamedUnderlying(msgspec.Struct, frozen=True):
    """An underlying and the size of its contracts. ``price_step``: settlement tokens per unit and tick."""

    underlying: Underlying
    price_step: Fraction
    contract_size: Fraction

    @property
    def name(self) -> str:
        """What it is called."""
        return self.underlying.name

    @property
    def grid(self) -> Grid:
        """The steps of all its contracts."""
        return Grid(self.price_step, self.contract_size)


class Contract(msgspec.Struct, frozen=True):
    """A listed future or option and what it is on."""

    instrument: Instrument
    underlying: NamedUnderlying

    @property
    def kind(self) -> MarketKind:
        """Future, call or put."""
        return MarketKind(self.instrument.kind)

    @property
    def symbol(self) -> str:
        """Its name."""
        series = f"{self.underlying.name}-{expiry_text(self.instrument.expiry)}"
        if self.kind not in LETTERS:
            return series
        return f"{series}-{decimal_text(self.instrument.strike * self.underlying.price_step)}-{LETTERS[self.kind]}"


def named_underlying(underlying: Underlying, decimals: int, config: UnderlyingConfig | None) -> NamedUnderlying:
    """An underlying with its steps: the network's where the engine has the same, else contracts of one unit."""
    per_lot = Fraction(underlying.tick, 10**decimals)
    size = Fraction(config.contract_size) if config else Fraction(1)
    if config is None or per_lot != size * Fraction(config.price_step):
        size = Fraction(1)
    return NamedUnderlying(underlying, per_lot / size, size)


def expiry_text(expiry: int) -> str:
    """``25DEC26``, with the hour where it is not the usual one. ``expiry``: nanoseconds since 1970."""
    at = datetime.fromtimestamp(expiry // NANOSECONDS_PER_SECOND, UTC)
    hour = f"T{at:%H%M}" if at.second == 0 else f"T{at:%H%M%S}"
    return f"{at.day}{MONTHS[at.month - 1]}{at:%y}{'' if hour == USUAL_HOUR else hour}"


MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
