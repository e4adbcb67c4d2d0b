"""How large reserves must be (source 2: P x T with a safety of 3 to 5; BridgeReserve >= PeakBridgeOutflow x Latency).

`reserve_required_up`, `bridge_required_up` and `PeakOutflow` are twins of contracts/src/libraries/ReserveRules.sol;
tests/differential holds them equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from stab3l.peg.flow_cap import decayed_up
from stab3l.units import BASIS_POINTS, WAD, mul_div_up


class Bucket(IntEnum):
    """Capital buckets of source 2, section 13. The numbers are the contract's."""

    PUBLIC = 0
    """A: liquidity of the public pools."""
    STABILISATION = 1
    """B: the stabiliser's inventory and the private mesh."""
    FLASH = 2
    """C: flash loans."""
    BRIDGE = 3
    """D: cross-chain buffer."""
    RESERVE = 4
    """E: long-term reserves."""


def outflow_max(net_outflows: Sequence[int], window: int) -> int:
    """The largest net outflow over any window of up to ``window`` consecutive periods; at least 0."""
    sums = [0]
    for outflow in net_outflows:
        sums.append(sums[-1] + outflow)
    worst = 0
    lowest: list[int] = []
    start = 0
    for end in range(1, len(sums)):
        while len(lowest) > start and sums[lowest[-1]] >= sums[end - 1]:
            lowest.pop()
        lowest.append(end - 1)
        if lowest[start] < end - window:
            start += 1
        worst = max(worst, sums[end] - sums[lowest[start]])
    return worst


def sized_up(net_outflows: Sequence[int], window: int, safety_bps: int) -> int:
    """Reserve for a recorded flow: safety x the largest net outflow over any window of up to ``window`` periods."""
    return mul_div_up(outflow_max(net_outflows, window), safety_bps, BASIS_POINTS)


def reserve_required_up(peak_per_block: int, blocks: int, safety_bps: int) -> int:
    """P x T x safety: reserve for ``blocks`` of the peak outflow."""
    return mul_div_up(peak_per_block * blocks, safety_bps, BASIS_POINTS)


def bridge_required_up(peak_per_block: int, latency_blocks: int, safety_bps: int) -> int:
    """BridgeReserve >= safety x peak outflow per block x latency in blocks (source 2)."""
    return reserve_required_up(peak_per_block, latency_blocks, safety_bps)


@dataclass(frozen=True, slots=True)
class PeakOutflow:
    """The largest outflow of a block, forgotten slowly; ``current`` is what left in ``block`` so far."""

    block: int = 0
    current: int = 0
    peak: int = 0

    def record(self, block: int, amount: int, memory: int) -> PeakOutflow:
        """Adds an outflow; ``memory`` [wad per block] of the peak."""
        peak = decayed_up(self.peak, memory, block - self.block)
        current = amount + (self.current if block == self.block else 0)
        return PeakOutflow(block, current, max(peak, current))


def health_down(held: int, required: int) -> int:
    """Held over required [wad], rounded down; without a requirement 10^18 wad: healthy whatever there is."""
    return WAD * WAD if required == 0 else held * WAD // required
