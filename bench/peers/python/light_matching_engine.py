"""lightmatchingengine, a matching engine in pure Python. It has no immediate orders: their rest is cancelled."""

from __future__ import annotations

import json
import struct
import sys
import time
from pathlib import Path

from lightmatchingengine.lightmatchingengine import LightMatchingEngine, Side

MASK = (1 << 64) - 1
MARKET = "BENCH"
PLACE, TAKE, CANCEL, MODIFY = range(4)


class Driver:
    """One book, with both ways' names of the orders: theirs are dense, and a moved order gets a new one."""

    def __init__(self) -> None:
        self.engine = LightMatchingEngine()
        self.theirs: dict[int, int] = {}
        self.ours: dict[int, int] = {}
        self.hash, self.trades = 0xCBF29CE484222325, 0

    def perform(self, kind: int, side: int, order: int, ticks: int, lots: int) -> None:
        """Does what one message asks for."""
        if kind in (PLACE, TAKE):
            self.place(order, side, ticks, lots, rests=kind == PLACE)
            return
        named = self.theirs.get(order)
        if named is None:
            return
        left = self.engine.cancel_order(named, MARKET)
        if kind == MODIFY and left is not None:
            self.place(order, side, ticks, lots, rests=True)

    def place(self, order: int, side: int, ticks: int, lots: int, *, rests: bool) -> None:
        """Adds an order, and tells its trades."""
        made, trades = self.engine.add_order(MARKET, ticks, lots, Side.BUY if side == 0 else Side.SELL)
        self.theirs[order], self.ours[made.order_id] = made.order_id, order
        for trade in trades:
            if trade.order_id != made.order_id:
                self.tell(self.ours[trade.order_id], order, trade.trade_price, trade.trade_qty)
        if not rests and made.leaves_qty > 0:
            self.engine.cancel_order(made.order_id, MARKET)

    def tell(self, *words: int) -> None:
        """Adds a trade to the hash."""
        self.trades += 1
        for word in words:
            self.hash = (self.hash ^ word) * 0x100000001B3 & MASK


def main(path: str) -> None:
    """Runs a flow; prints one JSON object."""
    rows = list(struct.iter_unpack("<BBHIQQQ", Path(path).read_bytes()))
    driver = Driver()
    begun = time.perf_counter()
    for kind, side, _, _, order, ticks, lots in rows:
        driver.perform(kind, side, order, ticks, lots)
    seconds = time.perf_counter() - begun
    told = {"messages": len(rows), "seconds": seconds, "trades": driver.trades, "hash": f"{driver.hash:016x}"}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
