"""Credited rate and CU value by hand-computed cases."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stab3l.compute.credit import cu_value_down, rate_down
from stab3l.compute.shape import Shape
from stab3l.units import WAD, Wad

ONE = Wad(WAD)


def test_the_rate_counts_both_the_seed_block_and_the_commit_block() -> None:
    shape = Shape(4096, 4096, 10)
    assert shape.operations == 1_374_389_534_720
    assert rate_down(shape, seed_block=100, commit_block=109, block_seconds=2) == 68_719_476_736


def test_one_cu_is_ten_to_the_fifteen_operations() -> None:
    assert cu_value_down(10**9, 10**6, 10_000, ONE) == WAD
    assert cu_value_down(10**9, 10**6, 9_000, ONE) == 9 * WAD // 10


def test_a_fraction_is_lost_not_given() -> None:
    assert cu_value_down(1, 1, 9, ONE) == 0
    assert cu_value_down(1, 1, 19, ONE) == 1
    assert cu_value_down(2, 1, 19, Wad(WAD - 1)) == 1
    assert cu_value_down(1, 1, 10_000, Wad(WAD - 1)) == 0


@given(st.integers(1, 2**20), st.integers(0, 500))
def test_more_time_never_credits_more(products: int, delay: int) -> None:
    shape = Shape(64, 64, products % 65_536 + 1)
    assert rate_down(shape, 1, 1 + delay + 1, 1) <= rate_down(shape, 1, 1 + delay, 1)


def test_what_is_promised_already_is_not_credited_again() -> None:
    once = cu_value_down(10**9, 10**6, 10_000, ONE)
    assert cu_value_down(10**9, 10**6, 10_000, ONE, promised_rate=10**9, promised_seconds=10**6) == 0
    assert cu_value_down(10**9, 10**6, 10_000, ONE, promised_rate=10**9, promised_seconds=10**6 // 4) == 3 * once // 4
    assert cu_value_down(10**9, 10**6, 10_000, ONE, promised_rate=10**9 // 2, promised_seconds=10**9) == once // 2
    assert cu_value_down(10**9, 10**6, 10_000, ONE, credit_bps=9_000) == 9 * once // 10
