"""Many runs over all cores: every combination of chosen parameters, or the smallest shock that breaks each target.

The native core runs without holding the interpreter, so threads are enough.
"""

from __future__ import annotations

import itertools
import os
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

from stab3l.errors import Invalid
from stab3l.sim.peg.economy import Parameters
from stab3l.sim.peg.run import run
from stab3l.sim.peg.scenarios import Scenario

RUNS_MAX = 100_000
STRENGTHS = (10, 20, 40, 70, 100, 150, 200, 300, 400, 550, 700, 850, 1_000, 1_250, 1_500, 2_000, 3_000, 4_000, 6_000,
             8_000, 12_000, 16_000)  # fmt: skip
"""Tried in order [per mille of the scenario as it is written] before the bracket is halved."""

Done = Callable[[int, int], None]
"""Told (runs done, runs in all)."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination of a sweep: its parameters and the medians over the seeds."""

    chosen: dict[str, int]
    figures: dict[str, Any]


def combinations(varied: Mapping[str, Sequence[int]]) -> Iterator[dict[str, int]]:
    """Every combination, in order."""
    for values in itertools.product(*varied.values()):
        yield dict(zip(varied, values, strict=True))


def sweep(
    scenario: Scenario,
    chosen: Mapping[str, int],
    varied: Mapping[str, Sequence[int]],
    *,
    blocks: int,
    seeds: Sequence[int],
    done: Done,
) -> list[Cell]:
    """Runs every combination with every seed. Raises ``Invalid`` for too many runs or unknown parameters."""
    cells = list(combinations(varied))
    total = len(cells) * len(seeds)
    if not 1 <= total <= RUNS_MAX:
        raise Invalid(f"a sweep has 1 to {RUNS_MAX} runs, not {total}", runs=total)
    settled = [scenario.settled(Parameters(), {**chosen, **cell}) for cell in cells]

    def one(place: int, seed: int) -> tuple[int, dict[str, Any]]:
        return place, run(scenario, settled[place], blocks=blocks, seed=seed).figures

    found: list[list[dict[str, Any]]] = [[] for _ in cells]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        waiting = [pool.submit(one, place, seed) for place in range(len(cells)) for seed in seeds]
        for count, future in enumerate(as_completed(waiting), 1):
            place, figures = future.result()
            found[place].append(figures)
            done(count, total)
    return [Cell(cell, _medians(runs)) for cell, runs in zip(cells, found, strict=True)]


def _medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    deviations = [figures["pools"][figures["watched"]]["deviation"] for figures in runs]
    recovered = [figures["pools"][figures["watched"]].get("blocks_to_recover") for figures in runs]
    times = [time for time in recovered if time is not None]
    return {
        **{
            name: statistics.median(deviation[name] for deviation in deviations)
            for name in ("p95_bp", "p99_bp", "max_bp", "rms_bp", "share_within")
        },
        "blocks_to_recover": statistics.median(times) if len(times) == len(runs) else None,
        "stabilised": statistics.median(figures["stabilised_usd"] for figures in runs),
        "targets_met": statistics.median(sum(t["met"] for t in figures["targets"]) for figures in runs),
        "invariants_held": all(_sound(figures["invariants"]) for figures in runs),
    }


def _sound(invariants: dict[str, Any]) -> bool:
    return bool(
        invariants["conserved"] and invariants["I10_caps_kept"] and not invariants["I9_round_trips_that_gained"]
    )


def smallest_breaking(
    scenario: Scenario, parameters: Parameters, *, blocks: int, seed: int, done: Done
) -> dict[str, int | None]:
    """For each target of the scenario the smallest strength [per mille] that breaks it; ``None``: none tried does.

    The strengths above are run in turn; between the last that holds and the first that breaks, the bracket is halved to
    one per cent. A target that a stronger shock meets again is reported where it first breaks.

    Raises:
        Invalid: the scenario has no event to make stronger.
    """
    if not scenario.has_event:
        raise Invalid(f"{scenario.name} has no shock to make stronger", scenario=scenario.name)
    known: dict[int, dict[str, bool]] = {}
    total = len(STRENGTHS)

    def met(strength: int) -> dict[str, bool]:
        if strength not in known:
            figures = run(scenario, parameters, blocks=blocks, seed=seed, strength=strength).figures
            known[strength] = {target["name"]: target["met"] for target in figures["targets"]}
            done(len(known), max(total, len(known)))
        return known[strength]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(met, STRENGTHS))
    return {name: _first_breaking(name, met) for name in met(STRENGTHS[0])}


def _first_breaking(name: str, met: Callable[[int], dict[str, bool]]) -> int | None:
    first = next((strength for strength in STRENGTHS if not met(strength)[name]), None)
    if first is None or first == STRENGTHS[0]:
        return first
    low, high = STRENGTHS[STRENGTHS.index(first) - 1], first
    while high - low > max(high // 100, 1):
        middle = (low + high) // 2
        low, high = (middle, high) if met(middle)[name] else (low, middle)
    return high
