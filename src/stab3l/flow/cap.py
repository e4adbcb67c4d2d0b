"""The capacity that a stake admits. Twin: ``StakeManager.getCapacityCap``."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Final

from stab3l.flow.constants import CAPACITY_UNIT, MIN_SINK_STAKE, STAKE_UNIT, UNIT_SCALE
from stab3l.units import mul_div_down

ROOT_SCALE: Final = 10**9
"""sqrt of UNIT_SCALE."""


@dataclass(frozen=True, slots=True)
class CapRules:
    """What governance sets."""

    min_stake: int = MIN_SINK_STAKE
    stake_unit: int = STAKE_UNIT
    capacity_unit: int = CAPACITY_UNIT
    linear: bool = False


def _cap_down(stake: int, rules: CapRules) -> int:
    if rules.linear:
        return mul_div_down(stake, rules.capacity_unit, rules.stake_unit)
    root = isqrt(mul_div_down(stake, UNIT_SCALE, rules.stake_unit))
    return root * rules.capacity_unit // ROOT_SCALE


def capacity_cap_down(stake: int, together: int | None = None, rules: CapRules | None = None) -> int:
    """Wei per second that ``stake`` admits; ``together``: the stake of all sinks of its provider, if it has one.

    The root rewards splitting a stake over many addresses; sinks of one provider share one cap in proportion to their
    stakes, and the linear rule knows no gain from splitting (DESIGN section 9).
    """
    rules = rules or CapRules()
    if stake < rules.min_stake:
        return 0
    if together is None:
        return _cap_down(stake, rules)
    return mul_div_down(_cap_down(together, rules), stake, together)
