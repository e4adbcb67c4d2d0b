"""One run of a scenario: from a name and a seed to measures and verdicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from stab3l import _engine
from stab3l.errors import Invalid
from stab3l.peg.stabiliser import Outcome
from stab3l.sim.peg import measures
from stab3l.sim.peg.economy import POOL_NAMES, STABILISED, A, Parameters, S
from stab3l.sim.peg.measures import Series
from stab3l.sim.peg.scenarios import Scenario
from stab3l.sim.peg.world import (
    Agent,
    BridgeArbitrageur,
    Griefer,
    Keeper,
    Manipulator,
    Rebalancer,
    Sandwicher,
    World,
)
from stab3l.units import WAD

BLOCKS_MIN = 40
BLOCKS_MAX = 50_000_000
MICRO = 10**6
ATTACKERS = (Sandwicher, Manipulator, Griefer)
OUTCOMES = (*(outcome.name.lower() for outcome in Outcome), "slippage_exceeded")

Progress = Callable[[int], None]
"""Told how many blocks are done."""


@dataclass(frozen=True, slots=True)
class Target:
    """A target, what was found, and whether it was met."""

    name: str
    wanted: str
    found: Any
    met: bool


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: its figures for reading, its series for plots, its operations for replaying."""

    figures: dict[str, Any]
    deviations: list[Series]
    spreads: list[Series]
    stabilised: list[Series]
    profits: list[tuple[str, Series]]
    reserves: Series
    event: int
    operations: list[tuple[str, int, int, int, bool, int, int, int]]


def run(
    scenario: Scenario,
    parameters: Parameters,
    *,
    blocks: int,
    seed: int,
    strength: int = 1_000,
    log: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Runs a scenario. Everything follows from the arguments.

    Raises:
        Invalid: the run is too short or too long, or the parameters make no world.
    """
    if not BLOCKS_MIN <= blocks <= BLOCKS_MAX:
        raise Invalid(f"a run has {BLOCKS_MIN} to {BLOCKS_MAX} blocks, not {blocks}", blocks=blocks)
    world = scenario.world(parameters, seed, blocks, strength)
    native = _native(world, log)
    step = max(blocks // 100, 1)
    for done in range(0, blocks, step):
        native.run(min(step, blocks - done))
        if progress is not None:
            progress(native.block)
    event = scenario.event(blocks, strength)
    return _measured(scenario, parameters, world, native, (seed, blocks, event.start, strength))


def _native(world: World, log: bool) -> _engine.PegWorld:
    try:
        return _engine.PegWorld(world, log=log)
    except (ValueError, OverflowError) as error:
        raise Invalid(f"these parameters make no world: {error}") from error


def _measured(
    scenario: Scenario, parameters: Parameters, world: World, native: _engine.PegWorld, of: tuple[int, int, int, int]
) -> Run:
    seed, blocks, event, strength = of
    packed = native.series()
    deviations = [measures.series_of(column) for column in packed["deviations"]]
    spreads = [measures.series_of(column) for column in packed["spreads"]]
    profits = [measures.series_of(column) for column in packed["profits"]]
    reserves = measures.series_of(packed["reserves"][A.USDT])
    unconserved, refusals, reports_refused, round_trip_gains, round_trips = native.counts()
    figures: dict[str, Any] = {
        "scenario": scenario.name,
        "seed": seed,
        "blocks": blocks,
        "strength_permille": strength,
        "event_block": event if scenario.has_event else None,
        "watched": POOL_NAMES[scenario.watched],
        "pools": {
            name: _pool_figures(scenario, series, event)
            for name, series in zip(POOL_NAMES, deviations, strict=True)
            if not name.startswith("mesh:")
        },
        "spreads": _spread_figures(native, spreads),
        "stabilisers": _stabiliser_figures(world, native),
        "profit_usd": _profit_figures(world.agents, profits),
        "fees_usd": _fees(world, native),
        "stabilised_usd": sum(row[1] for row in native.stabilisers()) // MICRO,
        "reserve_used_ppm": (10**9 - int(reserves.min())) // 1_000,
        "swaps": sum(row[2] for row in native.pools()),
        "triangulations": native.triangulations(),
        "refused_trades": refusals,
        "refused_reports": reports_refused,
        "invariants": {
            "conserved": unconserved == 0,
            "I9_round_trips_tried": round_trips,
            "I9_round_trips_that_gained": round_trip_gains,
            "I10_caps_kept": all(row[2] <= world.stabilisers[place].policy.flow_max
                                 for place, row in enumerate(native.stabilisers())),
        },
        "parameters": asdict(parameters),
    }  # fmt: skip
    figures["targets"] = [asdict(target) for target in _targets(scenario, figures, deviations, event)]
    named = [(_name_of(agent), series) for agent, series in zip(world.agents, profits, strict=True)]
    stabilised = [measures.series_of(column) for column in packed["stabilised"]]
    return Run(figures, deviations, spreads, stabilised, named, reserves, event, native.operations())


def _name_of(agent: Agent) -> str:
    """The agent's kind and where it is at work."""
    match agent:
        case BridgeArbitrageur():
            pool = agent.left
        case Keeper() | Rebalancer() | Sandwicher() | Manipulator() | Griefer():
            pool = STABILISED[agent.stabiliser]
        case _:
            pool = agent.pool
    return f"{type(agent).__name__} {POOL_NAMES[pool]}"


def _pool_figures(scenario: Scenario, series: Series, event: int) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "deviation": asdict(measures.deviation_of(series)),
        "excursions": asdict(measures.excursions_of(series)),
    }
    if scenario.has_event:
        figures["blocks_to_recover"] = measures.blocks_to_recover(series, event, scenario.event_blocks)
    return figures


def _spread_figures(native: _engine.PegWorld, spreads: list[Series]) -> dict[str, Any]:
    pairs = zip(native.like_pools(), spreads, strict=True)
    return {f"{POOL_NAMES[left]} / {POOL_NAMES[right]}": measures.spread_of(series) for (left, right), series in pairs}


def _stabiliser_figures(world: World, native: _engine.PegWorld) -> dict[str, Any]:
    figures = {}
    for place, (outcomes, traded, peak, base, quote) in zip(S, native.stabilisers(), strict=True):
        spec = world.stabilisers[place]
        figures[POOL_NAMES[STABILISED[place]]] = {
            "calls": {name: count for name, count in zip(OUTCOMES, outcomes, strict=True) if count},
            "traded": traded,
            "flow_peak": peak,
            "flow_max": spec.policy.flow_max,
            "inventory": {"base": base, "quote": quote},
        }
    return figures


def _profit_figures(agents: tuple[Agent, ...], profits: list[Series]) -> dict[str, Any]:
    """Last profit by kind of agent [whole dollars, rounded towards zero]; noise traders are the world outside."""
    sums: dict[str, int] = {}
    for agent, series in zip(agents, profits, strict=True):
        name = type(agent).__name__
        if name not in ("NoiseTraders", "Keeper", "Rebalancer", "Triangulator"):
            sums[name] = sums.get(name, 0) + int(series[-1])
    return {name: (abs(micro) // MICRO) * (1 if micro >= 0 else -1) for name, micro in sums.items()}


def _fees(world: World, native: _engine.PegWorld) -> int:
    """Fees that stayed in the pools, at the starting values [whole dollars]."""
    total = 0
    for pool, (*_, base_fees, quote_fees) in zip(world.pools, native.pools(), strict=True):
        for asset, fees in ((pool.base, base_fees), (pool.quote, quote_fees)):
            token = world.assets[asset]
            total += fees * world.values[token.value].start // (WAD * 10**token.decimals)
    return total


def _targets(scenario: Scenario, figures: dict[str, Any], deviations: list[Series], event: int) -> list[Target]:
    """The targets of source 2, section 16, for the scenario's pool; recovery for those with an event."""
    pool = figures["pools"][POOL_NAMES[scenario.watched]]
    p95 = pool["deviation"]["p95_bp"]
    across = max(spread["p95_bp"] for name, spread in figures["spreads"].items() if "@B" in name)
    short = pool["excursions"]["share_short"]
    targets = [
        Target("peg", f"p95 of deviation within {measures.PEG_BP} bp", p95, p95 <= measures.PEG_BP),
        Target("spread", f"p95 across chains below {measures.SPREAD_BP} bp", across, across < measures.SPREAD_BP),
        Target("rebalance", f"95 % of excursions below {measures.REBALANCE_BLOCKS} blocks", short, short >= 95 / 100),
    ]
    if scenario.has_event:
        limit = measures.FLASH_BLOCKS if scenario.name.startswith("flash") else measures.REBALANCE_BLOCKS
        found = measures.blocks_to_recover(deviations[scenario.watched], event, scenario.event_blocks)
        targets.append(Target("recovery", f"below {limit} blocks", found, found is not None and found < limit))
    attackers = {kind.__name__ for kind in ATTACKERS}
    gains = {name: gain for name, gain in figures["profit_usd"].items() if name in attackers}
    if gains:
        targets.append(Target("attack", "no profit", sum(gains.values()), sum(gains.values()) <= 0))
    return targets
