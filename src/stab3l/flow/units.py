"""Units of a pool. Twin: ``contracts/src/libraries/PoolUnits.sol``.

A unit stands for ``quantum`` wei per second, for every sink and for ever: one sink's change touches no other sink. The
escrow has as many units as keep every unit at or below its quantum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stab3l.flow.constants import REBALANCE_THRESHOLD_BPS
from stab3l.units import BASIS_POINTS, mul_div_up


def units_down(capacity: int, quantum: int) -> int:
    """Units of a sink that can do ``capacity`` [wei per second]."""
    return capacity // quantum


def must_write(written: int, units: int, threshold_bps: int = REBALANCE_THRESHOLD_BPS) -> bool:
    """Whether new units are worth a write: always when fewer, from the threshold on when more."""
    if units <= written:
        return units < written
    return (units - written) * BASIS_POINTS >= written * threshold_bps


def escrow_units_up(rate: int, quantum: int, sink_units: int, onward_units: int = 0, limit: int | None = None) -> int:
    """Units of the escrow, at least 1, while ``rate`` [wei per second] flows in.

    As many as keep each unit at or below ``quantum`` and the sinks together at or below ``limit``. A limit below one
    wei per second and unit is raised to it: a stream cannot be divided further.
    """
    needed = mul_div_up(rate, 1, quantum)
    if limit is not None and limit < sink_units * quantum:
        needed = max(needed, mul_div_up(rate, sink_units, max(limit, sink_units)))
    return max(1, needed - sink_units - onward_units)


@dataclass(frozen=True, slots=True)
class Split:
    """How a pool divides a rate: per member and what is left over, all wei per second."""

    rates: Mapping[str, int]
    dust: int


def split(rate: int, units: Mapping[str, int]) -> Split:
    """As Superfluid does it: each unit gets the same whole number of wei per second; the rest is the admin's."""
    total = sum(units.values())
    each = 0 if total == 0 else rate // total
    return Split({member: each * count for member, count in units.items()}, rate - each * total)
