"""The escrow's queue: what came first leaves first, and each depositor can take back what is left of its own.

Twin: ``contracts/src/flow/EscrowBuffer.sol``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

from stab3l.errors import NotFound, Rejected

ENTRIES_AT_ONCE: Final = 64
"""Entries that one drain may touch."""


class BufferFull(Rejected):
    """The deposit does not fit. ``values``: ``level``, ``amount``, ``max``."""

    code: ClassVar[str] = "buffer_full"


@dataclass(slots=True)
class Entry:
    """Money of one depositor, or of the pool's stream."""

    source: str
    amount: int


@dataclass(slots=True)
class Fifo:
    """One task type's buffer; ``max`` is B_max. Amounts are wei."""

    max: int
    level: int = 0
    entries: list[Entry] = field(default_factory=list)
    head: int = 0

    def deposit(self, source: str, amount: int) -> int:
        """Puts money at the end; its id, from 1. Raises ``BufferFull``."""
        if self.level + amount > self.max:
            raise BufferFull(
                f"the buffer holds {self.level} of {self.max}: {amount} more do not fit",
                level=self.level,
                amount=amount,
                max=self.max,
            )
        self.entries.append(Entry(source, amount))
        self.level += amount
        return len(self.entries)

    def absorb(self, pool: str, amount: int) -> bool:
        """Takes in what the pool has streamed, which cannot be refused; whether the level is now beyond ``max``."""
        last = self.entries[-1] if len(self.entries) > self.head else None
        if last is not None and last.source == pool:
            last.amount += amount
        elif amount:
            self.entries.append(Entry(pool, amount))
        self.level += amount
        return self.level > self.max

    def reachable(self) -> int:
        """What one drain can give at most."""
        return sum(entry.amount for entry in self.entries[self.head : self.head + ENTRIES_AT_ONCE])

    def drain(self, amount: int) -> None:
        """Gives ``amount``, oldest first; the last entry may be taken in part. Raises ``Rejected`` beyond reach."""
        if amount > self.reachable():
            raise Rejected(f"{amount} are more than one drain can give", amount=amount, reachable=self.reachable())
        self.level -= amount
        while amount:
            entry = self.entries[self.head]
            taken = min(amount, entry.amount)
            entry.amount -= taken
            amount -= taken
            if entry.amount == 0:
                self.head += 1

    def reclaim(self, source: str, entry_id: int) -> int:
        """Gives a depositor what is left of its own. Raises ``NotFound`` for another's or an empty one."""
        entry = self.entries[entry_id - 1] if 0 < entry_id <= len(self.entries) else None
        if entry is None or entry.source != source or entry.amount == 0:
            raise NotFound(f"entry {entry_id} holds nothing of {source}", entry=entry_id, source=source)
        amount, entry.amount = entry.amount, 0
        self.level -= amount
        return amount
