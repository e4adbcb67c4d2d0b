"""What each term of an order means, in both implementations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from stab3l.audit.reference_waiting import TRIGGERED_MAX
from stab3l.engine.wire import (
    Amend,
    Cancel,
    CancelAll,
    CloseReason,
    Event,
    Instruction,
    MarkPrice,
    OrderAccepted,
    OrderClosed,
    OrderReduced,
    OrderTriggered,
    OrderType,
    Outcome,
    OutcomeCode,
    Place,
    ProtectionTriggered,
    ScheduleCancel,
    SelfTrade,
    SetProtection,
    Side,
    SideChoice,
    Sweep,
    TimeInForce,
    Trade,
)
from stab3l.testing.exchanges import IMPLEMENTATIONS, opened
from stab3l.testing.trading_desk import BASE, LOT, MARKET, QUOTE, SECOND_NS, TradingDesk

SELLER, BUYER = 3, 4
PROTECTED, POST_ONLY, SLIDE = int(Instruction.PROTECTED), int(Instruction.POST_ONLY), int(Instruction.SLIDE)


@pytest.fixture(params=IMPLEMENTATIONS)
def desk(request: pytest.FixtureRequest) -> Iterator[TradingDesk]:
    """Two traders who both have lots and money enough."""
    with opened(request.param) as exchange:
        listed = TradingDesk.listed(exchange)
        for user in (1, 2):
            listed.fund(user, BASE, 10_000 * LOT)
            listed.fund(user, QUOTE, 10**9)
        yield listed


def sell(desk: TradingDesk, lots: int, ticks: int, account: int = SELLER, **terms: Any) -> Place:
    return replace(desk.order(account, Side.SELL, lots, ticks), **terms)


def buy(desk: TradingDesk, lots: int, ticks: int, account: int = BUYER, **terms: Any) -> Place:
    return replace(desk.order(account, Side.BUY, lots, ticks), **terms)


def amend(desk: TradingDesk, account: int, order: int, ticks: int, lots: int) -> Amend:
    desk.client_ids += 1
    return Amend(account, order, desk.client_ids, desk.now + SECOND_NS, ticks, lots)


def schedule(desk: TradingDesk, account: int, at: int) -> ScheduleCancel:
    desk.client_ids += 1
    return ScheduleCancel(account, desk.client_ids, desk.now + SECOND_NS, at)


def fills(events: list[Event]) -> list[tuple[int, int]]:
    """(maker order, lots) of each trade."""
    return [(event.maker_order, event.lots) for event in events if isinstance(event, Trade)]


def closed(events: list[Event]) -> list[tuple[int, int, CloseReason]]:
    return [(event.order, event.lots_left, event.reason) for event in events if isinstance(event, OrderClosed)]


def test_a_post_only_order_slides_to_the_best_price_that_does_not_trade(desk: TradingDesk) -> None:
    desk.accepted(sell(desk, 5, 60))
    assert desk.code(buy(desk, 5, 61, instructions=POST_ONLY)) == OutcomeCode.POST_ONLY_WOULD_TAKE
    events = desk.accepted(buy(desk, 5, 61, instructions=POST_ONLY | SLIDE))
    assert [event.ticks for event in events if isinstance(event, OrderAccepted)] == [59]
    assert fills(events) == []


def test_fill_or_kill_counts_only_what_can_trade(desk: TradingDesk) -> None:
    dies = {"time_in_force": TimeInForce.GTD, "good_till": desk.now + 5}
    desk.accepted(sell(desk, 5, 60), sell(desk, 5, 61, **dies), sell(desk, 5, 62), buy(desk, 1, 10))
    whole = buy(desk, 15, 62, time_in_force=TimeInForce.FOK)
    desk.now += 5
    assert desk.code(whole) == OutcomeCode.FILL_OR_KILL_SHORT
    events = desk.accepted(replace(whole, lots=10))
    assert fills(events) == [(1, 5), (3, 5)]
    assert closed(events)[1] == (2, 5, CloseReason.EXPIRED)


def test_fill_or_kill_foresees_a_protection(desk: TradingDesk) -> None:
    desk.client_ids += 1
    desk.accepted(SetProtection(SELLER, MARKET, desk.client_ids, desk.now + 9, SECOND_NS, 4, SECOND_NS))
    desk.accepted(*(sell(desk, 3, 60, instructions=PROTECTED) for _ in range(3)))
    whole = buy(desk, 9, 60, time_in_force=TimeInForce.FOK)
    assert desk.code(whole) == OutcomeCode.FILL_OR_KILL_SHORT
    events = desk.accepted(replace(whole, lots=6))
    assert fills(events) == [(1, 3), (2, 3)]
    assert closed(events)[-2:] == [(3, 3, CloseReason.PROTECTION), (4, 0, CloseReason.FILLED)]


def test_a_protection_freezes_and_thaws(desk: TradingDesk) -> None:
    desk.client_ids += 1
    desk.accepted(SetProtection(SELLER, MARKET, desk.client_ids, desk.now + 9, SECOND_NS, 3, 7))
    desk.accepted(
        sell(desk, 2, 60, instructions=PROTECTED), sell(desk, 2, 60), sell(desk, 9, 61, instructions=PROTECTED)
    )
    assert not any(isinstance(event, ProtectionTriggered) for event in desk.accepted(buy(desk, 4, 60)))
    events = desk.accepted(buy(desk, 1, 61))
    assert [event.frozen_until for event in events if isinstance(event, ProtectionTriggered)] == [desk.now + 7]
    assert (3, 8, CloseReason.PROTECTION) in closed(events)
    assert desk.code(sell(desk, 1, 70, instructions=PROTECTED)) == OutcomeCode.PROTECTION_ACTIVE
    desk.now += 7
    desk.accepted(sell(desk, 1, 70, instructions=PROTECTED))


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (SelfTrade.CANCEL_MAKER, [(1, 2, CloseReason.SELF_TRADE)]),
        (SelfTrade.CANCEL_TAKER, [(2, 3, CloseReason.SELF_TRADE)]),
        (SelfTrade.CANCEL_BOTH, [(1, 2, CloseReason.SELF_TRADE), (2, 3, CloseReason.SELF_TRADE)]),
        (SelfTrade.DECREMENT, [(1, 0, CloseReason.SELF_TRADE)]),
    ],
)
def test_self_trade_prevention(
    desk: TradingDesk, mode: SelfTrade, expected: list[tuple[int, int, CloseReason]]
) -> None:
    desk.accepted(sell(desk, 2, 60, account=BUYER))
    events = desk.accepted(buy(desk, 3, 60, self_trade=mode))
    assert fills(events) == []
    assert closed(events) == expected
    reduced = [(event.order, event.lots_left) for event in events if isinstance(event, OrderReduced)]
    assert reduced == ([(2, 1)] if mode == SelfTrade.DECREMENT else [])


def test_conditional_orders_wake_by_id_when_the_mark_arrives(desk: TradingDesk) -> None:
    stop = {"order_type": OrderType.STOP_LIMIT, "trigger_ticks": 70}
    profit = {"order_type": OrderType.TAKE_PROFIT_MARKET, "trigger_ticks": 70, "time_in_force": TimeInForce.IOC}
    desk.accepted(
        buy(desk, 1, 60, **stop), sell(desk, 2, 60, **profit), buy(desk, 1, 60, **stop), sell(desk, 1, 60, **stop)
    )
    assert [type(event) for event in desk.accepted(MarkPrice(MARKET, 69))][2:] == [OrderTriggered]
    events = desk.accepted(MarkPrice(MARKET, 70))
    assert [event.order for event in events if isinstance(event, OrderTriggered)] == [1, 2, 3]
    assert fills(events) == [(4, 1)]


def test_a_mark_wakes_so_many_and_the_next_mark_the_others(desk: TradingDesk) -> None:
    stop = {"order_type": OrderType.STOP_LIMIT, "trigger_ticks": 70}
    dies = {"time_in_force": TimeInForce.GTD, "good_till": desk.now + 1}
    desk.accepted(*(buy(desk, 1, 9, **stop) for _ in range(TRIGGERED_MAX + 1)), buy(desk, 1, 9, **stop, **dies))
    desk.now += 1
    for expected in (TRIGGERED_MAX, 1, 0):
        events = desk.accepted(MarkPrice(MARKET, 70))
        assert sum(isinstance(event, OrderTriggered) for event in events) == expected


def test_amending_in_place_keeps_the_turn_and_anything_else_loses_it(desk: TradingDesk) -> None:
    desk.accepted(sell(desk, 5, 60), sell(desk, 5, 60), sell(desk, 5, 60))
    desk.accepted(amend(desk, SELLER, 1, 60, 4), amend(desk, SELLER, 2, 60, 6))
    assert fills(desk.accepted(buy(desk, 15, 60))) == [(1, 4), (3, 5), (2, 6)]


def test_an_amended_order_takes_what_it_reaches(desk: TradingDesk) -> None:
    desk.accepted(sell(desk, 5, 60), buy(desk, 3, 50))
    events = desk.accepted(amend(desk, BUYER, 2, 60, 7))
    assert fills(events) == [(1, 5)]
    assert desk.code(amend(desk, BUYER, 1, 60, 7)) == OutcomeCode.ORDER_UNKNOWN
    assert closed(desk.accepted(Cancel(BUYER, 2))) == [(2, 2, CloseReason.CANCELLED)]


def test_cancel_all_keeps_to_side_and_label(desk: TradingDesk) -> None:
    desk.accepted(
        sell(desk, 1, 60, label=7), sell(desk, 1, 61), buy(desk, 1, 9, account=SELLER, label=7), buy(desk, 1, 9)
    )
    events = desk.accepted(CancelAll(SELLER, MARKET, 7, SideChoice.SELL))
    assert closed(events) == [(1, 1, CloseReason.CANCELLED)]
    assert [order for order, _, _ in closed(desk.accepted(CancelAll(SELLER)))] == [2, 3]


def test_a_due_schedule_kills_until_it_is_swept(desk: TradingDesk) -> None:
    desk.accepted(sell(desk, 1, 60), sell(desk, 1, 61), schedule(desk, SELLER, desk.now + 5))
    desk.now += 5
    assert desk.code(sell(desk, 1, 62)) == OutcomeCode.TIME_PAST
    assert desk.code(schedule(desk, SELLER, 0)) == OutcomeCode.TIME_PAST
    assert desk.code(amend(desk, SELLER, 2, 61, 1)) == OutcomeCode.ORDER_UNKNOWN
    assert closed(desk.accepted(buy(desk, 1, 60)))[0] == (1, 1, CloseReason.SCHEDULED)
    assert closed(desk.accepted(Sweep(0))) == []
    events = desk.accepted(Sweep(9))
    assert isinstance(events[0], Outcome)
    assert events[0].id == 1
    assert closed(events) == [(2, 1, CloseReason.SCHEDULED)]
    desk.accepted(sell(desk, 1, 62))


def test_a_sweep_buries_the_expired_first_and_not_more_than_it_may(desk: TradingDesk) -> None:
    late, soon = ({"time_in_force": TimeInForce.GTD, "good_till": desk.now + wait} for wait in (5, 4))
    desk.accepted(
        sell(desk, 1, 60, **late), sell(desk, 1, 61, **soon), buy(desk, 1, 9), schedule(desk, BUYER, desk.now + 1)
    )
    desk.now += 5
    assert closed(desk.accepted(Sweep(1))) == [(2, 1, CloseReason.EXPIRED)]
    assert closed(desk.accepted(Sweep(9))) == [(1, 1, CloseReason.EXPIRED), (3, 1, CloseReason.SCHEDULED)]
