"""The PMM curve in floats, as a modeller would write it: what the general simulators are given as one swap."""

from __future__ import annotations

from math import sqrt

SLOPE, FEE, DEPTH = 0.02, 0.0003, 1_000_000.0


def target(reserve: float, surplus: float) -> float:
    """V0 = V1 (1 + (sqrt(1 + 4kF/V1) - 1) / 2k)."""
    return reserve * (1 + (sqrt(1 + 4 * SLOPE * surplus / reserve) - 1) / (2 * SLOPE))


def shorter(v0: float, v1: float, fair: float) -> float:
    """What a trade takes out of the reserve of the token that it makes shorter."""
    u = (1 - SLOPE) * v1 - SLOPE * v0 * v0 / v1 - fair
    return v1 - (u + sqrt(u * u + 4 * (1 - SLOPE) * SLOPE * v0 * v0)) / (2 * (1 - SLOPE))


def swap(base: float, quote: float, sells_base: bool, amount: float) -> tuple[float, float]:
    """The reserves of a pool with targets DEPTH and price 1 after a sale; fees stay in the pool."""
    sold, paid = (base, quote) if sells_base else (quote, base)
    if sold >= DEPTH:
        out = shorter(target(paid, sold - DEPTH), paid, amount)
    else:
        short = target(sold, max(paid - DEPTH, 0.0))
        missing = short - sold
        if amount > missing:
            out = max(paid - DEPTH, 0.0) + shorter(DEPTH, DEPTH, amount - missing)
        else:
            out = amount * (1 - SLOPE + SLOPE * short * short / (sold * (sold + amount)))
    sold, paid = sold + amount, paid - out * (1 - FEE)
    return (sold, paid) if sells_base else (paid, sold)
