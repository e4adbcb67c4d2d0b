"""From a committed root to compute units, in integers.

The twin of contracts/src/issuance/ComputeUnitVerifier.sol; tests/end_to_end/test_verification.py compares them.
"""

from __future__ import annotations

from stab3l.compute.shape import Shape
from stab3l.units import BASIS_POINTS, OPERATIONS_PER_CU, WAD, Wad


def rate_down(shape: Shape, seed_block: int, commit_block: int, block_seconds: int) -> int:
    """Credited operations per second: all work over all blocks from seed to commitment, a lower bound of the rate."""
    return shape.operations // ((commit_block - seed_block + 1) * block_seconds)


def standard_rate_down(operations_per_second: int, class_conversion: Wad) -> int:
    """A class' rate in operations of the standard class."""
    return operations_per_second * class_conversion // WAD


def cu_value_down(
    operations_per_second: int,
    committed_seconds: int,
    haircut_bps: int,
    class_conversion: Wad,
    *,
    promised_rate: int = 0,
    promised_seconds: int = 0,
    credit_bps: int = BASIS_POINTS,
) -> Wad:
    """Standard CU of a rate promised for a term, less what of it is promised already, so that no second counts twice.

    ``promised_rate`` [standard operations per second] runs for another ``promised_seconds``; ``credit_bps`` is the part
    of the rate that the proof is good for.
    """
    rate = standard_rate_down(operations_per_second, class_conversion)
    overlap = min(committed_seconds, promised_seconds)
    work = rate * committed_seconds - min(rate, promised_rate) * overlap
    return Wad(work * haircut_bps * credit_bps * WAD // (BASIS_POINTS * BASIS_POINTS * OPERATIONS_PER_CU))
