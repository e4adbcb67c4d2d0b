"""A local copy of what a channel publishes: snapshot and updates, with gaps found and duplicates dropped. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from stab3l.errors import Invalid


class BookGap(Invalid):
    """An update does not follow what is known: a message is missing. ``values``: ``seq``, ``last``."""

    code: ClassVar[str] = "book_gap"


class LocalBook:
    """One market's book, kept from its channel."""

    def __init__(self, market: str = "") -> None:
        self.market = market
        self.seq = -1
        """The number of the last message in it; -1 before the first snapshot."""
        self._sides: tuple[dict[str, str], dict[str, str]] = ({}, {})

    @property
    def bids(self) -> list[tuple[str, str]]:
        """(price, quantity), highest price first."""
        return sorted(self._sides[0].items(), key=_price, reverse=True)

    @property
    def asks(self) -> list[tuple[str, str]]:
        """(price, quantity), lowest price first."""
        return sorted(self._sides[1].items(), key=_price)

    def best(self) -> tuple[str | None, str | None]:
        """Best bid and best ask."""
        bids, asks = self._sides
        return max(bids, key=Decimal, default=None), min(asks, key=Decimal, default=None)

    def apply(self, message: Mapping[str, Any]) -> bool:
        """Takes a snapshot or an update; False: it was known already. Raises `BookGap`."""
        seq = int(message["seq"])
        changes = (message["bids"], message["asks"])
        if message["type"] == "snapshot":
            self._sides = (dict(changes[0]), dict(changes[1]))
        else:
            before = int(message.get("prev_seq", seq - 1))
            if self.seq >= 0 and seq <= self.seq:
                return False
            if before != self.seq:
                raise BookGap(f"update {seq} follows {before}, known is {self.seq}", seq=seq, last=self.seq)
            for side, levels in zip(self._sides, changes, strict=True):
                for price, quantity in levels:
                    if quantity == "0":
                        side.pop(price, None)
                    else:
                        side[price] = quantity
        self.seq = seq
        return True


def _price(level: tuple[str, str]) -> Decimal:
    return Decimal(level[0])
