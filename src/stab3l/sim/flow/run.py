"""Runs a scenario under each way to share the work, and what came of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from stab3l import _engine
from stab3l.flow.cap import capacity_cap_down
from stab3l.flow.constants import EPOCH_SECONDS
from stab3l.sim.flow.scenario import Scenario, World, people_of
from stab3l.sim.flow.sharing import BACKPRESSURE, Backpressure, Sharing, rivals
from stab3l.units import BASIS_POINTS

PATIENCE_EPOCHS = 4
"""Work that waits longer at a sink is given up."""

STEPS_AT_ONCE = 50


@dataclass(slots=True)
class Track:
    """One way's run. Work is in wei, per step."""

    name: str
    demanded: int = 0
    completed: int = 0
    failed: int = 0
    backlogs: list[int] = field(default_factory=list)
    """Held back and queued, after each step."""
    completed_by_step: list[int] = field(default_factory=list)
    paid_to_liars: int = 0
    overpaid: int = 0

    @property
    def completion_bps(self) -> int:
        """Completed over demanded."""
        return self.completed * BASIS_POINTS // max(1, self.demanded)

    @property
    def liar_bps(self) -> int:
        """Work given to liars, over all that was demanded."""
        return self.paid_to_liars * BASIS_POINTS // max(1, self.demanded)


Progress = Callable[[str, int], None]


def simulate(found: Scenario, seed: int = 0, progress: Progress = lambda *_: None) -> list[Track]:
    """Every way in the same world: the same capacities and the same demand at each step."""
    others = rivals(random.Random(seed + 1))
    return [backpressure(found, seed, progress), *(_run(found, way, seed, progress) for way in others)]


def backpressure(found: Scenario, seed: int = 0, progress: Progress = lambda *_: None) -> Track:
    """The run of `Backpressure`, by its native twin (`engine/src/flow`): the same integers, some ten times as fast."""
    world = World(found, people_of(found), random.Random(seed))
    native = native_world(world)
    for begin in range(0, found.steps, STEPS_AT_ONCE):
        demands, capacities = [], []
        for _ in range(min(STEPS_AT_ONCE, found.steps - begin)):
            demands.append(world.advance())
            capacities.append([sink.can for sink in world.sinks])
        native.run(capacities, demands)
        progress(BACKPRESSURE, begin)
    demanded, failed, to_liars, overpaid, completed, backlogs = native.track()
    return Track(BACKPRESSURE, demanded, sum(completed), failed, backlogs, completed, to_liars, overpaid)


def native_world(world: World) -> _engine.FlowWorld:
    """The native twin of `Backpressure` among the sinks of a world."""
    sinks = [(sink.says_times, capacity_cap_down(sink.stake, sink.provider_stake)) for sink in world.sinks]
    return _engine.FlowWorld(sinks, world.scenario.arbiter)


def simulate_one(found: Scenario, way: Sharing, seed: int = 0) -> Track:
    """One way alone."""
    return _run(found, way, seed, lambda *_: None)


def _run(found: Scenario, way: Sharing, seed: int, progress: Progress) -> Track:
    world = World(found, people_of(found), random.Random(seed))
    queues: list[list[int]] = [[] for _ in world.sinks]
    track = Track(way.name)
    for step in range(found.steps):
        work = world.advance() * EPOCH_SECONDS
        given = way.share(work, world.sinks, [sum(queue) for queue in queues])
        done, failed = _serve(world, queues, given)
        way.judge(given, done)
        track.demanded += work
        track.completed += sum(done)
        track.failed += failed
        track.completed_by_step.append(sum(done))
        track.backlogs.append(way.backlog + sum(map(sum, queues)))
        track.paid_to_liars += sum(g for g, sink in zip(given, world.sinks, strict=True) if sink.says_times > 1)
        if step % STEPS_AT_ONCE == 0:
            progress(way.name, step)
    if isinstance(way, Backpressure):
        track.overpaid = way.overpaid
    return track


def _serve(world: World, queues: list[list[int]], given: list[int]) -> tuple[list[int], int]:
    """Each sink works off the oldest first; what has waited too long is given up."""
    done, failed = [], 0
    for sink, queue, new in zip(world.sinks, queues, given, strict=True):
        queue.append(new)
        left = can = sink.can * EPOCH_SECONDS
        while queue and left:
            taken = min(queue[0], left)
            queue[0] -= taken
            left -= taken
            if queue[0] == 0:
                queue.pop(0)
        while len(queue) > PATIENCE_EPOCHS:
            failed += queue.pop(0)
        done.append(can - left)
    return done, failed


@dataclass(frozen=True, slots=True)
class Drift:
    """How the Lyapunov function, the square of the backlog, moves where it is large (Foster's criterion)."""

    threshold: int
    steps_above: int
    mean_change: int
    """Of the backlog in a step that began above the threshold [wei]; negative: it comes back."""
    largest: int

    @property
    def stable(self) -> bool:
        """Whether the backlog comes back from wherever it was."""
        return self.steps_above == 0 or self.mean_change < 0


def drift(backlogs: list[int], threshold: int) -> Drift:
    """Drift of a run's backlog above a threshold [wei]."""
    changes = [after - before for before, after in pairwise(backlogs) if before > threshold]
    mean = sum(changes) // len(changes) if changes else 0
    return Drift(threshold, len(changes), mean, max(backlogs, default=0))
