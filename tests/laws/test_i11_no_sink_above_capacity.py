"""I11: no sink is paid above its smoothed capacity; sinks, escrow and dust are what the source sent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stab3l.flow.constants import QUANTUM, UNIT_SCALE
from stab3l.flow.distribution import Distribution
from stab3l.flow.signal import Signal
from stab3l.flow.units import escrow_units_up, must_write, units_down

ROOM = 2**200
STEPS = st.lists(
    st.tuples(
        st.integers(0, 3),  # which sink reveals
        st.integers(0, 10**17),  # what it says
        st.one_of(st.none(), st.integers(0, 10**18)),  # what the source streams from now on, if it changes that
        st.integers(1, 1_000),  # seconds that pass
    ),
    max_size=40,
)


@given(STEPS)
def test_no_sink_is_paid_above_its_smoothed_capacity_and_no_wei_is_out_of_place(
    steps: list[tuple[int, int, int | None, int]],
) -> None:
    pool, signals = Distribution(), [Signal()] * 4
    pool.set_units("escrow", 1)
    for epoch, (sink, said, rate, seconds) in enumerate(steps, 1):
        signals[sink] = signals[sink].revealed(said, epoch, ROOM)
        units = units_down(signals[sink].scaled // UNIT_SCALE, QUANTUM)
        if must_write(pool.units_of(str(sink)), units):
            pool.set_units(str(sink), units)
        if rate is not None:
            pool.set_rate("source", rate)
        sinks = pool.total_units - pool.units_of("escrow")
        pool.set_units("escrow", escrow_units_up(pool.rate + pool.adjustment, QUANTUM, sinks))
        before = [pool.received(str(i)) for i in range(4)]
        pool.at(pool.now + seconds)
        for i, was in enumerate(before):
            assert pool.received(str(i)) - was <= signals[i].scaled // UNIT_SCALE * seconds
    members = sum(pool.received(member) for member in ["escrow", *map(str, range(4))])
    assert sum(pool.sent.values()) == members + pool.dust
