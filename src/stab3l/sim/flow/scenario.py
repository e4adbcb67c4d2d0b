"""What is simulated: who can do how much, who says how much, and what is asked for."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from stab3l.errors import NotFound
from stab3l.flow.constants import CAPACITY_UNIT, STAKE_UNIT
from stab3l.units import BASIS_POINTS

CAPACITY = 10**15
"""Mean capacity of a sink [wei per second]."""

STAKE = 400 * STAKE_UNIT
"""Admits twenty times CAPACITY_UNIT."""

assert CAPACITY_UNIT == CAPACITY


@dataclass(frozen=True, slots=True)
class Scenario:
    """One world. A step is an epoch; parts are in basis points."""

    name: str
    about: str
    sinks: int = 20
    steps: int = 600
    load_bps: int = 8_000
    """Mean demand over mean total capacity."""
    wander_bps: int = 500
    """How far a capacity moves in one step, of its mean."""
    surge_every: int = 0
    """Steps between two surges of demand; 0: none. A surge lasts a tenth of that and doubles the demand."""
    outage_step: int = 0
    """From here on, for a tenth of the run, every third sink can do nothing and says so; 0: never."""
    liars: int = 0
    lie_times: int = 1
    """What a liar says, in times of what it can do."""
    sybil_parts: int = 1
    """Addresses over which the last sink splits its stake."""
    sybil_provider: bool = False
    """Whether those addresses share one provider's cap."""
    arbiter: bool = True
    """Whether somebody judges what became of the work and slashes who fails most of it."""


SCENARIOS: Mapping[str, Scenario] = {
    found.name: found
    for found in (
        Scenario("steady", "capacities wander, demand is 80 % of them"),
        Scenario("tight", "demand is 95 % of capacity", load_bps=9_500),
        Scenario("surge", "demand doubles for a while, again and again", surge_every=100, load_bps=6_500),
        Scenario("outage", "a third of the sinks go dark for a tenth of the run", outage_step=200, load_bps=6_500),
        Scenario("liars", "a fifth of the sinks say ten times what they can do", liars=4, lie_times=10, load_bps=6_000),
        Scenario("liars-unjudged", "the same, and nobody judges", liars=4, lie_times=10, load_bps=6_000, arbiter=False),
        Scenario(
            "sybils",
            "one stake is split over sixteen addresses that lie, and nobody judges",
            liars=1,
            lie_times=1_000,
            sybil_parts=16,
            arbiter=False,
        ),
        Scenario(
            "sybils-known",
            "the same, but they share their provider's cap",
            liars=1,
            lie_times=1_000,
            sybil_parts=16,
            sybil_provider=True,
            arbiter=False,
        ),
    )
}


def scenario(name: str) -> Scenario:
    """The scenario of this name. Raises ``NotFound``."""
    if name not in SCENARIOS:
        raise NotFound(f"there is no scenario {name}: {', '.join(SCENARIOS)}", scenario=name)
    return SCENARIOS[name]


@dataclass(slots=True)
class SimulatedSink:
    """One address. Rates: wei per second."""

    name: str
    mean: int
    stake: int
    says_times: int = 1
    provider_stake: int | None = None
    can: int = 0

    def __post_init__(self) -> None:
        self.can = self.mean


def people_of(found: Scenario) -> list[SimulatedSink]:
    """The sinks at the beginning: the first ones are the liars, the last is the one that splits."""
    sinks = [
        SimulatedSink(f"sink-{i}", CAPACITY, STAKE, found.lie_times if i < found.liars else 1)
        for i in range(found.sinks)
    ]
    if found.sybil_parts > 1:
        whole, parts = sinks.pop(0), found.sybil_parts
        # Each part has the least stake; the whole had as much as all of them.
        stake = 100 * STAKE_UNIT
        shared = parts * stake if found.sybil_provider else None
        sinks += [
            SimulatedSink(f"sybil-{i}", whole.mean // parts, stake, whole.says_times, shared) for i in range(parts)
        ]
    return sinks


@dataclass(slots=True)
class World:
    """Capacities and demand, step by step, the same for every way to share the work."""

    scenario: Scenario
    sinks: list[SimulatedSink]
    chance: random.Random
    step: int = 0

    def advance(self) -> int:
        """Moves to the next step; demand in it [wei per second]."""
        self.step += 1
        found = self.scenario
        dark = found.outage_step and found.outage_step <= self.step < found.outage_step + found.steps // 10
        for place, sink in enumerate(self.sinks):
            move = sink.mean * found.wander_bps // BASIS_POINTS
            towards = sink.can + (sink.mean - sink.can) // 10 + self.chance.randint(-move, move)
            sink.can = 0 if dark and place % 3 == 0 else max(sink.mean // 10, towards)
        total = sum(sink.mean for sink in self.sinks)
        demand = total * found.load_bps // BASIS_POINTS * self.chance.randint(80, 120) // 100
        surging = found.surge_every and self.step % found.surge_every < found.surge_every // 10
        return 2 * demand if surging else demand
