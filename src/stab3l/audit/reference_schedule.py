"""Time in the reference exchange: when orders die, and the sweep that buries them."""

from __future__ import annotations

from collections.abc import Iterator

from stab3l.audit.reference_book import Order
from stab3l.audit.reference_closing import close
from stab3l.audit.reference_requests import remember, request_breaks
from stab3l.audit.reference_state import State
from stab3l.engine.wire import CancelScheduled, CloseReason, OutcomeCode, ScheduleCancel, Sweep


def death_of(state: State, order: Order) -> CloseReason | None:
    """Why an order is dead by now; none while it is live."""
    if order.good_till and order.good_till <= state.now:
        return CloseReason.EXPIRED
    if schedule_due(state, order.account):
        return CloseReason.SCHEDULED
    return None


def schedule_due(state: State, account: int) -> bool:
    """Whether the account's scheduled cancel has come, and no sweep since."""
    at = state.schedules.get(account)
    return at is not None and at <= state.now


def schedule_breaks(state: State, request: ScheduleCancel) -> Iterator[OutcomeCode]:
    """What is wrong with a schedule."""
    yield from request_breaks(state, request)
    if (request.at and request.at <= state.now) or schedule_due(state, request.account):
        yield OutcomeCode.TIME_PAST


def accept_schedule(state: State, request: ScheduleCancel) -> int:
    """Set or clear an account's scheduled cancel; the account."""
    if request.at:
        state.schedules[request.account] = request.at
    else:
        state.schedules.pop(request.account, None)
    state.emit(CancelScheduled(state.sequence, request.account, request.at))
    return remember(state, request, request.account)


def accept_sweep(state: State, command: Sweep) -> int:
    """Close orders that are dead, at most ``limit``: the expired first; how many."""
    expired = [order for order in state.open.values() if order.good_till and order.good_till <= state.now]
    expired.sort(key=lambda order: (order.good_till, order.id))
    for order in expired[: command.limit]:
        close(state, order, CloseReason.EXPIRED)
    closed = min(len(expired), command.limit)
    for at, account in sorted((at, account) for account, at in state.schedules.items()):
        if at > state.now:
            break
        own = state.own_orders(account)
        for order in own[: command.limit - closed]:
            close(state, order, CloseReason.SCHEDULED)
        if len(own) > command.limit - closed:
            return command.limit
        closed += len(own)
        del state.schedules[account]
    return closed
