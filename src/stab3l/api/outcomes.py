"""What the engine's events mean to whoever asked: the outcome, and what became of an order."""

from __future__ import annotations

from typing import Literal

from stab3l.api.answers import Fill, OrderPlaced, OrderState
from stab3l.api.catalogue import NamedMarket
from stab3l.api.problems import Problem
from stab3l.engine.wire import (
    CloseReason,
    Event,
    OrderAccepted,
    OrderAmended,
    OrderClosed,
    OrderReduced,
    Outcome,
    Side,
    Trade,
)


def outcome_of(events: list[Event]) -> tuple[Outcome, list[Event]]:
    """The outcome and the events that follow it. Raises `Problem` when there is none."""
    first, *rest = events
    if not isinstance(first, Outcome):
        raise Problem("submission_unknown", "the exchange's answer does not begin with an outcome")
    return first, rest


def order_done(market: NamedMarket, client_id: int, lots: int, outcome: Outcome, events: list[Event]) -> OrderPlaced:
    """What became of an order that was placed or amended to ``lots`` lots."""
    order, left, ticks = outcome.id, lots, 0
    closed: CloseReason | None = None
    fills = []
    for event in events:
        match event:
            case OrderAccepted() | OrderAmended() if event.order == order:
                ticks = event.ticks
            case Trade() if event.taker_order == order:
                left -= event.lots
                fills.append(event)
            case OrderReduced() if event.order == order:
                left = event.lots_left
            case OrderClosed() if event.order == order:
                left, closed = event.lots_left, event.reason
            case _:
                pass
    return OrderPlaced(
        order_id=str(order),
        client_id=str(client_id),
        market=market.symbol,
        price=market.price(ticks),
        state=order_state(closed),
        filled=market.quantity(sum(trade.lots for trade in fills)),
        remaining=market.quantity(left),
        fills=[
            Fill(str(one.trade), market.price(one.ticks), market.quantity(one.lots), str(one.taker_fee))
            for one in fills
        ],
        repeated=False,
        sequence=str(outcome.sequence),
        at=str(outcome.at),
    )


def order_state(closed: CloseReason | None) -> OrderState:
    """The state of an order that was closed for this reason, or not yet."""
    if closed is None:
        return "open"
    if closed == CloseReason.FILLED:
        return "filled"
    return "expired" if closed == CloseReason.EXPIRED else "cancelled"


def side_name(side: int) -> Literal["buy", "sell"]:
    """An engine side by name."""
    return "buy" if side == Side.BUY else "sell"
