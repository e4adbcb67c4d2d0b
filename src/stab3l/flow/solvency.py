"""Whether a source can pay: the deposit that Superfluid locks, the time until a stream is critical, what a rate loses.

An open stream locks ``LIQUIDATION_SECONDS`` of itself. Once the balance beside the deposit is used up the stream is
critical: anyone may close it, and what is left of the deposit is forfeit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from stab3l.errors import Rejected
from stab3l.flow.constants import LIQUIDATION_SECONDS, RATE_MAX

LOSS_MAX_PER: Final = 10_000
"""A rate whose floor loses more than one part in this many is refused: 0.01 %."""


class RateLossy(Rejected):
    """The pool's units would floor too much of the rate away. ``values``: ``rate``, ``actual``, ``total_units``."""

    code: ClassVar[str] = "rate_lossy"


class SourceInsolvent(Rejected):
    """The balance cannot lock the deposit and run for the time asked. ``values``: ``needed``, ``available``."""

    code: ClassVar[str] = "source_insolvent"


@dataclass(frozen=True, slots=True)
class Solvency:
    """What a stream asks of its source."""

    rate: int
    """Wei per second that the pool takes."""
    deposit: int
    """Wei that are locked while the stream is open."""
    free: int
    """Wei beside the deposit."""

    @property
    def seconds_to_critical(self) -> int | None:
        """Seconds until anyone may close the stream; None: never."""
        return None if self.rate == 0 else max(0, self.free) // self.rate


def actual_rate_down(rate: int, total_units: int) -> int:
    """What a pool takes of a rate: a whole number of wei per second for each unit (Superfluid's GDA)."""
    return 0 if total_units == 0 else rate // total_units * total_units


def check_rate(rate: int, total_units: int) -> int:
    """The rate that will stream. Raises ``RateLossy`` when the floor loses more than 0.01 % of it.

    Raises:
        Rejected: it is negative or too large for a flow.
    """
    if not 0 <= rate <= RATE_MAX:
        raise Rejected(f"{rate} wei per second are no rate", rate=rate, max=RATE_MAX)
    actual = actual_rate_down(rate, total_units)
    if (rate - actual) * LOSS_MAX_PER > rate:
        raise RateLossy(
            f"of {rate} wei per second the pool's {total_units} units would take {actual}: "
            f"name a multiple of {total_units}, or a rate at least {LOSS_MAX_PER} times as large",
            rate=rate,
            actual=actual,
            total_units=total_units,
        )
    return actual


def deposit_of(rate: int, liquidation_seconds: int = LIQUIDATION_SECONDS) -> int:
    """Wei that a stream locks."""
    return rate * liquidation_seconds


def solvency(balance: int, locked: int, rate: int, liquidation_seconds: int = LIQUIDATION_SECONDS) -> Solvency:
    """Of a source whose stream is set to ``rate``; ``balance``: free now, ``locked``: the deposit of the stream now."""
    deposit = deposit_of(rate, liquidation_seconds)
    return Solvency(rate, deposit, balance + locked - deposit)


def max_rate_down(balance: int, run_seconds: int, liquidation_seconds: int = LIQUIDATION_SECONDS) -> int:
    """The largest rate that ``balance`` can stream for ``run_seconds`` without becoming critical."""
    return balance // (run_seconds + liquidation_seconds)


def check_solvent(found: Solvency, run_seconds: int) -> None:
    """Passes when the stream runs at least ``run_seconds``. Raises ``SourceInsolvent``."""
    needed = found.deposit + found.rate * run_seconds
    if found.free < found.rate * run_seconds:
        available = found.deposit + found.free
        raise SourceInsolvent(
            f"{found.rate} wei per second lock {found.deposit} wei and spend {found.rate * run_seconds} in "
            f"{run_seconds} s: {needed} wei are needed, {available} are there",
            needed=needed,
            available=available,
        )
