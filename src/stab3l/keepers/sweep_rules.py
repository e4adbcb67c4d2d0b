"""What is due in the engine: pure decisions (docs/reference/engine.md, Sweep; derivatives.md, Expiry, Liquidation)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from stab3l.engine.wire import Expire, Outcome, OutcomeCode, Sweep
from stab3l.exchange.gateway_client import Due
from stab3l.units import NANOSECONDS_PER_SECOND

ORDERS_PER_SWEEP: Final = 1_000
"""So many orders one command closes, so that it holds up nobody for long."""
RETRY_S_FIRST: Final = 2
RETRY_S_MAX: Final = 300


def due_command(due: Due, now: int) -> Sweep | Expire | None:
    """The next command that has something to do at ``now`` [nanoseconds since 1970]; None: nothing has."""
    if 0 < due.order <= now or 0 < due.schedule <= now:
        return Sweep(ORDERS_PER_SWEEP)
    if due.market is not None and due.expiry <= now:
        return Expire(due.market)
    return None


def has_worked(command: Sweep | Expire, outcome: Outcome, before: Due, after: Due) -> bool:
    """Whether to look for more at once: the command did something, or somebody else had done it.

    A sweep that closed nothing while the same is due met an engine whose clock is behind; so did an early expiry.
    """
    if isinstance(command, Sweep):
        return outcome.id > 0 or after != before
    return outcome.code in (OutcomeCode.ACCEPTED, OutcomeCode.MARKET_EXPIRED)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who was last found short of margin, how often in a row, and when a price was posted for them."""

    found: frozenset[tuple[int, int]] = frozenset()
    times: int = 0
    at: int = 0


def attempted(last: Attempt, found: Collection[tuple[int, int]], now: int) -> Attempt | None:
    """The attempt that is due for these (account, underlying) pairs; None: wait.

    Who is new is judged at once. Whom a price did not help (nobody trades with them) waits, longer each time, so that
    an idle exchange is left alone.
    """
    if not found:
        return None
    if not set(found) <= last.found:
        return Attempt(frozenset(found), 1, now)
    wait_s = min(RETRY_S_FIRST << min(last.times - 1, 16), RETRY_S_MAX)
    if now < last.at + wait_s * NANOSECONDS_PER_SECOND:
        return None
    return Attempt(frozenset(found), last.times + 1, now)
