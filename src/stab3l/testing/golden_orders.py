"""The golden story's chapter about orders: amended, conditional, protected, scheduled, swept, refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from stab3l.engine.wire import (
    Amend,
    CancelAll,
    Command,
    Instruction,
    ListMarket,
    MarkPrice,
    OrderType,
    Place,
    ScheduleCancel,
    SelfTrade,
    SetProtection,
    Side,
    SideChoice,
    Sweep,
    TimeInForce,
    encode_batch,
)
from stab3l.testing.trading_desk import BASE, FOREIGN, MARKET, MAX_LOTS, SECOND_NS, START_NS

MAKER, TAKER, DUE = 3, 4, 4
BANDED: Final = 2
"""A market with a band, which this chapter lists."""
EXPIRES_AT: Final = START_NS + 60 * SECOND_NS
FIRST_CLIENT_ID: Final = 100
FIRST_ORDER: Final = 9
"""The id of this chapter's first accepted order."""
WAITING: Final = 29
"""The id of the conditional order that waits when the chapter ends."""
POST_ONLY, SLIDE, REDUCE_ONLY, PROTECTED = (int(one) for one in Instruction)


def chapter(now: int) -> Iterator[tuple[str, int, bytes]]:
    """(title, now, batch) of each step, from ``now`` on."""
    yield "orders that slide, and are amended in place and away", now, encode_batch(_amending())
    yield "orders of one account that meet", now + 1, encode_batch(_self_trading())
    yield "conditional orders and the mark that wakes them", now + 2, encode_batch(_conditional())
    yield "a protection that triggers", now + 3, encode_batch(_protecting())
    yield "orders that die", now + 4, encode_batch(_dying(now + 4))
    yield "refused terms, and the sweep", now + 10, encode_batch(_refused(now + 10))


def order(client_id: int, account: int, side: Side, lots: int, ticks: int) -> Place:
    """A limit order of this chapter."""
    return Place(account, MARKET, FIRST_CLIENT_ID + client_id, EXPIRES_AT, ticks, lots, side)


def _amend(client_id: int, number: int, ticks: int, lots: int, account: int = MAKER) -> Amend:
    return Amend(account, FIRST_ORDER + number, FIRST_CLIENT_ID + client_id, EXPIRES_AT, ticks, lots)


def _amending() -> list[Command]:
    return [
        CancelAll(MAKER),
        CancelAll(TAKER, MARKET, 0, SideChoice.BUY),
        order(1, MAKER, Side.SELL, 5, 60),
        replace(order(2, TAKER, Side.BUY, 3, 61), instructions=POST_ONLY | SLIDE),
        _amend(3, 0, 60, 4),
        _amend(4, 0, 59, 6),
        CancelAll(MAKER, label=7),
    ]


def _self_trading() -> list[Command]:
    commands: list[Command] = []
    for mode in SelfTrade:
        if mode != SelfTrade.NONE:
            commands.append(replace(order(10 + mode, TAKER, Side.BUY, 2, 50), label=1))
            commands.append(replace(order(20 + mode, TAKER, Side.SELL, 3, 50), self_trade=mode))
    small = replace(order(30, TAKER, Side.BUY, 1, 50), self_trade=SelfTrade.DECREMENT)
    return [*commands, small, CancelAll(TAKER, label=1)]


def _conditional() -> list[Command]:
    stop = replace(order(40, TAKER, Side.BUY, 1, 60), order_type=OrderType.STOP_LIMIT, trigger_ticks=70)
    profit = replace(
        order(41, MAKER, Side.SELL, 1, 50),
        order_type=OrderType.TAKE_PROFIT_MARKET,
        time_in_force=TimeInForce.IOC,
        trigger_ticks=71,
    )
    return [stop, profit, MarkPrice(MARKET, 69), MarkPrice(MARKET, 72), replace(stop, client_id=142)]


def _protecting() -> list[Command]:
    protected = [replace(order(50 + n, MAKER, Side.SELL, 2, 40 + n), instructions=PROTECTED) for n in range(3)]
    return [
        SetProtection(MAKER, MARKET, FIRST_CLIENT_ID + 55, EXPIRES_AT, SECOND_NS, 3, SECOND_NS),
        *protected,
        order(56, TAKER, Side.BUY, 5, 45),
        replace(order(57, MAKER, Side.SELL, 1, 90), instructions=PROTECTED),
    ]


def _dying(now: int) -> list[Command]:
    good_till = replace(order(60, MAKER, Side.SELL, 1, 80), time_in_force=TimeInForce.GTD, good_till=now + 1)
    return [
        good_till,
        order(61, TAKER, Side.BUY, 1, 30),
        ScheduleCancel(DUE, FIRST_CLIENT_ID + 62, EXPIRES_AT, now + 2),
        ScheduleCancel(MAKER, FIRST_CLIENT_ID + 63, EXPIRES_AT, 0),
    ]


def _refused(now: int) -> list[Command]:
    sell = order(70, MAKER, Side.SELL, 1, 90)
    return [
        replace(sell, time_in_force=TimeInForce.GTD, good_till=now),
        replace(sell, instructions=REDUCE_ONLY),
        replace(sell, instructions=POST_ONLY, ticks=1),
        replace(sell, time_in_force=TimeInForce.FOK, lots=50),
        replace(sell, account=DUE, side=Side.BUY),
        ListMarket(BASE, FOREIGN, 1, 1, 0, 0, MAX_LOTS, 1_000),
        MarkPrice(BANDED, 1_000),
        replace(sell, market=BANDED, ticks=998),
        replace(sell, order_type=OrderType.STOP_LIMIT, trigger_ticks=1),
        Amend(MAKER, 0, FIRST_CLIENT_ID + 71, EXPIRES_AT, 1, 1),
        Amend(MAKER, WAITING, FIRST_CLIENT_ID + 72, EXPIRES_AT, 1, 1),
        MarkPrice(9, 0),
        Sweep(1),
        Sweep(100),
    ]
