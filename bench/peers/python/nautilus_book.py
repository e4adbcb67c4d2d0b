"""NautilusTrader's order-by-order book (in Rust, called from Python): it keeps a book, it does not match.

So the flow is matched here first, in plain Python and untimed, into the changes that a feed would send; what is timed
is Nautilus applying them. The hash is of the trades of that matching; the best prices must be Nautilus's too.
"""

from __future__ import annotations

import bisect
import json
import struct
import sys
import time
from collections import defaultdict
from pathlib import Path

from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import BookOrder
from nautilus_trader.model.enums import BookType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price, Quantity

MASK = (1 << 64) - 1
PLACE, TAKE, CANCEL, MODIFY = range(4)
ADD, UPDATE, DELETE = range(3)
Change = tuple[int, int, int, int, int]


class Matching:
    """Price, then time; every change of the book and the hash of the trades."""

    def __init__(self) -> None:
        self.prices: tuple[list[int], list[int]] = ([], [])
        self.queues: tuple[defaultdict[int, dict[int, int]], ...] = (defaultdict(dict), defaultdict(dict))
        self.places: dict[int, tuple[int, int]] = {}
        self.changes: list[Change] = []
        self.hash, self.trades = 0xCBF29CE484222325, 0

    def perform(self, kind: int, side: int, order: int, ticks: int, lots: int) -> None:
        """Does what one message asks for."""
        if kind in (CANCEL, MODIFY):
            if order not in self.places:
                return
            self.leave(order)
            if kind == CANCEL:
                return
        left = self.cross(side, order, ticks, lots)
        if left and kind != TAKE:
            if not self.queues[side][ticks]:
                bisect.insort(self.prices[side], ticks)
            self.queues[side][ticks][order] = left
            self.places[order] = (side, ticks)
            self.changes.append((ADD, side, order, ticks, left))

    def leave(self, order: int) -> None:
        """Takes a resting order out."""
        side, ticks = self.places.pop(order)
        lots = self.queues[side][ticks].pop(order)
        if not self.queues[side][ticks]:
            self.prices[side].pop(bisect.bisect_left(self.prices[side], ticks))
        self.changes.append((DELETE, side, order, ticks, lots))

    def cross(self, side: int, order: int, limit: int, lots: int) -> int:
        """Trades up to the limit; what is left."""
        other = 1 - side
        while lots and self.prices[other]:
            best = self.prices[other][0 if side == 0 else -1]
            if (best > limit) if side == 0 else (best < limit):
                break
            maker, resting = next(iter(self.queues[other][best].items()))
            traded = min(lots, resting)
            lots -= traded
            self.tell(maker, order, best, traded)
            if traded == resting:
                self.leave(maker)
            else:
                self.queues[other][best][maker] = resting - traded
                self.changes.append((UPDATE, other, maker, best, resting - traded))
        return lots

    def tell(self, *words: int) -> None:
        """Adds a trade to the hash."""
        self.trades += 1
        for word in words:
            self.hash = (self.hash ^ word) * 0x100000001B3 & MASK


def main(path: str) -> None:
    """Runs a flow; prints one JSON object."""
    rows = list(struct.iter_unpack("<BBHIQQQ", Path(path).read_bytes()))
    matching = Matching()
    for kind, side, _, _, order, ticks, lots in rows:
        matching.perform(kind, side, order, ticks, lots)
    sides = (OrderSide.BUY, OrderSide.SELL)
    book = OrderBook(InstrumentId.from_str("BENCH.SIM"), BookType.L3_MBO)
    apply = (book.add, book.update, book.delete)
    begun = time.perf_counter()
    for what, side, order, ticks, lots in matching.changes:
        apply[what](BookOrder(sides[side], Price(ticks, 0), Quantity(lots, 0), order), 0)
    seconds = time.perf_counter() - begun
    if int(book.best_bid_price()) != matching.prices[0][-1] or int(book.best_ask_price()) != matching.prices[1][0]:
        sys.exit("Nautilus's book ends at other prices")
    told = {"messages": len(rows), "seconds": seconds, "trades": matching.trades, "hash": f"{matching.hash:016x}"}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
