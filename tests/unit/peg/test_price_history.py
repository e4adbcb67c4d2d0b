from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stab3l.peg.price_history import ENTRIES, WINDOW_MAX, PriceHistory, deviation_of
from stab3l.units import WAD

WIDE = 10 * WAD


def test_trades_of_one_block_weigh_nothing() -> None:
    """One flash trade moved the original's one-hour average from 1.0 to 1.0857, at no cost."""
    history = PriceHistory.start(0).accumulate(100, WAD)
    attacked = history.accumulate(100, 2 * WAD).accumulate(100, 5 * WAD)
    assert attacked == history
    assert attacked.average_deviation(100, 5 * WAD, WAD, WIDE, 10) == (0, 10)


def test_the_price_before_the_first_trade_is_what_the_quiet_period_counts() -> None:
    history = PriceHistory.start(0).accumulate(10, WAD)
    assert history.average_deviation(11, 2 * WAD, WAD, WIDE, 10).deviation == WAD // 10


def test_a_short_history_says_how_short_it_is() -> None:
    assert PriceHistory.start(5).average_deviation(5, WAD, WAD, WIDE, 3) == (0, 0)
    assert PriceHistory.start(5).average_deviation(7, 2 * WAD, WAD, WIDE, 3) == (WAD, 2)


def test_one_block_can_only_say_as_much_as_the_clamp() -> None:
    history = PriceHistory.start(0).accumulate(9, WAD).accumulate(10, 100 * WAD)
    assert history.average_deviation(10, WAD, WAD, WAD // 100, 5).deviation == WAD // 500


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4 * WAD)), min_size=1, max_size=40),
    st.integers(1, WINDOW_MAX),
)
def test_any_window_is_the_mean_of_its_blocks(steps: list[tuple[int, int]], window: int) -> None:
    """Against a list with one price for each block."""
    history, block, prices = PriceHistory.start(0), 0, []
    for blocks, price in steps:
        block += blocks
        prices += [price] * blocks
        history = history.accumulate(block, price)
    covered = prices[-window:]
    total = sum(deviation_of(price, WAD) for price in covered)
    expected = abs(total) // len(covered) * (1 if total >= 0 else -1)
    assert len(history.entries) <= ENTRIES
    assert history.average_deviation(block, 77, WAD, WIDE, window) == (expected, len(covered))


def test_deviations_are_rounded_towards_zero_on_both_sides() -> None:
    assert deviation_of(3 * WAD + 1, 3 * WAD) == 0
    assert deviation_of(3 * WAD - 1, 3 * WAD) == 0
    assert deviation_of(WAD // 2, WAD) == -WAD // 2
