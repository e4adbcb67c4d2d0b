"""Which withdrawals of a chain still wait for their payment. What is paid, only the chain says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from stab3l.clock import monotonic_s
from stab3l.exchange.gateway_client import Withdrawal
from stab3l.keepers.settlement_rules import retry_after_s

PAYMENTS_PER_ROUND: Final = 500
"""So that all their proofs can be had before the next seal makes them stale, however many withdrawals wait."""


@dataclass(slots=True)
class Waiting:
    """A withdrawal that is not known to be paid for good, and when it may be tried next."""

    withdrawal: Withdrawal
    failures: int = 0
    not_before_s: float = 0.0


class Payouts:
    """One chain's open withdrawals, in memory only: after a restart they are read again from engine and chain."""

    def __init__(self, chain_id: int) -> None:
        self._chain_id = chain_id
        self._waiting: dict[int, Waiting] = {}
        self.next_id = 0
        """First withdrawal that was not looked at yet."""

    def learn(self, withdrawals: Iterable[Withdrawal], paid: frozenset[int] = frozenset()) -> None:
        """Takes up further withdrawals of all chains, in id order, but for those that are known to be ``paid``."""
        for withdrawal in withdrawals:
            self.next_id = withdrawal.id + 1
            if withdrawal.chain_id == self._chain_id and withdrawal.id not in paid:
                self._waiting[withdrawal.id] = Waiting(withdrawal)

    def open(self, covered: int) -> list[Withdrawal]:
        """Those among the first ``covered`` leaves that are not paid for good, by id."""
        return [waiting.withdrawal for id_, waiting in sorted(self._waiting.items()) if id_ < covered]

    def due(self, covered: int) -> list[Withdrawal]:
        """Those to try now, `PAYMENTS_PER_ROUND` at most: every owner's first before any owner's second, each by id.

        Withdrawing costs its owner nothing, so whoever queues thousands waits for itself.
        """
        now_s = monotonic_s()
        turn: Counter[bytes] = Counter()
        ranked: list[tuple[int, Withdrawal]] = []
        for withdrawal in self.open(covered):
            if now_s >= self._waiting[withdrawal.id].not_before_s:
                ranked.append((turn[withdrawal.owner], withdrawal))
                turn[withdrawal.owner] += 1
        ranked.sort(key=lambda entry: entry[0])
        return [withdrawal for _, withdrawal in ranked[:PAYMENTS_PER_ROUND]]

    def paid_for_good(self, withdrawal: int) -> None:
        """Forgets it: its payment is below the confirmation depth."""
        del self._waiting[withdrawal]

    def refused(self, withdrawal: int) -> int:
        """Puts it off; seconds until the next try."""
        waiting = self._waiting[withdrawal]
        waiting.failures += 1
        delay_s = retry_after_s(waiting.failures)
        waiting.not_before_s = monotonic_s() + delay_s
        return delay_s
