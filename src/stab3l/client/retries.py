"""When to try again: a pure decision, taken after each failure."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from stab3l.client.problems import ApiUnavailable
from stab3l.errors import Unavailable

WAIT_FIRST_S = 0.1
WAIT_MAX_S = 2.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """``budget_s``: for how long a call is tried again; 0: never."""

    budget_s: float = 15.0
    first_s: float = WAIT_FIRST_S
    max_s: float = WAIT_MAX_S


@dataclass(slots=True)
class Attempts:
    """The attempts of one call. ``started_s`` and ``now_s`` are of one clock that never steps back."""

    policy: RetryPolicy
    started_s: float
    dice: random.Random = field(default_factory=random.Random)
    failures: int = 0

    def wait_s(self, error: Unavailable, now_s: float, *, repeatable: bool = True) -> float | None:
        """Seconds until the next attempt; None: give up.

        The wait doubles each time, a little apart for each client; what the API itself asked for (Retry-After) is
        never cut short.
        """
        if not repeatable:
            return None
        self.failures += 1
        wait = min(self.policy.first_s * 2 ** min(self.failures - 1, 16), self.policy.max_s)
        wait += wait * self.dice.random() / 10
        if isinstance(error, ApiUnavailable) and error.told:
            wait = max(wait, error.retry_after_s)
        return wait if now_s - self.started_s + wait <= self.policy.budget_s else None
