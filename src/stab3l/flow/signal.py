"""The smoothed capacity: a moving average over epochs, kept in the fixed point ``UNIT_SCALE``.

Twin: ``contracts/src/libraries/CapacitySignal.sol`` and ``CapacityRegistry._advance``. An average of whole wei would
stick below its goal as soon as alpha times the distance floors to zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stab3l.errors import Rejected
from stab3l.flow.constants import EWMA_ALPHA_BPS, RATE_MAX, UNIT_SCALE
from stab3l.units import BASIS_POINTS

MISSED_EPOCHS_MAX: Final = 128
"""Epochs without a reveal after which nothing is left."""


def decayed_down(smoothed: int, missed: int, alpha_bps: int = EWMA_ALPHA_BPS) -> int:
    """What ``missed`` epochs of silence leave of ``smoothed``, rounded down each time."""
    if missed > MISSED_EPOCHS_MAX:
        return 0
    for _ in range(missed):
        smoothed = smoothed * (BASIS_POINTS - alpha_bps) // BASIS_POINTS
    return smoothed


def blended_down(smoothed: int, raw: int, alpha_bps: int = EWMA_ALPHA_BPS) -> int:
    """One step towards ``raw``, rounded against the sink."""
    if raw >= smoothed:
        return smoothed + (raw - smoothed) * alpha_bps // BASIS_POINTS
    return smoothed - -(-(smoothed - raw) * alpha_bps // BASIS_POINTS)


@dataclass(frozen=True, slots=True)
class Signal:
    """What a sink's reveals have come to."""

    scaled: int = 0
    """Average [wei per second, times UNIT_SCALE]."""
    epoch: int = 0
    """Of the last reveal or written decay; 0: none yet."""
    miss_bps: int = 0
    """Part of the offered work that was not completed."""

    def missed(self, epoch: int) -> int:
        """Epochs that passed in silence; the running one does not count."""
        return 0 if self.epoch == 0 or epoch <= self.epoch + 1 else epoch - self.epoch - 1

    def capacity(self, epoch: int, alpha_bps: int = EWMA_ALPHA_BPS) -> int:
        """Smoothed capacity [wei per second], with what silence has cost until ``epoch``."""
        return decayed_down(self.scaled, self.missed(epoch), alpha_bps) // UNIT_SCALE

    def revealed(self, raw: int, epoch: int, room: int, alpha_bps: int = EWMA_ALPHA_BPS) -> Signal:
        """After a reveal of ``raw`` [wei per second]; ``room``: what the cap leaves, in the fixed point.

        Raises:
            Rejected: the epoch has its reveal, or the capacity is beyond what a flow can hold.
        """
        if self.epoch == epoch:
            raise Rejected(f"epoch {epoch} has its reveal", epoch=epoch)
        if not 0 <= raw <= RATE_MAX:
            raise Rejected(f"{raw} wei per second are beyond {RATE_MAX}", capacity=raw, max=RATE_MAX)
        counted = raw * UNIT_SCALE * (BASIS_POINTS - self.miss_bps) // BASIS_POINTS
        silent = decayed_down(self.scaled, self.missed(epoch), alpha_bps)
        return Signal(min(blended_down(silent, counted, alpha_bps), room), epoch, self.miss_bps)

    def decayed(self, epoch: int, alpha_bps: int = EWMA_ALPHA_BPS) -> Signal:
        """After the cost of silence was written down in ``epoch``."""
        missed = self.missed(epoch)
        if missed == 0 or self.scaled == 0:
            return self
        return Signal(decayed_down(self.scaled, missed, alpha_bps), epoch - 1, self.miss_bps)

    def judged(self, offered: int, completed: int) -> Signal:
        """After the arbiter told what became of offered work. Raises ``Rejected`` for more than was offered."""
        if completed > offered:
            raise Rejected(f"{completed} completed of {offered} offered", offered=offered, completed=completed)
        missed = 0 if offered == 0 else (offered - completed) * BASIS_POINTS // offered
        return Signal(self.scaled, self.epoch, missed)
