"""Cantilever, reserves, triangulation and the peg equation."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stab3l.peg import cantilever, reserves
from stab3l.peg.equation import Inputs, Weights, target, unbounded_target
from stab3l.peg.errors import PriceUnusable
from stab3l.peg.pool import State, Terms, mid_price, sell_quote
from stab3l.peg.triangulation import Freshness, Price, cross_down, in_gold_down, usable
from stab3l.units import PAR_PRICE, WAD

HOUR = 3600
RULES = Freshness(age_s_max=HOUR, stale_s_max=96 * HOUR, band_per_s=10**12, band_max=5 * WAD // 100)


def test_the_sources_example_fails_its_own_rule() -> None:
    assert cantilever.holds(5, 33, 165)
    assert not cantilever.holds(25, 33, 833)
    assert cantilever.size_up(833, 33) == 26
    assert [cantilever.size_up(833, cantilever.actions_per_minute(2, blocks)) for blocks in (3, 5)] == [84, 139]


@pytest.mark.parametrize("slope", [WAD // 10, WAD // 100, WAD])
def test_the_largest_drift_is_where_the_pool_reaches_the_threshold(slope: int) -> None:
    depth, threshold = 10**12, 2 * WAD // 1000
    drift = cantilever.drift_max_down(depth, threshold, slope)
    assert abs(drift - depth * (1 - 1 / sqrt(1 + threshold / slope))) < 10
    terms = Terms(WAD, slope, 0, 6, 6)
    bought = 0
    state = State.balanced(depth, depth)
    while bought < drift:
        trade = sell_quote(terms, state, depth // 10_000)
        state, bought = trade.after, bought + trade.paid
    assert abs(mid_price(terms, state) - WAD - threshold) < threshold * 11 // 100


def test_without_slope_all_may_leave() -> None:
    assert cantilever.drift_max_down(7, WAD // 500, 0) == 7


@given(st.lists(st.integers(-100, 100), max_size=40), st.integers(1, 12))
def test_the_worst_window_is_found(outflows: list[int], window: int) -> None:
    sums = [sum(outflows[a:b]) for a in range(len(outflows)) for b in range(a + 1, min(a + window, len(outflows)) + 1)]
    assert reserves.outflow_max(outflows, window) == max([0, *sums])


def test_reserves_are_the_worst_outflow_with_its_safety_rounded_up() -> None:
    assert reserves.sized_up([5, -3, 7, 1], 3, 30_000) == 27
    assert reserves.reserve_required_up(7, 3, 45_001) == 95
    assert reserves.bridge_required_up(100, 20, 30_000) == 6_000
    assert reserves.health_down(150, 100) == 3 * WAD // 2
    assert reserves.health_down(0, 0) > 10**30


def test_the_peak_outflow_is_of_a_whole_block_and_fades() -> None:
    peak = reserves.PeakOutflow().record(10, 40, WAD // 2).record(10, 60, WAD // 2)
    assert peak.peak == 100
    assert peak.record(11, 10, WAD // 2).peak == 50
    assert peak.record(11, 10, WAD).peak == 100
    assert peak.record(90, 1, WAD // 2).peak == 1


def test_gold_cancels_out_between_two_tokens() -> None:
    gold, euro, dollar = Price(4000 * WAD, WAD // 50), Price(108 * WAD // 100, 0), Price(WAD, 5)
    assert in_gold_down(dollar, gold) == (WAD // 4000, WAD // 50 + 5)
    assert cross_down(euro, dollar) == (108 * WAD // 100, 5)


def test_weekend_gold_is_the_last_good_price_with_a_band_that_widens() -> None:
    assert usable(4000 * WAD, 0, HOUR, RULES) == (4000 * WAD, 0)
    assert usable(4000 * WAD, 0, 2 * HOUR, RULES) == (4000 * WAD, 36 * 10**14)
    assert usable(4000 * WAD, 0, 60 * HOUR, RULES).band == RULES.band_max
    assert usable(4000 * WAD, 100, 50, RULES).band == 0
    for value, updated_at in ((4000 * WAD, -1), (0, 96 * HOUR)):
        with pytest.raises(PriceUnusable):
            usable(value, updated_at, 96 * HOUR, RULES)


WEIGHTS = Weights(15 * WAD // 100, WAD // 10, WAD // 5, WAD // 10, WAD // 20)


def test_the_peg_equation_pulls_towards_par() -> None:
    """As printed in source 1, with P_sSTB on both sides, the first term gives $0.0706 instead."""
    for compute in (PAR_PRICE * 7 // 10, PAR_PRICE * 13 // 10):
        result = unbounded_target(PAR_PRICE, Inputs(compute, PAR_PRICE, PAR_PRICE, WAD // 10), WEIGHTS)
        assert result == compute + (PAR_PRICE - compute) * 15 // 100
        assert abs(result - PAR_PRICE) < abs(compute - PAR_PRICE)


@given(
    compute=st.integers(0, WAD),
    futures=st.integers(0, WAD),
    spot=st.integers(0, WAD),
    ratio=st.integers(0, 10 * WAD),
)
def test_whatever_is_reported_the_target_stays_within_its_band(
    compute: int, futures: int, spot: int, ratio: int
) -> None:
    aimed = target(PAR_PRICE, Inputs(compute, futures, spot, ratio), WEIGHTS)
    assert abs(aimed - PAR_PRICE) <= PAR_PRICE // 20


def test_the_equation_rounds_towards_zero_once() -> None:
    thirds = Weights(WAD // 3, 0, 0, 0, WAD)
    assert unbounded_target(10, Inputs(0, 0, 0, 0), thirds) == 3
    assert unbounded_target(0, Inputs(10, 0, 0, 0), thirds) == 7
