"""Trading on the reference exchange, worked out by hand from docs/reference/engine.md."""

from __future__ import annotations

from msgspec.structs import replace

from stab3l.audit.reference_exchange import ReferenceExchange
from stab3l.audit.reference_queries import ReferenceQueries
from stab3l.audit.reference_state import FEES
from stab3l.engine.wire import (
    Cancel,
    CloseReason,
    Event,
    ListMarket,
    MarketStatus,
    OrderAccepted,
    OrderClosed,
    OrderType,
    Outcome,
    OutcomeCode,
    SetMarketStatus,
    Side,
    TimeInForce,
    Trade,
)
from stab3l.testing.trading_desk import BASE, LOT, MARKET, MAX_LOTS, QUOTE, TICK, TradingDesk

BUYER, SELLER = 3, 4


def funded(desk: TradingDesk, *, base: int = 100 * LOT, quote: int = 1_000_000) -> None:
    """The buyer holds quote, the seller base."""
    assert desk.fund(1, QUOTE, quote) == BUYER
    assert desk.fund(2, BASE, base) == SELLER


def amounts(exchange: ReferenceExchange, account: int, asset: int) -> tuple[int, int]:
    balance = exchange.balance(account, asset)
    return balance.available, balance.held


def levels(exchange: ReferenceExchange, side: Side) -> list[tuple[int, int]]:
    """(ticks, lots) of one side's price levels."""
    return [(ticks, lots) for ticks, lots, _ in ReferenceQueries(exchange).book(MARKET, 99)[side]]


def trades(events: list[Event]) -> list[Trade]:
    return [event for event in events if isinstance(event, Trade)]


def test_a_resting_buy_holds_its_notional(exchange: ReferenceExchange, desk: TradingDesk) -> None:
    funded(desk)
    desk.accepted(desk.order(BUYER, Side.BUY, 5, 70))
    assert amounts(exchange, BUYER, QUOTE) == (1_000_000 - 5 * 70 * TICK, 5 * 70 * TICK)
    assert levels(exchange, Side.BUY) == [(70, 5)]


def test_a_resting_sell_holds_its_lots(exchange: ReferenceExchange, desk: TradingDesk) -> None:
    funded(desk)
    desk.accepted(desk.order(SELLER, Side.SELL, 5, 70))
    assert amounts(exchange, SELLER, BASE) == (95 * LOT, 5 * LOT)


def test_a_trade_settles_both_sides_at_the_makers_price(exchange: ReferenceExchange, desk: TradingDesk) -> None:
    """Sell 5 at 60 rests; buy 8 up to 70 takes 5 at 60 and rests 3 at 70.

    Base 5,000: taker fee ceil(5,000 x 250 / 10^6) = 2. Quote 5 x 60 x 3 = 900: maker fee ceil(0.09) = 1.
    The buyer's hold was 8 x 70 x 3 = 1,680; 3 x 70 x 3 = 630 stays held and 1,680 - 630 - 900 = 150 comes back.
    """
    funded(desk)
    desk.accepted(desk.order(SELLER, Side.SELL, 5, 60))
    sequence = exchange.sequence + 1
    request = desk.order(BUYER, Side.BUY, 8, 70)
    events = desk.accepted(request)
    kinds = (Side.BUY, OrderType.LIMIT, TimeInForce.GTC)
    assert events == [
        Outcome(sequence, OutcomeCode.ACCEPTED, 5, 2, desk.now),
        OrderAccepted(sequence, 2, BUYER, MARKET, request.client_id, 70, 8, *kinds),
        Trade(sequence, 1, MARKET, Side.BUY, 1, 2, SELLER, BUYER, 60, 5, 1, 2),
        OrderClosed(sequence, 1, SELLER, MARKET, 0, CloseReason.FILLED),
    ]
    assert amounts(exchange, BUYER, BASE) == (4_998, 0)
    assert amounts(exchange, BUYER, QUOTE) == (1_000_000 - 900 - 630, 630)
    assert amounts(exchange, SELLER, BASE) == (95 * LOT, 0)
    assert amounts(exchange, SELLER, QUOTE) == (899, 0)
    assert amounts(exchange, FEES, BASE) == (2, 0)
    assert amounts(exchange, FEES, QUOTE) == (1, 0)
    assert levels(exchange, Side.BUY) == [(70, 3)]
    assert levels(exchange, Side.SELL) == []


def test_a_selling_taker_pays_its_fee_in_quote(exchange: ReferenceExchange, desk: TradingDesk) -> None:
    """Quote 10 x 1,000 x 3 = 30,000: taker fee ceil(7.5) = 8; base 10,000: maker fee 1."""
    funded(desk)
    desk.accepted(desk.order(BUYER, Side.BUY, 10, 1_000))
    trade = trades(desk.accepted(desk.order(SELLER, Side.SELL, 10, 900)))[0]
    assert (trade.taker_side, trade.ticks, trade.maker_fee, trade.taker_fee) == (Side.SELL, 1_000, 1, 8)
    assert amounts(exchange, SELLER, QUOTE) == (29_992, 0)
    assert amounts(exchange, BUYER, BASE) == (9_999, 0)
    assert amounts(exchange, BUYER, QUOTE) == (970_000, 0)


def test_better_prices_trade_first_then_earlier_orders(desk: TradingDesk) -> None:
    funded(desk)
    for ticks in (61, 60, 60, 59):
        desk.accepted(desk.order(SELLER, Side.SELL, 1, ticks))
    events = desk.accepted(desk.order(BUYER, Side.BUY, 4, 60))
    assert [(trade.maker_order, trade.ticks) for trade in trades(events)] == [(4, 59), (2, 60), (3, 60)]


def test_a_selling_taker_takes_the_highest_bid_first(desk: TradingDesk) -> None:
    funded(desk)
    for ticks in (59, 61, 60, 61):
        desk.accepted(desk.order(BUYER, Side.BUY, 1, ticks))
    events = desk.accepted(desk.order(SELLER, Side.SELL, 3, 60))
    assert [trade.maker_order for trade in trades(events)] == [2, 4, 3]


def test_a_partly_filled_maker_keeps_its_place(desk: TradingDesk) -> None:
    funded(desk)
    desk.accepted(desk.order(SELLER, Side.SELL, 5, 60))
    desk.accepted(desk.order(SELLER, Side.SELL, 5, 60))
    desk.accepted(desk.order(BUYER, Side.BUY, 2, 60))
    events = desk.accepted(desk.order(BUYER, Side.BUY, 4, 60))
    assert [(trade.maker_order, trade.lots) for trade in trades(events)] == [(1, 3), (2, 1)]


def test_an_order_filled_at_once_never_rests(exchange: ReferenceExchange, desk: TradingDesk) -> None:
    funded(desk)
    desk.accepted(desk.order(SELLER, Side.SELL, 5, 60))
    events = desk.accepted(desk.order(BUYER, Side.BUY, 5, 65))
    assert [type(event) for event in events] == [Outcome, OrderAccepted, Trade, OrderClosed, OrderClosed]
    assert [event.order for event in events if isinstance(event, OrderClosed)] == [1, 2]
    assert amounts(exchange, BUYER, QUOTE) == (1_000_000 - 900, 0)


def test_an_immediate_orders_rest_is_cancelled_and_its_hold_returned(
    exchange: ReferenceExchange, desk: TradingDesk
) -> None:
    funded(desk)
    desk.accepted(desk.order(SELLER, Side.SELL, 5, 60))
    for order_type in (OrderType.LIMIT, OrderType.MARKET):
        events = desk.accepted(desk.immediate(BUYER, Side.BUY, 4, 60, order_type=order_type))
    rest_cancelled = CloseReason.IMMEDIATE_REST
    assert events[-1] == OrderClosed(exchange.sequence, 3, BUYER, MARKET, 3, rest_cancelled)
    assert amounts(exchange, BUYER, QUOTE) == (1_000_000 - 900, 0)
    assert levels(exchange, Side.BUY) == []


def test_a_market_order_never_pays_beyond_its_protection_price(desk: TradingDesk) -> None:
    funded(desk)
    desk.accepted(desk.order(SELLER, Side.SELL, 1, 60))
    desk.accepted(desk.order(SELLER, Side.SELL, 1, 62))
    events = desk.accepted(desk.immediate(BUYER, Side.BUY, 2, 61, order_type=OrderType.MARKET))
    assert [trade.ticks for trade in trades(events)] == [60]


def test_an_account_may_trade_with_itself(exchange: ReferenceExchange, desk: TradingDesk) -> None:
    funded(desk)
    assert desk.fund(1, BASE, 10 * LOT) == BUYER
    desk.accepted(desk.order(BUYER, Side.SELL, 10, 60))
    trade = trades(desk.accepted(desk.order(BUYER, Side.BUY, 10, 60)))[0]
    assert trade.maker_account == trade.taker_account == BUYER
    assert amounts(exchange, BUYER, BASE) == (10 * LOT - trade.taker_fee, 0)
    assert amounts(exchange, BUYER, QUOTE) == (1_000_000 - trade.maker_fee, 0)


def test_a_cancelled_order_gives_back_all_that_it_held(exchange: ReferenceExchange, desk: TradingDesk) -> None:
    funded(desk)
    desk.accepted(desk.order(SELLER, Side.SELL, 5, 60))
    desk.accepted(desk.order(BUYER, Side.BUY, 2, 60))
    events = desk.accepted(Cancel(SELLER, 1))
    assert isinstance(events[0], Outcome)
    assert events[0].id == 1
    assert events[1] == OrderClosed(exchange.sequence, 1, SELLER, MARKET, 3, CloseReason.CANCELLED)
    assert amounts(exchange, SELLER, BASE) == (98 * LOT, 0)
    assert desk.code(Cancel(SELLER, 1)) == OutcomeCode.ORDER_UNKNOWN


def test_nobody_cancels_anothers_order(desk: TradingDesk) -> None:
    funded(desk)
    desk.accepted(desk.order(SELLER, Side.SELL, 5, 60))
    assert desk.code(Cancel(BUYER, 1)) == OutcomeCode.ORDER_UNKNOWN
    assert desk.code(Cancel(SELLER, 1)) == OutcomeCode.ACCEPTED


def test_a_halted_market_takes_cancels_only(desk: TradingDesk) -> None:
    funded(desk)
    desk.accepted(desk.order(SELLER, Side.SELL, 5, 60))
    desk.accepted(SetMarketStatus(MARKET, MarketStatus.HALTED))
    assert desk.code(desk.order(BUYER, Side.BUY, 1, 60)) == OutcomeCode.MARKET_HALTED
    assert desk.code(Cancel(SELLER, 1)) == OutcomeCode.ACCEPTED
    desk.accepted(SetMarketStatus(MARKET, MarketStatus.OPEN))
    assert desk.code(desk.order(BUYER, Side.BUY, 1, 60)) == OutcomeCode.ACCEPTED


def test_an_order_may_hold_the_last_unit_and_no_more(desk: TradingDesk) -> None:
    funded(desk, quote=5 * 60 * TICK)
    assert desk.code(desk.order(BUYER, Side.BUY, 5, 61)) == OutcomeCode.FUNDS_SHORT
    assert desk.code(desk.order(BUYER, Side.BUY, 5, 60)) == OutcomeCode.ACCEPTED
    assert desk.code(desk.order(BUYER, Side.BUY, 1, 1)) == OutcomeCode.FUNDS_SHORT


def test_a_sell_beyond_any_balance_is_short_of_funds(desk: TradingDesk) -> None:
    funded(desk)
    desk.accepted(ListMarket(QUOTE, BASE, 10**30, 1, 0, 0, 10**12))
    order = replace(desk.order(BUYER, Side.SELL, 10**12, 1), market=1)
    assert desk.code(order) == OutcomeCode.FUNDS_SHORT


def test_the_largest_amounts_trade_without_overflow(exchange: ReferenceExchange, desk: TradingDesk) -> None:
    """A lot of 10^30 x 10^7 lots against a notional of 10^7 x 10^12 x 10^18: fees of 10 % are products near 2^140."""
    desk.accepted(ListMarket(BASE, QUOTE + 1, 10**30, 10**18, 100_000, 100_000, 10**12))
    lots, ticks = 10**8, 10**12
    buyer, seller = desk.fund(1, QUOTE + 1, lots * ticks * 10**18), desk.fund(2, BASE, lots * 10**30)
    desk.accepted(replace(desk.order(seller, Side.SELL, lots, ticks), market=1))
    trade = trades(desk.accepted(replace(desk.order(buyer, Side.BUY, lots, ticks), market=1)))[0]
    assert (trade.maker_fee, trade.taker_fee) == (10**37, 10**37)
    assert amounts(exchange, buyer, BASE) == (9 * 10**37, 0)


def test_a_fee_may_take_all_of_a_single_unit(exchange: ReferenceExchange, desk: TradingDesk) -> None:
    """Lot 1, tick 1: the buyer's one unit is its fee, rounded up; nothing is credited, so it gets no balance slot."""
    desk.accepted(ListMarket(BASE, QUOTE + 1, 1, 1, 0, 1, MAX_LOTS))
    buyer, seller = desk.fund(1, QUOTE + 1, 100), desk.fund(2, BASE, 100)
    desk.accepted(replace(desk.order(seller, Side.SELL, 1, 5), market=1))
    desk.accepted(replace(desk.order(buyer, Side.BUY, 1, 5), market=1))
    assert list(exchange.balances) == [(buyer, QUOTE + 1), (seller, BASE), (seller, QUOTE + 1), (FEES, BASE)]
    assert amounts(exchange, FEES, BASE) == (1, 0)
