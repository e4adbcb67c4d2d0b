"""The auditor notices what a dishonest or faulty exchange would write."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from stab3l.audit.auditor import Auditor, LawBroken
from stab3l.audit.reference_exchange import ReferenceExchange
from stab3l.engine.wire import (
    CollateralConverted,
    DebtTakenOver,
    Deleveraged,
    Deposit,
    Event,
    OrderAccepted,
    OrderClosed,
    Outcome,
    PositionTakenOver,
    Side,
    Trade,
    decode_events,
)
from stab3l.testing.golden_vectors import story
from stab3l.testing.trading_desk import BASE, CHAIN, LISTING, LOT, QUOTE, TradingDesk, owner


@pytest.fixture
def auditor() -> Auditor:
    """An auditor from genesis."""
    return Auditor()


@pytest.fixture
def watched(exchange: ReferenceExchange, auditor: Auditor) -> TradingDesk:
    """A desk whose auditor has seen two asks, at 61 and then 60, by account 3, and a funded buyer, account 4."""
    desk = TradingDesk(exchange)
    auditor.observe(desk.accepted(*LISTING))
    base = Deposit(CHAIN, 1, BASE, 0, owner(1), 10 * LOT, bytes(32))
    quote = Deposit(CHAIN, 2, QUOTE, 0, owner(2), 10_000, bytes(32))
    auditor.observe(desk.accepted(base, quote))
    auditor.observe(desk.accepted(desk.order(3, Side.SELL, 2, 61), desk.order(3, Side.SELL, 2, 60)))
    return desk


@pytest.fixture
def crossing(watched: TradingDesk) -> list[Event]:
    """What an honest exchange writes when the buyer takes one lot at 60."""
    return watched.accepted(watched.order(4, Side.BUY, 1, 60))


def tampered(events: list[Event], **changes: object) -> list[Event]:
    """The events with the first trade's fields changed."""
    return [replace(event, **changes) if isinstance(event, Trade) else event for event in events]


def law_broken(auditor: Auditor, events: Sequence[Event]) -> str:
    with pytest.raises(LawBroken) as caught:
        auditor.observe(events)
    return caught.value.law


def test_honest_events_pass(auditor: Auditor, crossing: list[Event]) -> None:
    auditor.observe(crossing)
    assert auditor.trades == 1


@pytest.mark.parametrize(
    "changes",
    [{"ticks": 61}, {"ticks": 59}, {"maker_order": 1}, {"lots": 0}, {"lots": 2}, {"taker_side": Side.SELL}],
)
def test_a_trade_against_price_or_priority_is_noticed(
    auditor: Auditor, crossing: list[Event], changes: dict[str, object]
) -> None:
    assert law_broken(auditor, tampered(crossing, **changes)) == "I7"


def test_an_order_that_rests_instead_of_trading_is_noticed(auditor: Auditor, crossing: list[Event]) -> None:
    silent = [event for event in crossing if isinstance(event, Outcome | OrderAccepted)]
    assert law_broken(auditor, silent) == "I7"


def test_a_negative_account_is_noticed(auditor: Auditor, watched: TradingDesk) -> None:
    events = watched.accepted(watched.order(4, Side.BUY, 1, 1))
    greedy = [replace(event, lots=10**6) if isinstance(event, OrderAccepted) else event for event in events]
    assert law_broken(auditor, greedy) == "I8"


def test_a_fee_larger_than_what_was_received_is_noticed(auditor: Auditor, crossing: list[Event]) -> None:
    assert law_broken(auditor, tampered(crossing, taker_fee=10 * LOT)) == "I8"


def test_money_from_nowhere_is_noticed(auditor: Auditor, watched: TradingDesk) -> None:
    auditor.available[3, BASE] += 1
    assert law_broken(auditor, watched.accepted(watched.order(3, Side.SELL, 1, 70))) == "conservation"


def test_a_wrong_rest_is_noticed(auditor: Auditor, watched: TradingDesk) -> None:
    events = watched.accepted(watched.immediate(4, Side.BUY, 5, 60))
    rest = events[-1]
    assert isinstance(rest, OrderClosed)
    assert law_broken(auditor, [*events[:-1], replace(rest, lots_left=rest.lots_left - 1)]) == "I7"


@pytest.fixture
def losing() -> list[list[Event]]:
    """The golden story of losses as an honest exchange tells it, batch by batch; everything before in the first."""
    exchange = ReferenceExchange()
    told: list[list[Event]] = [[]]
    for title, now, batch in story():
        events = decode_events(exchange.apply(batch, now))
        if title == "positions that will be lost" or len(told) > 1:
            told.append(events)
        else:
            told[0] += events
    return told


def changed(told: list[list[Event]], kind: type[Event], **changes: object) -> list[Event]:
    """Everything, with the fields of the story's first event of a kind in a derivative market changed."""
    events = [event for batch in told for event in batch]
    at = next(i for i, event in enumerate(events) if isinstance(event, kind) and getattr(event, "market", 7) >= 7)
    return [*events[:at], replace(events[at], **changes), *events[at + 1 :]]


def test_an_honest_story_of_losses_passes(auditor: Auditor, losing: list[list[Event]]) -> None:
    auditor.observe(event for batch in losing for event in batch)


@pytest.mark.parametrize(
    ("kind", "changes", "law"),
    [
        (Trade, {"taker_fee": 1}, "positions"),
        (PositionTakenOver, {"lots": 1}, "positions"),
        (PositionTakenOver, {"entry": 0}, "positions"),
        (Deleveraged, {"counterparty": 6}, "positions"),
        (Deleveraged, {"lots": 21}, "positions"),
        (Deleveraged, {"ticks": 501}, "positions"),
        (OrderAccepted, {"account": 6}, "margin"),
        (CollateralConverted, {"amount": 10**7}, "I8"),
    ],
)
def test_a_false_word_about_positions_is_noticed(
    auditor: Auditor, losing: list[list[Event]], kind: type[Event], changes: dict[str, object], law: str
) -> None:
    assert law_broken(auditor, changed(losing, kind, **changes)) == law


def test_a_position_that_nothing_backs_and_that_stays_is_noticed(auditor: Auditor, losing: list[list[Event]]) -> None:
    silent = (PositionTakenOver, Deleveraged, DebtTakenOver)
    kept = [event for batch in losing for event in batch if not isinstance(event, silent)]
    assert law_broken(auditor, kept) == "margin"
