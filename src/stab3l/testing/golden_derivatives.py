"""The golden story's chapter about futures and options: listed, priced, traded, refused, expired, liquidated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from stab3l.audit.reference_derivatives import WINDOW
from stab3l.engine.wire import (
    Command,
    Expire,
    IndexPrice,
    Instruction,
    ListFuture,
    ListOption,
    ListUnderlying,
    OptionKind,
    OptionMarks,
    Place,
    SetCollateral,
    Side,
    encode_batch,
)
from stab3l.testing.trading_desk import BASE, FOREIGN, MARKET, QUOTE, SECOND_NS, START_NS

MAKER, TAKER = 3, 4
FUTURE, OPTION, UNPRICED = 3, 4, 5
"""Markets that this chapter lists."""
EXPIRY: Final = START_NS + WINDOW + 3_600 * SECOND_NS
LATER: Final = EXPIRY + 3_600 * SECOND_NS


def chapter(now: int) -> Iterator[tuple[str, int, bytes]]:
    """(title, now, batch) of each step, from ``now`` on."""
    yield "an underlying, its future and its option", now, encode_batch(_listing())
    yield "positions on margin", now + 1, encode_batch(_trading(now))
    yield "refused derivatives", now + 2, encode_batch(_refused(now))
    yield "prices inside the window of the average", EXPIRY - WINDOW // 2, encode_batch(_pricing())
    yield "expiry, and what follows from it", EXPIRY, encode_batch([Expire(FUTURE), Expire(OPTION), Expire(FUTURE)])


def order(client_id: int, account: int, market: int, side: Side, lots: int, ticks: int) -> Place:
    """A limit order of this chapter."""
    return Place(account, market, 200 + client_id, START_NS + 60 * SECOND_NS, ticks, lots, side)


def _listing() -> list[Command]:
    return [
        ListUnderlying(b"INDEX   ", QUOTE, 100, 150_000, 20_000, 1_200_000, 50_000, 5_000, 500_000),
        ListFuture(0, EXPIRY, 100, 200, 1_000, 500_000),
        ListOption(0, OptionKind.CALL, EXPIRY, 100, 100, 200, 1_000),
        ListFuture(0, LATER, 0, 0, 1_000),
        SetCollateral(BASE, 200_000, 3 * 10**18),
        IndexPrice(0, 100),
        OptionMarks(OPTION, 8, tuple(8 + move for move in range(-8, 8))),
        ListFuture(0, LATER + 1, 0, 0, 1_000),
    ]


def _trading(now: int) -> list[Command]:
    reduce = replace(order(7, TAKER, FUTURE, Side.SELL, 9, 100), instructions=int(Instruction.REDUCE_ONLY))
    return [
        order(1, MAKER, FUTURE, Side.SELL, 5, 101),
        order(2, TAKER, FUTURE, Side.BUY, 4, 102),
        order(3, TAKER, OPTION, Side.SELL, 2, 9),
        order(4, MAKER, OPTION, Side.BUY, 3, 9),
        order(5, MAKER, FUTURE, Side.BUY, 2, 99),
        reduce,
    ]


def _refused(now: int) -> list[Command]:
    good = order(10, TAKER, FUTURE, Side.BUY, 1, 100)
    return [
        ListUnderlying(b"OTHER   ", BASE, 1, 1, 0, 1_000_000, 0, 0, 1),
        ListUnderlying(b"OTHER   ", QUOTE, 0, 1, 0, 1_000_000, 0, 0, 1),
        ListFuture(9, 0, 0, 0, 0),
        ListFuture(0, EXPIRY, 0, 0, 0),
        IndexPrice(9, 0),
        OptionMarks(FUTURE, 1, (0,) * 16),
        SetCollateral(QUOTE, 0, 1),
        Expire(MARKET),
        Expire(FUTURE),
        replace(good, market=UNPRICED + 1),
        replace(good, lots=1_000),
        replace(good, instructions=int(Instruction.REDUCE_ONLY), account=MAKER, side=Side.SELL),
        SetCollateral(FOREIGN, 1_000_001, 1),
    ]


def _pricing() -> list[Command]:
    return [IndexPrice(0, 110), OptionMarks(OPTION, 14, (14,) * 16), IndexPrice(0, 60)]
