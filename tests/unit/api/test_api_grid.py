"""Decimals to ticks and lots and back: exact, or an error."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stab3l.api.grid import DecimalInvalid, Grid, GridInvalid, OffGrid, decimal_text
from stab3l.units import Lots, Ticks

GRIDS = st.builds(
    Grid.of,
    lot=st.integers(0, 30).map(lambda power: 10**power),
    tick=st.integers(1, 10**18),
    base_decimals=st.integers(0, 36),
    quote_decimals=st.integers(0, 36),
)


@given(GRIDS, st.integers(0, 10**12))
def test_ticks_and_lots_come_back_from_their_decimals(grid: Grid, steps: int) -> None:
    price, quantity = grid.price(Ticks(steps)), grid.quantity(Lots(steps))
    if max(len(price), len(quantity)) <= 60:
        assert (grid.ticks(price), grid.lots(quantity)) == (steps, steps)


@given(GRIDS, st.integers(0, 10**6), st.integers(1, 99))
def test_anything_between_two_steps_is_refused_and_names_both(grid: Grid, steps: int, hundredths: int) -> None:
    between = decimal_text((steps + Fraction(hundredths, 100)) * grid.price_step)
    if len(between) > 60:
        return
    with pytest.raises(OffGrid) as refused:
        grid.ticks(between)
    assert refused.value.values["below"] == grid.price(Ticks(steps))
    assert refused.value.values["above"] == grid.price(Ticks(steps + 1))


@pytest.mark.parametrize("text", ["", "-1", "+1", "1e3", ".5", "5.", "01", "1,5", " 1", "NaN", "٣", "1" * 61])
def test_only_plain_decimals_are_numbers(text: str) -> None:
    with pytest.raises(DecimalInvalid):
        Grid.of(lot=10**16, tick=1, base_decimals=18, quote_decimals=6).ticks(text)


def test_a_tick_without_an_exact_price_makes_no_grid() -> None:
    with pytest.raises(GridInvalid):
        Grid.of(lot=3, tick=1, base_decimals=18, quote_decimals=6)


def test_the_price_is_quote_per_base_token() -> None:
    grid = Grid.of(lot=10**16, tick=1, base_decimals=18, quote_decimals=6)
    lots, ticks = grid.lots("12.5"), grid.ticks("0.06")
    assert lots * ticks * 1 == 750_000, "12.5 x 0.06 = 0.75 USDC"
