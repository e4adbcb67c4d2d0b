"""How an order leaves the reference exchange, or loses lots without trading: its hold goes back."""

from __future__ import annotations

from stab3l.audit.reference_book import Order
from stab3l.audit.reference_state import State
from stab3l.engine.wire import CloseReason, OrderClosed, OrderReduced


def close(state: State, order: Order, reason: CloseReason) -> None:
    """Close an order that rests or waits."""
    take_off(state, order)
    finish(state, order, reason)


def take_off(state: State, order: Order) -> None:
    """Take an order off the market's queues."""
    state.let_out(order)
    order.market.leave(order)


def finish(state: State, order: Order, reason: CloseReason) -> None:
    """Close an order that is in no queue, and return what it still holds."""
    return_hold(state, order, order.lots)
    state.emit(OrderClosed(state.sequence, order.id, order.account, order.market.id, order.lots, reason))


def lose_lots(state: State, order: Order, lots: int) -> None:
    """Take lots from an order and return their hold."""
    return_hold(state, order, lots)
    order.lots -= lots


def tell_reduced(state: State, order: Order, reason: CloseReason) -> None:
    """Say that an order lost lots."""
    state.emit(OrderReduced(state.sequence, order.id, order.account, order.market.id, order.lots, reason))


def take_hold(state: State, order: Order) -> None:
    """Hold what an order may cost; a derivative order reserves margin instead (`Order.per_lot`)."""
    if order.market.instrument is None:
        state.hold(order.account, *order.market.hold(order.side, order.lots, order.ticks))


def return_hold(state: State, order: Order, lots: int) -> None:
    """Return the hold of some of an order's lots."""
    if order.market.instrument is None:
        state.release(order.account, *order.market.hold(order.side, lots, order.ticks))
