"""``stab3l bench peg``: every part of the peg's measurements in one JSON object."""

from __future__ import annotations

from typing import Any, Final

from stab3l.measure import peg_speed
from stab3l.measure.peg_gas import measure_gas
from stab3l.measure.peg_speed import Say
from stab3l.measure.report import document

METHOD: Final = (
    "speed: swaps over processor seconds of one core, the median of interleaved rounds, peers in the same run; "
    "gas: forge's gas tests, each call a transaction of its own, and deployment on a fresh anvil"
)


def measure_peg(quick: bool, say: Say) -> dict[str, Any]:
    """Everything, as one JSON object.

    Raises:
        Unavailable: a peer cannot be installed or fails, or the contracts' toolchain is not there.
    """
    scale = peg_speed.QUICK if quick else peg_speed.Scale()
    return document(METHOD, [*peg_speed.measure(scale, say), *measure_gas(say)])
