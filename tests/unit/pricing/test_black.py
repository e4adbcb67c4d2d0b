"""Black's formula in integers: published figures, and what every option price must satisfy."""

from __future__ import annotations

from decimal import Decimal
from math import erf, exp, log, sqrt

from hypothesis import given
from hypothesis import strategies as st

from stab3l.pricing.black import YEAR_S, deviation_of, normal, value_down
from stab3l.pricing.scenarios import MOVES, scenario_values

PRICES = st.integers(1, 10**9)
DEVIATIONS = st.decimals("0.001", "3", allow_nan=False, places=4)
UNIT = 10**6


def rough(is_call: bool, forward: float, strike: float, deviation: float) -> float:
    """The formula in floats, as a textbook has it."""

    def cumulative(x: float) -> float:
        return (1 + erf(x / sqrt(2))) / 2

    upper = log(forward / strike) / deviation + deviation / 2
    call = forward * cumulative(upper) - strike * cumulative(upper - deviation)
    return call if is_call else call - forward + strike


def test_the_normal_distribution_has_its_published_values() -> None:
    assert round(normal(Decimal(0)), 20) == Decimal("0.5")
    assert round(normal(Decimal(1)), 15) == Decimal("0.841344746068543")
    assert round(normal(Decimal("-1.96")), 15) == Decimal("0.024997895148220")
    assert normal(Decimal(-13)) == 0
    assert normal(Decimal(13)) == 1


def test_an_example_of_hulls_textbook() -> None:
    """Hull, Options, Futures, and Other Derivatives: F = K = 20, 25 % volatility, 4 months, 9 % interest: put 1.12."""
    deviation = deviation_of(250_000, YEAR_S // 3)
    put = value_down(is_call=False, forward=20 * UNIT, strike=20 * UNIT, deviation=deviation)
    assert abs(put * exp(-0.09 / 3) / UNIT - 1.1166) < 0.0001


@given(forward=PRICES, strike=PRICES, deviation=DEVIATIONS)
def test_a_value_is_the_formulas_and_within_its_bounds(forward: int, strike: int, deviation: Decimal) -> None:
    for is_call in (True, False):
        value = value_down(is_call=is_call, forward=forward, strike=strike, deviation=deviation)
        intrinsic = max(forward - strike if is_call else strike - forward, 0)
        assert intrinsic <= value <= (forward if is_call else strike)
        expected = rough(is_call, forward, strike, float(deviation))
        assert abs(value - expected) <= 1 + 1e-9 * max(forward, strike)


@given(forward=PRICES, strike=PRICES, deviation=DEVIATIONS)
def test_a_call_less_a_put_is_the_forward_less_the_strike(forward: int, strike: int, deviation: Decimal) -> None:
    call, put = (
        value_down(is_call=is_call, forward=forward, strike=strike, deviation=deviation) for is_call in (True, False)
    )
    assert abs(call - put - (forward - strike)) <= 1


@given(forward=PRICES, strike=PRICES, deviation=DEVIATIONS)
def test_more_volatility_is_never_worth_less(forward: int, strike: int, deviation: Decimal) -> None:
    values = [
        value_down(is_call=True, forward=forward, strike=strike, deviation=deviation * factor) for factor in (1, 2, 4)
    ]
    assert values == sorted(values)


def test_what_has_no_time_left_is_worth_its_intrinsic_value() -> None:
    none_left = deviation_of(600_000, 0)
    assert value_down(is_call=True, forward=70, strike=60, deviation=none_left) == 10
    assert value_down(is_call=False, forward=70, strike=60, deviation=none_left) == 0
    assert value_down(is_call=False, forward=0, strike=60, deviation=Decimal(1)) == 60


def test_scenarios_move_the_price_and_then_the_volatility() -> None:
    deviation = deviation_of(600_000, YEAR_S // 52)
    values = scenario_values(
        is_call=True, index=60_000, forward=60_000, strike=60_000, range_ppm=150_000, deviation=deviation
    )
    assert len(values) == len(MOVES) == 16
    up, down = values[0::2][:7], values[1::2][:7]
    assert all(more > less for more, less in zip(up, down, strict=True)), "each pair: volatility up, then down"
    by_move = [values[j] for j in (15, 13, 9, 5, 1, 3, 7, 11, 14)]
    assert by_move == sorted(by_move), "a call gains as the price rises"
