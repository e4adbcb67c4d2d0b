"""The peg equation of source 1, read so that it stabilises (DESIGN section 8).

The twin of contracts/src/libraries/PegEquation.sol; tests/differential holds them equal.

P_sSTB = P_CU + k (P_target - P_CU) + m (P_futures - P_spot) + g (R_actual - R_target). As source 1 prints it, with
P_sSTB on both sides, the first term amplifies a deviation: with the others zero and P_CU at par it gives par / (1 - k).
Here P_target is par, fixed, so the result lies between P_CU and par. It is the stabiliser's target, not a trade.
"""

from __future__ import annotations

from dataclasses import dataclass

from stab3l.units import WAD


@dataclass(frozen=True, slots=True)
class Weights:
    """k, m, g [wad], the target of the reserve ratio [wad], and how far from par the result may be [wad, a ratio]."""

    arbitrage: int
    derivatives: int
    governance: int
    reserve_target: int
    band: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """Prices [wad dollars] and the reserve ratio [wad]."""

    compute: int
    futures: int
    spot: int
    reserve_ratio: int


def unbounded_target(par: int, inputs: Inputs, weights: Weights) -> int:
    """The equation as it stands [wad dollars, signed]: one division, rounded towards zero."""
    pull = (
        weights.arbitrage * (par - inputs.compute)
        + weights.derivatives * (inputs.futures - inputs.spot)
        + weights.governance * (inputs.reserve_ratio - weights.reserve_target)
    )
    return inputs.compute + (pull // WAD if pull >= 0 else -(-pull // WAD))


def target(par: int, inputs: Inputs, weights: Weights) -> int:
    """What the stabiliser aims at [wad dollars]: the equation, held within the governed band around par."""
    width = par * weights.band // WAD
    return max(par - width, min(par + width, unbounded_target(par, inputs, weights)))
