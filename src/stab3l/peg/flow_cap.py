"""A cap on flow that decays by block, so that splitting a volume over trades or blocks cannot evade it.

The twin of contracts/src/libraries/FlowCap.sol; tests/differential holds them equal.

flow' = flow x memory^blocks + amount <= cap (Gyroscope's flow safety). Rounded so that more is remembered than flowed.
"""

from __future__ import annotations

from typing import Final

from stab3l.units import WAD, mul_div_up

BLOCKS_MAX: Final = (1 << 16) - 1
"""Longer pauses count as this long."""


def power_up(memory: int, blocks: int) -> int:
    """memory^blocks [wad] by squaring, each product rounded up."""
    result, base, left = WAD, memory, min(blocks, BLOCKS_MAX)
    while left:
        if left & 1:
            result = mul_div_up(result, base, WAD)
        left >>= 1
        if left:
            base = mul_div_up(base, base, WAD)
    return result


def decayed_up(flow: int, memory: int, blocks: int) -> int:
    """What is left of a flow after so many blocks; ``memory`` [wad per block] is at most one."""
    return flow if blocks == 0 else mul_div_up(flow, power_up(memory, blocks), WAD)


def room(flow: int, memory: int, blocks: int, cap: int) -> int:
    """What may still flow now."""
    return max(cap - decayed_up(flow, memory, blocks), 0)
