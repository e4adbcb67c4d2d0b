"""Placing, amending and cancelling orders on the reference exchange."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from stab3l.audit.reference_book import Market, Order
from stab3l.audit.reference_closing import close, lose_lots, return_hold, take_hold, take_off
from stab3l.audit.reference_derivatives import Instrument
from stab3l.audit.reference_limits import LOTS_MAX, PPM, TICKS_MAX
from stab3l.audit.reference_margin import order_margin_short, outflow_margin_short, per_lot
from stab3l.audit.reference_matching import enter, fillable
from stab3l.audit.reference_orders_told import accepted
from stab3l.audit.reference_positions import held_lots, reducible
from stab3l.audit.reference_protection import frozen
from stab3l.audit.reference_requests import remember, request_breaks
from stab3l.audit.reference_schedule import death_of, schedule_due
from stab3l.audit.reference_state import AMOUNT_MAX, State
from stab3l.audit.reference_waiting import await_trigger, condition_holds, has_mark
from stab3l.engine.wire import (
    ALL_MARKETS,
    Amend,
    Cancel,
    CancelAll,
    CloseReason,
    Instruction,
    MarketStatus,
    OrderAmended,
    OutcomeCode,
    Place,
    Side,
    SideChoice,
    TimeInForce,
)

DERIVATIVE_NOTIONAL_MAX: Final = 2**95 - 1


def place_breaks(state: State, request: Place) -> Iterator[OutcomeCode]:
    """What is wrong with a new order."""
    yield from request_breaks(state, request)
    if schedule_due(state, request.account):
        yield OutcomeCode.TIME_PAST
    if request.market >= len(state.markets):
        yield OutcomeCode.MARKET_UNKNOWN
        return
    market = state.markets[request.market]
    order = order_of(state, request)
    yield from terms_break(state, order, lots_before=open_lots(state, order))
    if request.trigger_ticks > TICKS_MAX:
        yield OutcomeCode.PRICE_TOO_LARGE
    if request.good_till and request.good_till <= state.now:
        yield OutcomeCode.GOOD_TILL_PAST
    if order.told(Instruction.REDUCE_ONLY) and (market.instrument is None or not reducible(state, order)):
        yield OutcomeCode.REDUCE_ONLY_REFUSED
    if order.told(Instruction.PROTECTED) and frozen(state, request.account, market.id):
        yield OutcomeCode.PROTECTION_ACTIVE
    order.ticks = slid_ticks(order)
    if would_take(order):
        yield OutcomeCode.POST_ONLY_WOULD_TAKE
    if order.time_in_force == TimeInForce.FOK and not fillable(state, market, order):
        yield OutcomeCode.FILL_OR_KILL_SHORT
    if market.instrument is not None:
        if order_margin_short(state, order):
            yield OutcomeCode.MARGIN_SHORT
        return
    asset, amount = market.hold(order.side, order.lots, order.ticks)
    if state.balance(order.account, asset).available < amount:
        yield OutcomeCode.FUNDS_SHORT
    if outflow_margin_short(state, order.account, asset, amount):
        yield OutcomeCode.MARGIN_SHORT


def open_lots(state: State, order: Order) -> int:
    """The lots of all other open orders of the account in the order's market."""
    return sum(one.lots for one in state.orders_of(order.account) if one.market is order.market and one.id != order.id)


def overflows(state: State, order: Order, lots_before: int) -> bool:
    """Whether an order is larger than what can be counted."""
    notional = order.market.notional(order.lots, order.ticks)
    if order.market.instrument is None:
        return notional > AMOUNT_MAX
    position = abs(held_lots(state, order.account, order.market.id))
    return notional > DERIVATIVE_NOTIONAL_MAX or position + lots_before + order.lots > LOTS_MAX


def untradable(state: State, market: Market) -> Iterator[OutcomeCode]:
    """Why a derivative market takes no orders."""
    instrument = market.instrument
    if isinstance(instrument, Instrument):
        if instrument.settled or state.now >= instrument.expiry:
            yield OutcomeCode.MARKET_EXPIRED
        if instrument.underlying.index == 0 or not has_mark(market):
            yield OutcomeCode.MARKET_UNPRICED


def terms_break(state: State, order: Order, *, lots_before: int) -> Iterator[OutcomeCode]:
    """What is wrong with an order's lots and price in its market, as they are stated."""
    market = order.market
    yield from untradable(state, market)
    if market.status == MarketStatus.HALTED:
        yield OutcomeCode.MARKET_HALTED
    if order.lots == 0:
        yield OutcomeCode.QUANTITY_ZERO
    if order.lots > market.max_lots:
        yield OutcomeCode.QUANTITY_TOO_LARGE
    if order.ticks == 0:
        yield OutcomeCode.PRICE_ZERO
    if order.ticks > TICKS_MAX:
        yield OutcomeCode.PRICE_TOO_LARGE
    if outside_band(market, order):
        yield OutcomeCode.PRICE_OUTSIDE_BAND
    if overflows(state, order, lots_before):
        yield OutcomeCode.NOTIONAL_OVERFLOW


def outside_band(market: Market, order: Order) -> bool:
    """Whether a buy is too far above the mark, or a sell too far below it."""
    if not market.band_ppm or not market.mark:
        return False
    away = market.mark * market.band_ppm // PPM
    return order.ticks > market.mark + away if order.side == Side.BUY else order.ticks < market.mark - away


def would_take(order: Order) -> bool:
    """Whether a post-only order would trade, or has slid to where no price is."""
    best = order.market.best(order.side.opposite)
    crosses = best is not None and order.crosses(best.ticks)
    return order.told(Instruction.POST_ONLY) and (crosses or not 1 <= order.ticks <= TICKS_MAX)


def slid_ticks(order: Order) -> int:
    """The price of an order, one tick off the other side's best when it may slide and would trade."""
    best = order.market.best(order.side.opposite)
    if not order.told(Instruction.SLIDE) or best is None or not order.crosses(best.ticks):
        return order.ticks
    return best.ticks - 1 if order.side == Side.BUY else best.ticks + 1


def order_of(state: State, request: Place) -> Order:
    """The order that a request would make next."""
    return Order(
        state.orders + 1,
        request.account,
        state.markets[request.market],
        request.client_id,
        request.side,
        request.ticks,
        request.lots,
        request.order_type,
        request.time_in_force,
        request.instructions,
        request.self_trade,
        request.label,
        request.good_till,
        request.trigger_ticks,
    )


def accept_place(state: State, request: Place) -> int:
    """Take an order: it matches, rests or waits; its id."""
    order = order_of(state, request)
    order.ticks = slid_ticks(order)
    order.per_lot = per_lot(order)
    state.orders = order.id
    take_hold(state, order)
    state.emit(accepted(state, order))
    if order.order_type.conditional and not condition_holds(order.market, order):
        await_trigger(state, order)
    else:
        enter(state, order)
    return remember(state, request, order.id)


def amend_breaks(state: State, request: Amend) -> Iterator[OutcomeCode]:
    """What is wrong with an amendment."""
    yield from request_breaks(state, request)
    order = own_order(state, request)
    if order is None or death_of(state, order) is not None:
        yield OutcomeCode.ORDER_UNKNOWN
        return
    if order.order_type.conditional:
        yield OutcomeCode.ORDER_NOT_AMENDABLE
    new = amended(order, request)
    yield from terms_break(state, new, lots_before=open_lots(state, new))
    if order.told(Instruction.REDUCE_ONLY) and not reducible(state, order):
        yield OutcomeCode.REDUCE_ONLY_REFUSED
    new.ticks = slid_ticks(new)
    if would_take(new):
        yield OutcomeCode.POST_ONLY_WOULD_TAKE
    if order.market.instrument is not None:
        if order_margin_short(state, new, freed=order.lots * order.per_lot):
            yield OutcomeCode.MARGIN_SHORT
        return
    asset, amount = order.market.hold(new.side, new.lots, new.ticks)
    _, freed = order.market.hold(order.side, order.lots, order.ticks)
    if state.balance(order.account, asset).available + freed < amount:
        yield OutcomeCode.FUNDS_SHORT
    if outflow_margin_short(state, order.account, asset, amount - freed):
        yield OutcomeCode.MARGIN_SHORT


def amended(order: Order, request: Amend) -> Order:
    """The order as its owner wants it."""
    return replace(order, ticks=request.ticks, lots=request.lots)


def accept_amend(state: State, request: Amend) -> int:
    """Change an order: in its place when it only shrinks, else as a taker anew; its id."""
    order = state.open[request.order]
    ticks = slid_ticks(amended(order, request))
    stays = ticks == order.ticks and request.lots <= order.lots
    if stays:
        lose_lots(state, order, order.lots - request.lots)
    else:
        take_off(state, order)
        return_hold(state, order, order.lots)
        order.ticks, order.lots = ticks, request.lots
        take_hold(state, order)
    order.per_lot = per_lot(order)
    state.emit(OrderAmended(state.sequence, order.id, order.account, order.market.id, order.ticks, order.lots))
    if not stays:
        enter(state, order)
    return remember(state, request, order.id)


def own_order(state: State, request: Amend | Cancel) -> Order | None:
    """The order that its owner names, if it rests or waits."""
    order = state.open.get(request.order)
    return order if order is not None and order.account == request.account else None


def cancel_breaks(state: State, cancel: Cancel) -> Iterator[OutcomeCode]:
    """What is wrong with a cancel."""
    if not state.is_user(cancel.account):
        yield OutcomeCode.ACCOUNT_UNKNOWN
    if own_order(state, cancel) is None:
        yield OutcomeCode.ORDER_UNKNOWN


def accept_cancel(state: State, cancel: Cancel) -> int:
    """Close an order; its id."""
    close(state, state.open[cancel.order], CloseReason.CANCELLED)
    return cancel.order


def cancel_all_breaks(state: State, cancel: CancelAll) -> Iterator[OutcomeCode]:
    """What is wrong with a mass cancel."""
    if not state.is_user(cancel.account):
        yield OutcomeCode.ACCOUNT_UNKNOWN
    if cancel.market != ALL_MARKETS and cancel.market >= len(state.markets):
        yield OutcomeCode.MARKET_UNKNOWN


def accept_cancel_all(state: State, cancel: CancelAll) -> int:
    """Close an account's orders, oldest first; how many."""
    named = [
        order
        for order in state.own_orders(cancel.account)
        if cancel.market in (ALL_MARKETS, order.market.id)
        and cancel.label in (0, order.label)
        and cancel.side in (SideChoice.BOTH, order.side)
    ]
    for order in named:
        close(state, order, CloseReason.CANCELLED)
    return len(named)
