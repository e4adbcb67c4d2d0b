"""Matching in the reference exchange: price, then turn; at the maker's price."""

from __future__ import annotations

from stab3l.audit.reference_book import Market, Order
from stab3l.audit.reference_closing import close, finish, lose_lots, tell_reduced
from stab3l.audit.reference_protection import FillForecast, count_fill
from stab3l.audit.reference_schedule import death_of
from stab3l.audit.reference_state import FEES, State
from stab3l.engine.wire import CloseReason, OrderType, SelfTrade, Side, Trade


def enter(state: State, order: Order) -> None:
    """Match an order that is in no queue, and let what is left rest or close."""
    order.order_type, order.trigger_ticks = OrderType.LIMIT, 0
    if not match(state, order):
        return
    if order.lots == 0:
        finish(state, order, CloseReason.FILLED)
    elif order.time_in_force.rests:
        state.arrivals += 1
        order.arrival = state.arrivals
        state.open[order.id] = order
        order.market.join(order)
    else:
        finish(state, order, CloseReason.IMMEDIATE_REST)


def match(state: State, taker: Order) -> bool:
    """Trade as far as prices cross; whether the taker is still open (self-trade prevention may have closed it)."""
    while taker.lots:
        maker = taker.market.best(taker.side.opposite)
        if maker is None or not taker.crosses(maker.ticks):
            return True
        death = death_of(state, maker)
        if death is not None:
            close(state, maker, death)
        elif maker.account == taker.account and taker.self_trade != SelfTrade.NONE:
            if not prevent_self_trade(state, maker, taker):
                return False
        else:
            fill(state, maker, taker, min(maker.lots, taker.lots))
    return True


def prevent_self_trade(state: State, maker: Order, taker: Order) -> bool:
    """Keep two orders of one account from trading, as the taker wishes; whether the taker is still open."""
    if taker.self_trade == SelfTrade.DECREMENT:
        return decrement(state, maker, taker)
    if taker.self_trade in (SelfTrade.CANCEL_MAKER, SelfTrade.CANCEL_BOTH):
        close(state, maker, CloseReason.SELF_TRADE)
    if taker.self_trade == SelfTrade.CANCEL_MAKER:
        return True
    finish(state, taker, CloseReason.SELF_TRADE)
    return False


def decrement(state: State, maker: Order, taker: Order) -> bool:
    """Both lose what they would have traded; whether the taker is still open."""
    lots = min(maker.lots, taker.lots)
    lose_lots(state, maker, lots)
    lose_lots(state, taker, lots)
    if maker.lots:
        tell_reduced(state, maker, CloseReason.SELF_TRADE)
    else:
        close(state, maker, CloseReason.SELF_TRADE)
    if taker.lots:
        tell_reduced(state, taker, CloseReason.SELF_TRADE)
        return True
    finish(state, taker, CloseReason.SELF_TRADE)
    return False


def fill(state: State, maker: Order, taker: Order, lots: int) -> None:
    """Trade lots at the maker's price."""
    market = taker.market
    base, quote = lots * market.lot, market.notional(lots, maker.ticks)
    maker_buys = maker.side == Side.BUY
    buyer, seller = (maker, taker) if maker_buys else (taker, maker)
    maker_fee = fee_up(base if maker_buys else quote, market.maker_fee_ppm)
    taker_fee = fee_up(quote if maker_buys else base, market.taker_fee_ppm)
    base_fee, quote_fee = (maker_fee, taker_fee) if maker_buys else (taker_fee, maker_fee)
    state.release(buyer.account, market.quote, market.notional(lots, buyer.ticks))
    state.debit(buyer.account, market.quote, quote)
    state.release(seller.account, market.base, base)
    state.debit(seller.account, market.base, base)
    state.credit(buyer.account, market.base, base - base_fee)
    state.credit(seller.account, market.quote, quote - quote_fee)
    state.credit(FEES, market.base, base_fee)
    state.credit(FEES, market.quote, quote_fee)
    maker.lots -= lots
    taker.lots -= lots
    tell_trade(state, maker, taker, lots, (maker_fee, taker_fee))
    if maker.lots == 0:
        close(state, maker, CloseReason.FILLED)
    count_fill(state, maker, lots)


def tell_trade(state: State, maker: Order, taker: Order, lots: int, fees: tuple[int, int]) -> None:
    """Number a trade and tell it."""
    state.trades += 1
    state.emit(
        Trade(
            state.sequence,
            state.trades,
            taker.market.id,
            taker.side,
            maker.id,
            taker.id,
            maker.account,
            taker.account,
            maker.ticks,
            lots,
            *fees,
        )
    )


def fillable(state: State, market: Market, taker: Order) -> bool:
    """Whether a taker that is in no queue would trade all of its lots (fill or kill)."""
    wanted = taker.lots
    forecast = FillForecast(state, market)
    for maker in market.queues[taker.side.opposite]:
        if wanted <= 0 or not taker.crosses(maker.ticks):
            break
        if death_of(state, maker) is not None or forecast.gone(maker):
            continue
        if maker.account == taker.account and taker.self_trade != SelfTrade.NONE:
            if taker.self_trade in (SelfTrade.CANCEL_TAKER, SelfTrade.CANCEL_BOTH):
                break
            continue
        lots = min(wanted, maker.lots)
        forecast.fill(maker, lots)
        wanted -= lots
    return wanted <= 0


def fee_up(received: int, fee_ppm: int) -> int:
    """The fee on what a side receives, rounded up to a whole base unit."""
    return -(-received * fee_ppm // 10**6)
