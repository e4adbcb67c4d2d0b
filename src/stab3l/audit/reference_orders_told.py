"""The event of an accepted order."""

from __future__ import annotations

from stab3l.audit.reference_book import Order
from stab3l.audit.reference_state import State
from stab3l.engine.wire import OrderAccepted


def accepted(state: State, order: Order) -> OrderAccepted:
    """The event of a new order."""
    return OrderAccepted(
        state.sequence,
        order.id,
        order.account,
        order.market.id,
        order.client_id,
        order.ticks,
        order.lots,
        order.side,
        order.order_type,
        order.time_in_force,
        order.instructions,
        order.self_trade,
        order.label,
        order.good_till,
        order.trigger_ticks,
    )
