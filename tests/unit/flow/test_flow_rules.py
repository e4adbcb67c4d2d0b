"""The integer rules of backpressure payments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stab3l.errors import NotFound, Rejected
from stab3l.flow.cap import CapRules, capacity_cap_down
from stab3l.flow.constants import QUANTUM, UNIT_SCALE
from stab3l.flow.fifo import ENTRIES_AT_ONCE, BufferFull, Fifo
from stab3l.flow.pipeline import effective_capacities, forwarded
from stab3l.flow.signal import Signal, blended_down, decayed_down
from stab3l.flow.solvency import RateLossy, SourceInsolvent, check_rate, check_solvent, max_rate_down, solvency
from stab3l.flow.units import escrow_units_up, must_write, split, units_down

CAPACITIES = st.integers(0, 10**24)
ROOM = 2**200

# --- Signal


@given(CAPACITIES, CAPACITIES)
def test_the_average_never_passes_its_goal(smoothed: int, raw: int) -> None:
    after = blended_down(smoothed, raw)
    assert min(smoothed, raw) - 1 <= after <= max(smoothed, raw)


@given(st.integers(1, 10**20))
def test_the_scaled_average_arrives_where_whole_wei_would_stick(raw: int) -> None:
    signal = Signal()
    for epoch in range(1, 61):
        signal = signal.revealed(raw, epoch, ROOM)
    assert signal.capacity(60) >= raw - 1 - raw // 10**8


@given(CAPACITIES, st.integers(0, 200))
def test_silence_only_lowers_and_ends_at_nothing(scaled: int, missed: int) -> None:
    assert decayed_down(scaled, missed) <= scaled
    assert decayed_down(scaled, 129) == 0


def test_written_and_read_decay_agree() -> None:
    signal = Signal(1_000 * UNIT_SCALE, 10)
    assert signal.capacity(11) == 1_000
    assert signal.capacity(13) == signal.decayed(13).capacity(13) == 490
    assert signal.decayed(13).decayed(13) == signal.decayed(13)


def test_one_reveal_an_epoch() -> None:
    signal = Signal().revealed(100, 5, ROOM)
    with pytest.raises(Rejected):
        signal.revealed(100, 5, ROOM)


@given(CAPACITIES, CAPACITIES, st.integers(0, 10**42))
def test_a_signal_never_exceeds_its_room(before: int, raw: int, room: int) -> None:
    assert Signal(before, 3).revealed(raw, 4, room).scaled <= room


@given(st.integers(0, 10**6), st.data())
def test_completion_weighs_and_idleness_does_not(offered: int, data: st.DataObject) -> None:
    completed = data.draw(st.integers(0, offered))
    judged = Signal().judged(offered, completed)
    assert 0 <= judged.miss_bps <= 10_000
    assert Signal().judged(0, 0).revealed(100, 1, ROOM) == Signal().revealed(100, 1, ROOM)
    with pytest.raises(Rejected):
        Signal().judged(offered, offered + 1)


# --- Cap


@given(st.integers(100 * 10**18, 10**27), st.integers(2, 10))
def test_sinks_of_one_provider_together_never_exceed_its_cap(stake: int, parts: int) -> None:
    shares = [stake // parts] * parts
    total = sum(shares)
    rules = CapRules(min_stake=1)
    assert sum(capacity_cap_down(s, total, rules) for s in shares) <= capacity_cap_down(total, total, rules)


def test_splitting_gains_under_the_root_and_not_under_the_linear_rule() -> None:
    whole, part = 400 * 10**18, 100 * 10**18
    assert 4 * capacity_cap_down(part) == 2 * capacity_cap_down(whole) == 40 * 10**15
    linear = CapRules(linear=True)
    assert 4 * capacity_cap_down(part, rules=linear) == capacity_cap_down(whole, rules=linear)


def test_below_the_least_stake_nothing_is_admitted() -> None:
    assert capacity_cap_down(100 * 10**18 - 1) == 0


# --- Units

RATES = st.integers(0, 10**22)
SINKS = st.lists(st.integers(0, 10**19), min_size=0, max_size=30)


@given(RATES, SINKS, st.integers(0, 10))
def test_no_sink_is_paid_above_its_capacity_and_nothing_is_lost(rate: int, capacities: list[int], onward: int) -> None:
    """I11 of the rules: sinks, escrow and dust are what came in."""
    units = {str(i): units_down(c, QUANTUM) for i, c in enumerate(capacities)}
    units["onward"] = onward * sum(units.values())
    sinks = sum(units.values()) - units["onward"]
    units["escrow"] = escrow_units_up(rate, QUANTUM, sinks, units["onward"])
    found = split(rate, units)
    assert all(found.rates[str(i)] <= c for i, c in enumerate(capacities))
    assert sum(found.rates.values()) + found.dust == rate
    assert units["escrow"] >= 1


@given(RATES, SINKS, st.integers(0, 10**22))
def test_a_limit_bounds_the_sinks_together(rate: int, capacities: list[int], limit: int) -> None:
    units = [units_down(c, QUANTUM) for c in capacities]
    escrow = escrow_units_up(rate, QUANTUM, sum(units), 0, limit)
    found = split(rate, {"sinks": sum(units), "escrow": escrow})
    assert found.rates["sinks"] <= max(limit, sum(units))


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_fall_is_always_written(written: int, units: int) -> None:
    assert must_write(written, units) == (units < written or (units > written and units * 100 >= written * 105))


def test_the_unit_scale_of_the_blueprint_floors_usual_flows_to_nothing() -> None:
    """A unit for each 10^-18 token: a token a second over two hundred million tokens' worth of units."""
    unscaled = split(10**18, {"sink": 200 * 10**24})
    assert unscaled.rates["sink"] == 0
    assert split(10**18, {"sink": units_down(10**18, QUANTUM)}).rates["sink"] == 10**18


# --- Escrow


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 1_000)), max_size=100), st.data())
def test_the_escrow_gives_in_the_order_of_coming(deposits: list[tuple[str, int]], data: st.DataObject) -> None:
    fifo = Fifo(10**6)
    for source, amount in deposits:
        fifo.deposit(source, amount)
    drained = 0
    while fifo.level and data.draw(st.booleans()):
        amount = data.draw(st.integers(0, fifo.reachable()))
        fifo.drain(amount)
        drained += amount
    left = [entry.amount for entry in fifo.entries]
    expected, rest = [], drained
    for _, amount in deposits:
        taken = min(rest, amount)
        expected.append(amount - taken)
        rest -= taken
    assert left == expected
    assert fifo.level == sum(left)


def test_a_full_buffer_refuses_deposits_but_not_the_stream() -> None:
    fifo = Fifo(100)
    fifo.deposit("a", 60)
    with pytest.raises(BufferFull) as refused:
        fifo.deposit("b", 41)
    assert refused.value.values == {"level": 60, "amount": 41, "max": 100}
    assert fifo.absorb("pool", 50)
    assert fifo.level == 110


def test_the_stream_takes_one_entry_however_often_it_is_taken_in() -> None:
    fifo = Fifo(100)
    for _ in range(200):
        fifo.absorb("pool", 1)
    assert len(fifo.entries) == 1


def test_a_drain_touches_a_bounded_number_of_entries() -> None:
    fifo = Fifo(1_000)
    for _ in range(100):
        fifo.deposit("a", 1)
    assert fifo.reachable() == ENTRIES_AT_ONCE


def test_a_depositor_takes_back_only_its_own() -> None:
    fifo = Fifo(100)
    first = fifo.deposit("a", 60)
    with pytest.raises(NotFound):
        fifo.reclaim("b", first)
    fifo.drain(20)
    assert fifo.reclaim("a", first) == 40
    with pytest.raises(NotFound):
        fifo.reclaim("a", first)
    fifo.deposit("b", 5)
    fifo.drain(5)
    assert fifo.level == 0


# --- Pipeline


@given(st.lists(st.integers(0, 10**20), min_size=1, max_size=8))
def test_no_stage_can_do_more_than_the_ones_behind_it(capacities: list[int]) -> None:
    effective = effective_capacities(capacities)
    assert effective == sorted(effective)
    assert effective == [min(capacities[i:]) for i in range(len(capacities))]


def test_what_is_forwarded_is_what_came_in_or_can_be_done() -> None:
    assert forwarded([2, 2, 3], [4, 1]) == [4, 1]
    assert forwarded([2, 2, 3], [9, 9]) == [4, 3]


# --- Solvency


@given(st.integers(0, 10**20), st.integers(1, 10**12))
def test_a_rate_that_loses_too_much_is_refused(rate: int, total_units: int) -> None:
    actual = rate - rate % total_units
    if (rate - actual) * 10_000 > rate:
        with pytest.raises(RateLossy):
            check_rate(rate, total_units)
    else:
        assert check_rate(rate, total_units) == actual


@given(st.integers(0, 10**24), st.integers(0, 10**6))
def test_the_largest_rate_is_solvent_and_one_more_is_not(balance: int, run_seconds: int) -> None:
    rate = max_rate_down(balance, run_seconds)
    check_solvent(solvency(balance, 0, rate), run_seconds)
    with pytest.raises(SourceInsolvent):
        check_solvent(solvency(balance, 0, rate + 1), run_seconds)


def test_the_time_to_critical_counts_what_lies_beside_the_deposit() -> None:
    found = solvency(balance=10**18, locked=0, rate=10**13)
    assert found.deposit == 144 * 10**15
    assert found.seconds_to_critical == 85_600
    assert solvency(0, 0, 0).seconds_to_critical is None
