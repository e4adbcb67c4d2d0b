"""The simulator of backpressure payments: the rules hold in it, and it shows what it is for."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stab3l.errors import NotFound
from stab3l.flow.constants import EPOCH_SECONDS
from stab3l.flow.distribution import Distribution
from stab3l.sim.flow.plot import save_plots
from stab3l.sim.flow.run import backpressure, drift, native_world, simulate, simulate_one
from stab3l.sim.flow.scenario import CAPACITY, SCENARIOS, World, people_of, scenario
from stab3l.sim.flow.sharing import Backpressure

SHORT = 150


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_no_sink_is_paid_above_capacity_and_nothing_is_lost(name: str) -> None:
    way = Backpressure(scenario(name).arbiter)
    simulate_one(replace(scenario(name), steps=SHORT), way, seed=3)
    assert way.overpaid == 0
    members = sum(way.pool.received(member) for member in way.pool._members)
    assert sum(way.pool.sent.values()) == members
    assert way.pool.sent["source"] >= way.escrow.level


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_the_native_run_is_the_reference_run_to_the_last_wei(name: str) -> None:
    """Outages, surges, liars who are slashed, sybils: whole tracks, then what each sink ended with."""
    found = replace(scenario(name), steps=260)
    assert backpressure(found, seed=9) == simulate_one(found, Backpressure(found.arbiter), seed=9)


def test_the_native_sinks_end_as_those_of_the_reference() -> None:
    found = replace(scenario("liars"), steps=120)
    way = Backpressure(found.arbiter)
    simulate_one(found, way, seed=4)
    world = World(found, people_of(found), random.Random(4))
    native = native_world(world)
    for _ in range(found.steps):
        demand = world.advance()
        native.run([[sink.can for sink in world.sinks]], [demand])
    expected = [
        (signal.capacity(way._epoch), way.pool.units_of(sink.name), way.pool.received(sink.name))
        for signal, sink in zip(way._signals, world.sinks, strict=True)
    ]
    assert native.sinks() == expected
    assert native.escrow_level == way.escrow.level


@pytest.mark.parametrize("load_bps", [5_000, 8_000, 9_500])
def test_the_backlog_comes_back_whenever_demand_is_below_capacity(load_bps: int) -> None:
    """Foster's criterion: above some level the backlog falls in the mean, and it stays bounded."""
    found = replace(scenario("steady"), load_bps=load_bps, steps=800)
    track = simulate_one(found, Backpressure(), seed=11)
    settled = track.backlogs[50:]
    above = drift(settled, 4 * found.sinks * CAPACITY * EPOCH_SECONDS)
    assert above.stable
    assert max(settled) < 20 * found.sinks * CAPACITY * EPOCH_SECONDS


def test_the_check_of_the_backlog_can_fail() -> None:
    track = simulate_one(replace(scenario("steady"), load_bps=15_000, steps=200), Backpressure(), seed=11)
    assert not drift(track.backlogs, 4 * 20 * CAPACITY * EPOCH_SECONDS).stable


def test_a_liar_that_is_judged_gets_little() -> None:
    judged = simulate_one(scenario("liars"), Backpressure(True))
    unjudged = simulate_one(scenario("liars-unjudged"), Backpressure(False))
    assert 10 * judged.liar_bps < unjudged.liar_bps
    assert judged.completion_bps > 9_900


def test_sybils_gain_less_when_they_share_a_cap() -> None:
    free = simulate_one(replace(scenario("sybils"), steps=SHORT), Backpressure(False))
    known = simulate_one(replace(scenario("sybils-known"), steps=SHORT), Backpressure(False))
    assert known.liar_bps < free.liar_bps * 9 // 10


def test_where_capacity_vanishes_backpressure_loses_less_than_those_who_do_not_listen() -> None:
    tracks = {track.name: track for track in simulate(scenario("outage"))}
    assert tracks["backpressure"].failed * 10 < tracks["round robin"].failed
    assert tracks["backpressure"].failed * 10 < tracks["random"].failed
    assert tracks["backpressure"].completion_bps > 9_900


def test_the_same_seed_gives_the_same_run() -> None:
    found = replace(scenario("surge"), steps=60)
    assert [t.backlogs for t in simulate(found, 5)] == [t.backlogs for t in simulate(found, 5)]
    assert simulate(found, 5)[0].backlogs != simulate(found, 6)[0].backlogs


def test_an_unknown_scenario_is_named() -> None:
    with pytest.raises(NotFound, match="steady"):
        scenario("nothing")


def test_pictures_show_every_way(tmp_path) -> None:  # type: ignore[no-untyped-def]
    tracks = simulate(replace(scenario("steady"), steps=40))
    for path in save_plots(tmp_path, "steady", tracks):
        text = path.read_text()
        assert all(track.name in text for track in tracks)
        assert text.count("<polyline") == len(tracks)


# --- The pool's arithmetic

ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("units"), st.sampled_from("abcd"), st.integers(0, 10**6)),
        st.tuples(st.just("rate"), st.sampled_from("xy"), st.integers(0, 10**12)),
        st.tuples(st.just("give"), st.sampled_from("xy"), st.integers(0, 10**12)),
        st.tuples(st.just("wait"), st.just(""), st.integers(1, 1_000)),
    ),
    max_size=60,
)


@settings(max_examples=200)
@given(ACTS)
def test_the_pool_gives_out_exactly_what_came_in(acts: list[tuple[str, str, int]]) -> None:
    pool = Distribution()
    pool.set_units("escrow", 1)
    for act, who, amount in acts:
        match act:
            case "units":
                pool.set_units(who, amount)
            case "rate":
                assert pool.set_rate(who, amount) <= max(amount, 0)
            case "give":
                assert pool.give(who, amount) <= amount
            case "wait":
                pool.at(pool.now + amount)
        assert pool.rate + pool.adjustment == sum(pool.sources.values())
    members = sum(pool.received(member) for member in [*"abcd", "escrow"])
    assert sum(pool.sent.values()) == members + pool.dust
