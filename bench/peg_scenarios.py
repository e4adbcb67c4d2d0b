"""Every scenario over several seeds, and what breaks it, kept as ``bench/results/peg_scenarios.json``."""

from __future__ import annotations

import statistics
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench.report import Result, keep
from stab3l.sim.peg.economy import POOL_NAMES, P, Parameters
from stab3l.sim.peg.run import run
from stab3l.sim.peg.scenarios import SCENARIOS, Scenario
from stab3l.sim.peg.sweep import STRENGTHS, smallest_breaking

BLOCKS = 10_000
SEEDS = (0, 1, 2)
REVERSED_BLOCKS = 4_000
POOLS = {"cusdt": P.CUSDT_CUSDC, "sstb": P.SSTB_CUSDC, "gold": P.CUSDC_GOLD}
METHOD = (
    "simulated: 10,000 two-second blocks in the default economy, the median of three seeds; recovery only where "
    "every seed recovered; met: 1 if every seed met the target; a reversed figure of 0: nothing tried breaks it"
)


def scenario_results(found: Scenario) -> list[Result]:
    """The figures of one scenario."""
    runs = [run(found, found.settled(Parameters(), {}), blocks=BLOCKS, seed=seed).figures for seed in SEEDS]
    name = f"peg.scenario.{found.name}"
    results = []
    for short, place in POOLS.items():
        pools = [figures["pools"][POOL_NAMES[place]] for figures in runs]
        for figure in ("p50_bp", "p95_bp", "p99_bp", "max_bp", "rms_bp", "share_within"):
            value = statistics.median(pool["deviation"][figure] for pool in pools)
            results.append(Result(f"{name}.{short}.{figure}", value, "share" if figure == "share_within" else "bp"))
    results += _targets(name, runs)
    attackers = ("Sandwicher", "Manipulator", "Griefer")
    gains = [sum(run["profit_usd"].get(who, 0) for who in attackers) for run in runs]
    results.append(Result(f"{name}.attackers_profit_usd", statistics.median(gains), "dollars"))
    for figure in ("fees_usd", "stabilised_usd", "reserve_used_ppm", "swaps"):
        results.append(
            Result(f"{name}.{figure}", statistics.median(run[figure] for run in runs), figure.split("_")[-1])
        )
    broken = sum(not _sound(run["invariants"]) for run in runs)
    results.append(Result(f"{name}.invariants_broken", broken, "runs", f"of {len(SEEDS)}"))
    return results


def _targets(name: str, runs: list[dict[str, Any]]) -> list[Result]:
    results = []
    for number, target in enumerate(runs[0]["targets"]):
        found = [run["targets"][number]["found"] for run in runs]
        if None not in found:
            value = statistics.median(found)
            results.append(Result(f"{name}.{target['name']}.found", value, "", target["wanted"]))
        met = int(all(run["targets"][number]["met"] for run in runs))
        results.append(Result(f"{name}.{target['name']}.met", met, "", target["wanted"]))
    return results


def _sound(invariants: dict[str, Any]) -> bool:
    kept = invariants["conserved"] and invariants["I10_caps_kept"]
    return bool(kept and not invariants["I9_round_trips_that_gained"])


def reversed_results(found: Scenario) -> list[Result]:
    """The smallest breaking shock of each target."""
    broken = smallest_breaking(
        found, found.settled(Parameters(), {}), blocks=REVERSED_BLOCKS, seed=0, done=lambda done, total: None
    )
    conditions = f"of the scenario's shock, up to {STRENGTHS[-1]}; seed 0, {REVERSED_BLOCKS} blocks"
    return [
        Result(f"peg.reverse.{found.name}.{name}", strength or 0, "per mille", conditions)
        for name, strength in broken.items()
    ]


def main() -> None:
    """Measures and keeps."""
    with ThreadPoolExecutor(2) as pool:
        results = [result for part in pool.map(scenario_results, SCENARIOS) for result in part]
    for found in SCENARIOS:
        if found.has_event:
            results += reversed_results(found)
    sys.stdout.write(keep("peg_scenarios", METHOD, results))


if __name__ == "__main__":
    main()
