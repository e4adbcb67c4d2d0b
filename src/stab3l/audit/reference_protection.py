"""Market-maker protection in the reference exchange."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from stab3l.audit.reference_book import Market, Order
from stab3l.audit.reference_closing import close
from stab3l.audit.reference_requests import remember, request_breaks
from stab3l.audit.reference_state import Protection, State
from stab3l.engine.wire import (
    U64_MAX,
    CloseReason,
    Instruction,
    OutcomeCode,
    ProtectionSet,
    ProtectionTriggered,
    SetProtection,
)

MARKET_MAXIMA: int = 1_000
"""How many of a market's largest orders a protection may count up to."""


def protection_breaks(state: State, request: SetProtection) -> Iterator[OutcomeCode]:
    """What is wrong with a protection."""
    yield from request_breaks(state, request)
    if request.market >= len(state.markets):
        yield OutcomeCode.MARKET_UNKNOWN
    elif request.max_lots > state.markets[request.market].max_lots * MARKET_MAXIMA:
        yield OutcomeCode.QUANTITY_TOO_LARGE


def accept_protection(state: State, request: SetProtection) -> int:
    """Set a protection anew, or remove it; the account."""
    key = request.account, request.market
    state.protections.pop(key, None)
    if request.max_lots:
        state.protections[key] = Protection(request.window, request.max_lots, request.frozen)
    state.emit(ProtectionSet(state.sequence, *key, request.window, request.max_lots, request.frozen))
    return remember(state, request, request.account)


def frozen(state: State, account: int, market: int) -> bool:
    """Whether the account's protected orders are refused in the market."""
    protection = state.protections.get((account, market))
    return protection is not None and protection.frozen_until > state.now


def count_fill(state: State, maker: Order, lots: int) -> None:
    """Count a fill of a resting order, which may be the one too many."""
    protection = state.protections.get((maker.account, maker.market.id))
    if protection is None or not maker.told(Instruction.PROTECTED) or not counted(protection, lots, state.now):
        return
    protection.frozen_until = min(state.now + protection.frozen, U64_MAX)
    state.emit(ProtectionTriggered(state.sequence, maker.account, maker.market.id, protection.frozen_until))
    for order in protected_orders(maker.market, maker.account):
        close(state, order, CloseReason.PROTECTION)


def counted(protection: Protection, lots: int, now: int) -> bool:
    """Count lots; whether they are too many, which starts the count anew."""
    if protection.counted == 0 or now >= min(protection.window_start + protection.window, U64_MAX):
        protection.window_start, protection.counted = now, 0
    protection.counted += lots
    too_many = protection.counted >= protection.max_lots
    if too_many:
        protection.counted = 0
    return too_many


def protected_orders(market: Market, account: int) -> list[Order]:
    """An account's protected orders in a market's queues, by id."""
    own = [
        order
        for queue in market.queues.values()
        for order in queue
        if order.account == account and order.told(Instruction.PROTECTED)
    ]
    return sorted(own, key=lambda order: order.id)


class FillForecast:
    """What protections would do to a taker on its way through the makers, without touching them."""

    def __init__(self, state: State, market: Market) -> None:
        self.state = state
        self.market = market
        self._copies: dict[int, Protection] = {}
        self._gone: set[int] = set()

    def gone(self, maker: Order) -> bool:
        """Whether an earlier fill would have cancelled this maker."""
        return maker.told(Instruction.PROTECTED) and maker.account in self._gone

    def fill(self, maker: Order, lots: int) -> None:
        """Count what the taker would trade with a maker."""
        protection = self.state.protections.get((maker.account, self.market.id))
        if protection is None or not maker.told(Instruction.PROTECTED):
            return
        copy = self._copies.setdefault(maker.account, replace(protection))
        if counted(copy, lots, self.state.now):
            self._gone.add(maker.account)
