"""Conditional orders of the reference exchange: they wait outside the book until the mark reaches their trigger."""

from __future__ import annotations

from typing import Final

from stab3l.audit.reference_book import Market, Order
from stab3l.audit.reference_closing import close, take_off
from stab3l.audit.reference_derivatives import Instrument
from stab3l.audit.reference_matching import enter
from stab3l.audit.reference_schedule import death_of
from stab3l.audit.reference_state import State
from stab3l.engine.wire import MarkChanged, MarketStatus, OrderTriggered, OrderType, Side

TRIGGERED_MAX: Final = 1_024
STOPS: Final = (OrderType.STOP_MARKET, OrderType.STOP_LIMIT)


def condition_holds(market: Market, order: Order) -> bool:
    """Whether a conditional order's trigger is reached; never without a mark."""
    if not has_mark(market):
        return False
    upwards = (order.order_type in STOPS) == (order.side == Side.BUY)
    return market.mark >= order.trigger_ticks if upwards else market.mark <= order.trigger_ticks


def has_mark(market: Market) -> bool:
    """Whether a market has a mark; an option's may be zero once it was given."""
    if isinstance(market.instrument, Instrument) and market.instrument.is_option:
        return market.instrument.given
    return market.mark != 0


def await_trigger(state: State, order: Order) -> None:
    """Let an order wait."""
    state.let_in(order)
    order.market.waiting[order.id] = order


def change_mark(state: State, market: Market, ticks: int) -> None:
    """Set a market's mark and let it wake who waited for it."""
    market.mark = ticks
    state.emit(MarkChanged(state.sequence, market.id, ticks))
    trigger(state, market)


def trigger(state: State, market: Market) -> None:
    """Match the waiting orders whose condition holds, oldest first; the dead are closed on the way."""
    if market.status == MarketStatus.HALTED:
        return
    awake = [order for _, order in sorted(market.waiting.items()) if condition_holds(market, order)]
    triggered = 0
    for order in awake:
        if triggered == TRIGGERED_MAX:
            return
        death = death_of(state, order)
        if death is not None:
            close(state, order, death)
            continue
        triggered += 1
        take_off(state, order)
        state.emit(OrderTriggered(state.sequence, order.id, order.account, market.id))
        enter(state, order)
