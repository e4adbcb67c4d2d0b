"""The cantilever rule of source 2, section 6: micro trades of size s at frequency f must carry the imbalance flow.

s x f >= flow. The source's example (25 x 33 = 825 a minute against 833) fails its own rule, and a stabiliser with an
interval in blocks cannot trade 33 times a minute; these rules give the sizes that do hold. The proportional law
s = gain x deviation, which replaces a fixed frequency, is in `stabiliser.py`.
"""

from __future__ import annotations

from math import isqrt

from stab3l.units import WAD

SECONDS_PER_MINUTE = 60


def holds(size: int, per_minute: int, flow_per_minute: int) -> bool:
    """Whether trades of this size at this frequency carry the flow."""
    return size * per_minute >= flow_per_minute


def size_up(flow_per_minute: int, per_minute: int) -> int:
    """The least size that carries the flow at this frequency."""
    return -(-flow_per_minute // per_minute)


def actions_per_minute(block_seconds: int, interval_blocks: int) -> int:
    """How often a stabiliser with this interval can act."""
    return SECONDS_PER_MINUTE // (block_seconds * interval_blocks)


def drift_max_down(depth: int, threshold: int, slope: int) -> int:
    """What may leave a pool before its price has moved by ``threshold`` [wad]: B0 (1 - 1/sqrt(1 + theta/k)).

    Not the flat theta x depth of source 2, section 11. With k = 0 the price never moves and all may leave.
    """
    if slope == 0:
        return depth
    # sqrt(k / (k + theta)) with 18 digits, rounded up.
    remaining = isqrt((slope * WAD * WAD - 1) // (slope + threshold)) + 1
    return depth * (WAD - min(remaining, WAD)) // WAD
