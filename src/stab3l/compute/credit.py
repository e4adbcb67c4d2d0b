"""From a committed root to compute units, in integers.

The twin of contracts/src/issuance/ComputeUnitVerifier.sol; tests/end_to_end/test_verification.py compares them.
"""

from __future__ import annotations

from stab3l.compute.shape import Shape
from stab3l.units import BASIS_POINTS, OPERATIONS_PER_CU, Wad


def rate_down(shape: Shape, seed_block: int, commit_block: int, block_seconds: int) -> int:
    """Credited operations per second: all work over all blocks from seed to commitment, a lower bound of the rate."""
    return shape.operations // ((commit_block - seed_block + 1) * block_seconds)


def cu_value_down(operations_per_second: int, committed_seconds: int, haircut_bps: int, class_conversion: Wad) -> Wad:
    """Standard CU of a rate promised for a term: rate x term x haircut / 10^15 x conversion of the class."""
    work = operations_per_second * committed_seconds * haircut_bps
    return Wad(work * class_conversion // (BASIS_POINTS * OPERATIONS_PER_CU))
