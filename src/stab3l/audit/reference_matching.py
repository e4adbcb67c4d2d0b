"""Matching in the reference exchange: price, then turn; at the maker's price."""

from __future__ import annotations

from stab3l.audit.reference_book import Market, Order
from stab3l.audit.reference_closing import close, finish, lose_lots, tell_reduced
from stab3l.audit.reference_derivatives import Instrument
from stab3l.audit.reference_positions import derivative_fees, fill_derivative, held_lots, reducible, reducible_of
from stab3l.audit.reference_protection import FillForecast, count_fill
from stab3l.audit.reference_schedule import death_of
from stab3l.audit.reference_state import FEES, State
from stab3l.engine.wire import CloseReason, Instruction, OrderType, SelfTrade, Side, Trade


def enter(state: State, order: Order) -> None:
    """Match an order that is in no queue, and let what is left rest or close."""
    order.order_type, order.trigger_ticks = OrderType.LIMIT, 0
    if not clip_taker(state, order) or not match(state, order):
        return
    if order.lots == 0:
        finish(state, order, CloseReason.FILLED)
    elif order.time_in_force.rests:
        state.arrivals += 1
        order.arrival = state.arrivals
        state.let_in(order)
        order.market.join(order)
    else:
        finish(state, order, CloseReason.IMMEDIATE_REST)


def clip_taker(state: State, order: Order) -> bool:
    """Take off a reduce-only order what it could not close; whether anything is left."""
    if order.told(Instruction.REDUCE_ONLY):
        allowed = reducible(state, order)
        if allowed == 0:
            order.lots = 0
            finish(state, order, CloseReason.REDUCE_ONLY)
            return False
        if allowed < order.lots:
            order.lots = allowed
            tell_reduced(state, order, CloseReason.REDUCE_ONLY)
    return True


def clip_maker(state: State, maker: Order) -> bool:
    """The same of a resting order that a taker meets; whether it is still there."""
    if maker.told(Instruction.REDUCE_ONLY):
        allowed = reducible(state, maker)
        if allowed == 0:
            close(state, maker, CloseReason.REDUCE_ONLY)
            return False
        if allowed < maker.lots:
            maker.lots = allowed
            tell_reduced(state, maker, CloseReason.REDUCE_ONLY)
    return True


def match(state: State, taker: Order) -> bool:
    """Trade as far as prices cross; whether the taker is still open (self-trade prevention may have closed it)."""
    while taker.lots:
        maker = taker.market.best(taker.side.opposite)
        if maker is None or not taker.crosses(maker.ticks):
            return True
        death = death_of(state, maker)
        if death is not None:
            close(state, maker, death)
        elif not clip_maker(state, maker):
            continue
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
    instrument = taker.market.instrument
    if isinstance(instrument, Instrument):
        fees = derivative_fees(maker, taker, lots)
        fill_derivative(state, maker, taker, lots, fees)
        instrument.last_trade = maker.ticks
    else:
        fees = fill_spot(state, maker, taker, lots)
    maker.lots -= lots
    taker.lots -= lots
    tell_trade(state, maker, taker, lots, fees)
    if maker.lots == 0:
        close(state, maker, CloseReason.FILLED)
    count_fill(state, maker, lots)


def fill_spot(state: State, maker: Order, taker: Order, lots: int) -> tuple[int, int]:
    """Exchange base for quote; the maker's and the taker's fee."""
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
    return maker_fee, taker_fee


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
    if taker.told(Instruction.REDUCE_ONLY) and wanted > reducible(state, taker):
        return False
    forecast = FillForecast(state, market)
    positions = PositionForecast(state, taker)
    for maker in market.queues[taker.side.opposite]:
        if wanted <= 0 or not taker.crosses(maker.ticks):
            break
        if death_of(state, maker) is not None or forecast.gone(maker):
            continue
        allowed = positions.allowed(maker)
        if allowed == 0:
            continue
        if maker.account == taker.account and taker.self_trade != SelfTrade.NONE:
            if taker.self_trade in (SelfTrade.CANCEL_TAKER, SelfTrade.CANCEL_BOTH):
                break
            continue
        lots = min(wanted, allowed)
        forecast.fill(maker, lots)
        positions.fill(maker, lots)
        wanted -= lots
    return wanted <= 0


class PositionForecast:
    """What a taker's fills would make of the makers' positions, without touching them."""

    def __init__(self, state: State, taker: Order) -> None:
        self.state = state
        self.taker = taker
        self._lots: dict[int, int] = {}

    def lots(self, account: int) -> int:
        """An account's lots as they would be."""
        return self._lots.get(account, held_lots(self.state, account, self.taker.market.id))

    def allowed(self, maker: Order) -> int:
        """How many lots of a maker could trade then."""
        if not maker.told(Instruction.REDUCE_ONLY):
            return maker.lots
        return min(maker.lots, reducible_of(maker.side, self.lots(maker.account)))

    def fill(self, maker: Order, lots: int) -> None:
        """Count a fill."""
        for order in (maker, self.taker):
            signed = lots if order.side == Side.BUY else -lots
            self._lots[order.account] = self.lots(order.account) + signed


def fee_up(received: int, fee_ppm: int) -> int:
    """The fee on what a side receives, rounded up to a whole base unit."""
    return -(-received * fee_ppm // 10**6)
