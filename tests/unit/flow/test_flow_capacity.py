"""What a sink says of itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stab3l.flow.capacity import COMPLETIONS_KEPT, Meter, spare_rate_down, value_of_rate_down
from stab3l.units import OPERATIONS_PER_CU, PAR_PRICE


def test_nothing_completed_means_nothing_to_say() -> None:
    assert Meter().rate_down() == 0
    assert Meter(proven=7).rate_down() == 7


def test_the_rate_is_that_of_the_jobs_that_were_really_done() -> None:
    meter = Meter(proven=10**12)
    meter.add(1_000, 500)
    meter.add(3_000, 1_500)
    assert meter.rate_down() == 2_000


def test_old_jobs_are_forgotten() -> None:
    meter = Meter()
    meter.add(10**12, 1)
    for _ in range(COMPLETIONS_KEPT):
        meter.add(1_000, 1_000)
    assert meter.rate_down() == 1_000


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**14), max_size=20), st.integers(1, 3_600))
def test_what_waits_is_taken_off(rate: int, waiting: list[int], horizon_s: int) -> None:
    spare = spare_rate_down(rate, waiting, horizon_s)
    assert 0 <= spare <= rate
    assert spare * horizon_s + sum(waiting) <= max(rate * horizon_s, sum(waiting))


def test_a_compute_unit_a_second_is_worth_par_a_second() -> None:
    assert value_of_rate_down(OPERATIONS_PER_CU) == PAR_PRICE
    assert value_of_rate_down(10**9) == 60 * 10**9
