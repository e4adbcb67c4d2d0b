"""The simulated peg: the same seed is the same world, nothing is created, caps hold, shocks do what they say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from stab3l import _engine
from stab3l.errors import Invalid, NotFound
from stab3l.sim.peg.economy import POOL_NAMES, A, P, Parameters, S, V, changed, economy
from stab3l.sim.peg.run import Run, run
from stab3l.sim.peg.scenarios import SCENARIOS, Scenario, scenario
from stab3l.sim.peg.world import Keeper, Shock, Triangulator, World
from stab3l.units import WAD

BLOCKS = 600


def run_of(name: str, *, blocks: int = BLOCKS, seed: int = 1, **chosen: int) -> Run:
    found = scenario(name)
    return run(found, found.settled(Parameters(), chosen), blocks=blocks, seed=seed, log=True)


def native(world: World, blocks: int) -> _engine.PegWorld:
    made = _engine.PegWorld(world)
    made.run(blocks)
    return made


def quiet(*shocks: Shock, **chosen: int) -> World:
    """The economy without noise or luck."""
    parameters = changed(
        Parameters(), **{"flow_usd_per_hour": 0, "volatility_ppm": 0, "keeper_failure_ppm": 0, **chosen}
    )
    return replace(economy(parameters, 1), shocks=shocks)


def keepers_only(*shocks: Shock) -> World:
    """Nobody but the stabilisers' keepers."""
    world = quiet(*shocks)
    return replace(world, agents=tuple(agent for agent in world.agents if isinstance(agent, Keeper)))


@pytest.mark.parametrize("found", SCENARIOS, ids=lambda found: found.name)
def test_every_scenario_keeps_the_invariants(found: Scenario) -> None:
    figures = run_of(found.name).figures
    assert figures["invariants"]["conserved"]
    assert figures["invariants"]["I10_caps_kept"]
    assert figures["invariants"]["I9_round_trips_tried"] > BLOCKS // 2
    assert figures["invariants"]["I9_round_trips_that_gained"] == 0
    assert figures["swaps"] > 0


def test_a_run_is_its_seed() -> None:
    first, again, other = run_of("flash-loan"), run_of("flash-loan"), run_of("flash-loan", seed=2)
    assert first.figures == again.figures
    assert first.operations == again.operations
    assert first.operations != other.operations


def test_a_run_does_not_depend_on_how_it_is_cut() -> None:
    whole, parts = _engine.PegWorld(quiet()), _engine.PegWorld(quiet())
    whole.run(90)
    for blocks in (1, 30, 59):
        parts.run(blocks)
    assert whole.series() == parts.series()


def test_parameters_do_not_change_the_luck() -> None:
    """Two economies that differ in a keeper's delay see the same trades of noise traders until it matters."""
    slow, quick = run_of("normal", keeper_delay_blocks=9), run_of("normal", keeper_delay_blocks=0)
    assert slow.operations[:5] == quick.operations[:5]


def test_the_stabiliser_brings_a_drained_pool_back_alone() -> None:
    alone = keepers_only(Shock(100, "drain", P.CUSDT_CUSDC, WAD // 10))
    dead = replace(alone, shocks=(*alone.shocks, Shock(1, "keeper_outage", S.CUSDT, 1)))
    assert _last_bp(native(alone, 300), P.CUSDT_CUSDC) <= 10
    assert _last_bp(native(dead, 300), P.CUSDT_CUSDC) > 15


@pytest.mark.parametrize("factor", [WAD * 85 // 100, WAD * 115 // 100])
def test_the_guards_do_not_freeze_the_stabiliser_in_a_true_depeg(factor: int) -> None:
    """A fall and a rise of 15 %: it trades against it until its cap or its inventory ends, never beyond."""
    made = native(quiet(Shock(100, "value_jump", V.CUSDT, factor)), 400)
    outcomes, traded, peak, base, quote = made.stabilisers()[S.CUSDT]
    assert outcomes[0] > 5
    assert traded > 100_000 * 10**6
    assert peak <= quiet().stabilisers[S.CUSDT].policy.flow_max
    assert min(base, quote) >= 0


def test_expensive_gas_stops_the_stabiliser() -> None:
    drained = Shock(100, "drain", P.CUSDT_CUSDC, WAD // 10)
    paid = native(keepers_only(drained), 120).stabilisers()[S.CUSDT]
    refused = native(keepers_only(drained, Shock(50, "gas_price", 0, 10**12)), 120).stabilisers()[S.CUSDT]
    assert paid[0][0] > 0
    assert refused[1] == 0


def test_a_flash_drain_leaves_the_price_where_it_was() -> None:
    before = native(quiet(), 101).series()["deviations"][P.CUSDT_CUSDC]
    after = native(quiet(Shock(100, "flash_drain", P.CUSDT_CUSDC, WAD // 2)), 101).series()["deviations"]
    assert abs(_numbers(after[P.CUSDT_CUSDC])[-1] - _numbers(before)[-1]) < 100_000


def test_a_sandwich_does_not_pay() -> None:
    assert run_of("flash-loan", blocks=2_000).figures["profit_usd"]["Sandwicher"] <= 0


def test_an_illiquid_reserve_pays_no_more_than_it_may() -> None:
    cheap = Shock(10, "value_jump", V.CUSDT, WAD * 9 // 10)
    free = native(quiet(cheap), 200)
    bound = native(quiet(Shock(9, "reserve_liquid", A.USDT, WAD // 20), cheap), 200)
    assert _numbers(free.series()["reserves"][A.USDT])[-1] < 900_000_000
    assert _numbers(bound.series()["reserves"][A.USDT])[-1] >= 950_000_000


def test_a_bank_run_asks_the_reserve_and_an_illiquid_one_lets_the_peg_go() -> None:
    """The two scenarios differ in what the reserve can pay, and in nothing else."""
    run, illiquid = run_of("bank-run", blocks=2_000), run_of("reserve-illiquidity", blocks=2_000)
    assert run.figures["reserve_used_ppm"] > 100_000
    assert illiquid.figures["reserve_used_ppm"] <= 50_000
    held, lost = (found.figures["pools"][POOL_NAMES[P.CUSDT_CUSDC]]["deviation"]["max_bp"] for found in (run, illiquid))
    assert held < 100 < lost


def test_a_silent_feed_widens_the_mesh_and_zero_is_refused() -> None:
    silent = native(quiet(Shock(10, "feed_factor", V.GOLD, 0)), 400)
    assert silent.counts()[2] > 0
    assert all(state[0] > 0 for state, *_ in silent.pools())


def test_a_halted_bridge_keeps_tokens_where_they_are() -> None:
    shocks = (Shock(5, "bridge_halt", 0, 1), Shock(10, "drain", P.CUSDT_CUSDC_B, WAD // 2))
    world = quiet(*shocks, arbitrage_presence_ppm=0)
    figures = native(world, 300)
    assert figures.counts()[0] == 0


def test_mistakes_are_named() -> None:
    with pytest.raises(NotFound, match="bank-run"):
        scenario("bank-rum")
    with pytest.raises(Invalid, match="loop_gain_ppm"):
        changed(Parameters(), loop_gain=1)
    with pytest.raises(Invalid, match="blocks"):
        run_of("calm", blocks=1)
    with pytest.raises(Invalid, match="depth"):
        run_of("calm", depth_usd=0)
    with pytest.raises(ValueError, match="no effect"):
        _engine.PegWorld(quiet(Shock(1, "meteor", 0, 1)))
    with pytest.raises(ValueError, match="no shock of this world"):
        _engine.PegWorld(quiet(Shock(1, "gain", 99, 1)))


def _numbers(packed: bytes) -> list[int]:
    return [int.from_bytes(packed[at : at + 8], "little", signed=True) for at in range(0, len(packed), 8)]


def _last_bp(made: _engine.PegWorld, pool: P) -> Any:
    return abs(_numbers(made.series()["deviations"][pool])[-1]) / 100_000


def test_pools_have_names() -> None:
    assert len(POOL_NAMES) == len(P)


def exchanges_of(made: Run) -> list[tuple[int, int, int]]:
    """(pool, sold, what came back) of each chain of sales that begins on a public pool and goes on through the mesh."""
    sales = [(pool, sold, paid) for name, _, pool, _, _, sold, paid, _ in made.operations if name == "sale"]
    found = []
    for at, (pool, sold, paid) in enumerate(sales):
        held, legs = paid, 0
        for mesh, given, back in sales[at + 1 : at + 3]:
            if pool >= P.MESH_CUSDT or mesh < P.MESH_CUSDT or given != held:
                break
            held, legs = back, legs + 1
        if legs:
            found.append((pool, sold, held))
    return found


def test_mesh_keepers_bring_pools_and_mesh_together_and_only_at_a_gain() -> None:
    made = run_of("stressed", blocks=6_000)
    exchanges = exchanges_of(made)
    assert len(exchanges) == made.figures["triangulations"] > 10
    assert {pool for pool, _, _ in exchanges} >= {P.CUSDT_CUSDC, P.CUSDT_GOLD, P.CUSDC_GOLD}
    assert all(back * 100_000 > sold * 100_001 for _, sold, back in exchanges)


def test_an_agent_of_the_mesh_names_a_mesh() -> None:
    world = quiet()
    with pytest.raises(ValueError, match="names what is not there"):
        _engine.PegWorld(replace(world, agents=(Triangulator(P.CUSDT_CUSDC, None, None),)))
