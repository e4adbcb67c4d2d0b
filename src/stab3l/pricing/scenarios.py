"""An option's values in the 16 scenarios of portfolio margin (docs/reference/derivatives.md, Margin)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from stab3l.pricing.black import value_down

MOVES: Final = (0, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3, 6, -6)
"""Moves of the price in thirds of the range; mirrors ``THIRDS`` of engine/src/underlying.rs."""
EXTREME: Final = 14
VOLATILITY_SHIFT: Final = Decimal("0.25")
"""The first scenario of each pair has a quarter more volatility, the second a quarter less; the extremes the same."""
PARTS: Final = 1_000_000


def scenario_values(
    *, is_call: bool, index: int, forward: int, strike: int, range_ppm: int, deviation: Decimal
) -> tuple[int, ...]:
    """Values in ticks, rounded down; ``forward`` moves by what the index would."""
    return tuple(
        value_down(
            is_call=is_call,
            forward=max(forward + index * range_ppm * move // (3 * PARTS), 0),
            strike=strike,
            deviation=deviation * (1 + _shift(scenario)),
        )
        for scenario, move in enumerate(MOVES)
    )


def _shift(scenario: int) -> Decimal:
    if scenario >= EXTREME:
        return Decimal(0)
    return VOLATILITY_SHIFT if scenario % 2 == 0 else -VOLATILITY_SHIFT
