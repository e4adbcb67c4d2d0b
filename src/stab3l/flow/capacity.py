"""How a sink measures what it can still do: from what it really completed, and from what already waits.

Nothing here is a promise of a benchmark: until a job was completed, the capacity is what the last benchmark proved or
nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from stab3l.units import OPERATIONS_PER_CU, PAR_PRICE, mul_div_down

COMPLETIONS_KEPT: Final = 32
MILLISECONDS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Completion:
    """One finished job."""

    operations: int
    milliseconds: int


@dataclass(slots=True)
class Meter:
    """The rate of the last completed jobs. ``proven``: operations a second to begin with."""

    proven: int = 0
    _last: deque[Completion] = field(default_factory=lambda: deque(maxlen=COMPLETIONS_KEPT))

    def add(self, operations: int, milliseconds: int) -> None:
        """Counts a completed job."""
        self._last.append(Completion(operations, max(1, milliseconds)))

    def rate_down(self) -> int:
        """Operations a second, over the jobs that are kept."""
        if not self._last:
            return self.proven
        operations = sum(done.operations for done in self._last)
        return operations * MILLISECONDS // sum(done.milliseconds for done in self._last)


def spare_rate_down(rate: int, waiting: Iterable[int], horizon_s: int) -> int:
    """Operations a second that are free over ``horizon_s`` seconds beside the ``waiting`` jobs [operations each]."""
    free = rate * horizon_s - sum(waiting)
    return max(0, free) // horizon_s


def value_of_rate_down(operations_per_second: int, price: int = PAR_PRICE) -> int:
    """Wei of an 18-decimal dollar per second that work of this rate is worth at ``price`` [wad dollars per CU]."""
    return mul_div_down(operations_per_second, price, OPERATIONS_PER_CU)
