"""Ways to share work over sinks. Each gets what is asked for in a step and says how much goes where.

Only backpressure pays by what sinks can show and keeps the rest back; the others hand out everything at once.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from stab3l.flow.cap import capacity_cap_down
from stab3l.flow.constants import EPOCH_SECONDS, QUANTUM, RATE_MAX, UNIT_SCALE
from stab3l.flow.distribution import Distribution
from stab3l.flow.fifo import Fifo
from stab3l.flow.signal import Signal
from stab3l.flow.units import escrow_units_up, must_write, units_down
from stab3l.sim.flow.scenario import SimulatedSink
from stab3l.units import BASIS_POINTS

BACKPRESSURE: Final = "backpressure"

JOBS = 200
"""Pieces into which the rivals cut a step's work."""

JUDGED_EPOCHS = 12
"""Epochs that the arbiter looks at together."""

COMPLETION_BPS_MIN = 6_000
"""Who completes less of what it was offered is slashed, which ends its registration."""


class Sharing(Protocol):
    """One way."""

    name: str
    backlog: int
    """Work that is held back [wei]."""

    def share(self, work: int, sinks: Sequence[SimulatedSink], queues: Sequence[int]) -> list[int]:
        """Work [wei] for each sink in this step."""

    def judge(self, offered: Sequence[int], completed: Sequence[int]) -> None:
        """Hears what became of the work."""


@dataclass(slots=True)
class RoundRobin:
    """One job after the other."""

    name: str = "round robin"
    backlog: int = 0
    _next: int = 0

    def share(self, work: int, sinks: Sequence[SimulatedSink], queues: Sequence[int]) -> list[int]:
        """Equal parts."""
        given = [0] * len(sinks)
        for job in range(JOBS):
            given[(self._next + job) % len(sinks)] += work // JOBS
        self._next = (self._next + JOBS) % len(sinks)
        return given

    def judge(self, offered: Sequence[int], completed: Sequence[int]) -> None:
        """Does not listen."""


@dataclass(slots=True)
class Randomly:
    """Whoever comes up."""

    chance: random.Random
    name: str = "random"
    backlog: int = 0

    def share(self, work: int, sinks: Sequence[SimulatedSink], queues: Sequence[int]) -> list[int]:
        """Each job to a random sink."""
        given = [0] * len(sinks)
        for _ in range(JOBS):
            given[self.chance.randrange(len(sinks))] += work // JOBS
        return given

    def judge(self, offered: Sequence[int], completed: Sequence[int]) -> None:
        """Does not listen."""


@dataclass(slots=True)
class MaxWeight:
    """Each job to where it waits least, by true queues and by what sinks say (Tassiulas and Ephremides 1992)."""

    name: str = "max-weight"
    backlog: int = 0

    def share(self, work: int, sinks: Sequence[SimulatedSink], queues: Sequence[int]) -> list[int]:
        """The sink of the shortest wait, job by job."""
        given, job = [0] * len(sinks), work // JOBS
        said = [max(1, sink.can * sink.says_times) for sink in sinks]
        waits = [queue * UNIT_SCALE // rate for queue, rate in zip(queues, said, strict=True)]
        each = [job * UNIT_SCALE // rate for rate in said]
        for _ in range(JOBS):
            best = min(range(len(sinks)), key=lambda place: waits[place] + each[place])
            given[best] += job
            waits[best] += each[best]
        return given

    def judge(self, offered: Sequence[int], completed: Sequence[int]) -> None:
        """Does not listen."""


@dataclass(slots=True)
class Backpressure:
    """The contracts' rules: signals, caps, units, escrow, drain, and the arbiter's judgement.

    The reference of engine/src/flow/simulation.rs, which runs whole worlds; tests/unit/sim holds both equal.
    """

    arbiter: bool = True
    name: str = BACKPRESSURE
    pool: Distribution = field(default_factory=Distribution)
    escrow: Fifo = field(default_factory=lambda: Fifo(RATE_MAX))
    overpaid: int = 0
    """Wei that any sink was ever paid above its smoothed capacity: I11 wants zero."""
    _signals: list[Signal] = field(default_factory=list)
    _epoch: int = 1
    _taken: int = 0
    _said: list[int] = field(default_factory=list)
    _asked: list[int] = field(default_factory=list)
    _done: list[int] = field(default_factory=list)
    slashed: set[int] = field(default_factory=set)
    """Places of sinks that the arbiter has put out."""

    @property
    def backlog(self) -> int:
        """What the escrow holds [wei]."""
        return self.escrow.level

    @backlog.setter
    def backlog(self, value: int) -> None:
        raise AttributeError("the escrow's level is its own")

    def share(self, work: int, sinks: Sequence[SimulatedSink], queues: Sequence[int]) -> list[int]:
        """An epoch: reveal, write units, stream, take in the overflow, drain what there is room for."""
        self._reveal(sinks, queues)
        self._stream(work // EPOCH_SECONDS)
        before = [self.pool.received(sink.name) for sink in sinks]
        self.pool.at(self.pool.now + EPOCH_SECONDS)
        self._take_in()
        self._drain(sinks, before)
        given = [self.pool.received(sink.name) - was for sink, was in zip(sinks, before, strict=True)]
        for amount, signal in zip(given, self._signals, strict=True):
            self.overpaid += max(0, amount - signal.capacity(self._epoch) * EPOCH_SECONDS)
        return given

    def judge(self, offered: Sequence[int], completed: Sequence[int]) -> None:
        """The arbiter looks at some epochs together: a fault weighs on the next signals, a grave one ends the sink.

        Who was offered less than an epoch's work, or says that it can do nothing, is not judged.
        """
        if not self.arbiter:
            return
        self._asked = [a + b for a, b in zip(self._asked or [0] * len(offered), offered, strict=True)]
        self._done = [a + b for a, b in zip(self._done or [0] * len(offered), completed, strict=True)]
        if self._epoch % JUDGED_EPOCHS:
            return
        for place, (asked, done) in enumerate(zip(self._asked, self._done, strict=True)):
            if asked < self._said[place] * EPOCH_SECONDS or not self._said[place]:
                continue
            self._signals[place] = self._signals[place].judged(asked, min(asked, done))
            if done * BASIS_POINTS < asked * COMPLETION_BPS_MIN:
                self.slashed.add(place)
        self._asked, self._done = [], []

    def _reveal(self, sinks: Sequence[SimulatedSink], queues: Sequence[int]) -> None:
        self._epoch += 1
        self._signals = self._signals or [Signal()] * len(sinks)
        self._said = self._said or [0] * len(sinks)
        for place, sink in enumerate(sinks):
            cap = capacity_cap_down(sink.stake, sink.provider_stake) * UNIT_SCALE if place not in self.slashed else 0
            said = self._said[place] = self._says(sink, queues[place])
            self._signals[place] = self._signals[place].revealed(said, self._epoch, cap)
            units = units_down(self._signals[place].capacity(self._epoch), QUANTUM)
            if must_write(self.pool.units_of(sink.name), units):
                self.pool.set_units(sink.name, units)

    @staticmethod
    def _says(sink: SimulatedSink, queue: int) -> int:
        """An honest sink takes off what it has yet to do; a liar takes nothing off."""
        said = sink.can * sink.says_times
        return min(RATE_MAX, said if sink.says_times > 1 else max(0, said - queue // EPOCH_SECONDS))

    def _stream(self, rate: int) -> None:
        sinks = self.pool.total_units - self.pool.units_of("escrow")
        self.pool.set_units("escrow", escrow_units_up(rate, QUANTUM, sinks))
        self.pool.set_rate("source", rate)
        self.pool.set_units("escrow", escrow_units_up(self.pool.rate + self.pool.adjustment, QUANTUM, sinks))

    def _take_in(self) -> None:
        received = self.pool.received("escrow")
        self.escrow.absorb("pool", received - self._taken)
        self._taken = received

    def _drain(self, sinks: Sequence[SimulatedSink], before: Sequence[int]) -> None:
        units = self.pool.total_units - self.pool.units_of("escrow")
        used = sum(self.pool.received(sink.name) for sink in sinks) - sum(before)
        spare = units * QUANTUM * EPOCH_SECONDS - used
        self.escrow.drain(self.pool.give("escrow-out", max(0, min(spare, self.escrow.reachable()))))
        self._take_in()


def rivals(chance: random.Random) -> list[Sharing]:
    """Those beside backpressure."""
    return [RoundRobin(), Randomly(chance), MaxWeight()]
