"""How a bottleneck reaches the stages before it. Twin: ``Pipeline.effectiveCapacities``."""

from __future__ import annotations

from collections.abc import Sequence


def effective_capacities(capacities: Sequence[int]) -> list[int]:
    """C_eff(i) = min(C(i), C_eff(i + 1)), first stage first (DESIGN section 9)."""
    effective: list[int] = []
    behind: int | None = None
    for capacity in reversed(capacities):
        behind = capacity if behind is None else min(capacity, behind)
        effective.append(behind)
    return effective[::-1]


def forwarded(effective: Sequence[int], income: Sequence[int]) -> list[int]:
    """Wei per second that go into each stage after the first: no more than came in, nor than the rest can do."""
    count = len(effective)
    return [min(income[stage - 1], (count - stage) * effective[stage]) for stage in range(1, count)]
