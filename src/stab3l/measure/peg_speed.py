"""The speed part of ``stab3l bench peg``: pool swaps a second of the simulator, beside other simulators.

Each figure is swaps over processor seconds of one core, the median of interleaved rounds. The peers are given the
same curve in floats (curvesim its own integers) and as little else as they allow; they live in virtual environments
of their own, made on demand in the user's cache.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from stab3l import _engine
from stab3l.errors import Unavailable
from stab3l.measure.peers import python_of
from stab3l.measure.report import Result
from stab3l.peg.pool import State, Terms, sell_base, sell_quote
from stab3l.sim.peg.economy import P, Parameters, economy
from stab3l.sim.peg.world import NoiseTraders, World
from stab3l.units import PARTS_PER_MILLION, WAD

Say = Callable[[str], None]

PEERS: Final = {
    "cadcad": ("cadCAD==0.5.3",),
    "radcad": ("radcad==0.14.0", "typing_extensions"),
    "curvesim": ("curvesim==0.5.0",),
    "python": (),
}
PROGRAMS: Final = Path(__file__).parents[3] / "bench" / "peers" / "simulators"
CONDITIONS: Final = {
    "cadcad": "0.5.3, one policy and one update a step, no deep copies, float curve",
    "radcad": "0.14.0, one policy and one update a step, no deep copies, float curve",
    "curvesim": "0.5.0, raw exchanges on its own stableswap pool",
    "python": "plain loop over the float curve",
}
TIMEOUT_S: Final = 600


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured."""

    swaps: int = 2_000_000
    peer_swaps: int = 50_000
    rounds: int = 3


QUICK: Final = Scale(swaps=200_000, peer_swaps=5_000, rounds=1)


def measure(scale: Scale, say: Say) -> list[Result]:
    """All figures. Raises ``Unavailable`` when a peer cannot be installed or fails."""
    pythons = {name: python_of(name, requirements, say) for name, requirements in PEERS.items()}
    found: dict[str, list[int]] = defaultdict(list)
    for number in range(1, scale.rounds + 1):
        say(f"round {number}/{scale.rounds}: simulator")
        found["peg.simulator.swaps_per_s"].append(_native(_noise(), scale.swaps // 20))
        found["peg.simulator.economy.swaps_per_s"].append(_native(_economy(), scale.swaps // 40))
        found["peg.rules.python.swaps_per_s"].append(_rules(scale.peer_swaps))
        for name, python in pythons.items():
            say(f"round {number}/{scale.rounds}: {name}")
            found[f"peer.{name}.swaps_per_s"].append(_peer(name, python, scale.peer_swaps))
    return [Result(name, int(statistics.median(rates)), "swaps/s", _conditions(name)) for name, rates in found.items()]


def _conditions(name: str) -> str:
    own = {
        "peg.simulator.swaps_per_s": "one core; one stable pool, 20 noise trades a block, record and invariants on",
        "peg.simulator.economy.swaps_per_s": "one core; the whole economy with all agents, 20 trades a block and pair",
        "peg.rules.python.swaps_per_s": "one core; the reference rules in Python, same integers",
    }
    return own.get(name) or f"one core; {CONDITIONS[name.split('.')[1]]}"


def _noise() -> World:
    """One stable pool with twenty noise trades a block."""
    world = economy(Parameters(), 1)
    pool = world.pools[P.CUSDT_CUSDC]
    trader = NoiseTraders(0, 20 * PARTS_PER_MILLION, 30 * 10**6)
    return replace(world, pools=(pool,), stabilisers=(), bridges=(), agents=(trader,))


def _economy() -> World:
    """Everyone, with more trades than the scenarios have."""
    return economy(replace(Parameters(), flow_usd_per_hour=3_500_000), 1)


def _native(world: World, blocks: int) -> int:
    made = _engine.PegWorld(world)
    begun = time.process_time()
    made.run(blocks)
    return _rate(sum(row[2] for row in made.pools()), time.process_time() - begun)


def _rules(swaps: int) -> int:
    terms = Terms(WAD, WAD // 50, WAD // 10_000, 6, 6)
    state = State.balanced(10**12, 10**12)
    begun = time.process_time()
    for number in range(swaps):
        rule = sell_base if number * 7 % 13 < 6 else sell_quote
        state = rule(terms, state, 10**6 * (1 + number % 997)).after
    return _rate(swaps, time.process_time() - begun)


def _peer(name: str, python: Path, swaps: int) -> int:
    command = [str(python), str(PROGRAMS / f"{name}.py"), str(swaps)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT_S)
        told = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        detail = getattr(error, "stderr", "") or str(error)
        raise Unavailable(f"the peer {name} failed: {detail.strip()[-300:]}", peer=name) from error
    return _rate(told["swaps"], told["seconds"])


def _rate(swaps: int, seconds: float) -> int:
    return int(swaps / max(seconds, 1e-9))
