"""Expiry in the reference exchange: positions become cash at the settlement price."""

from __future__ import annotations

from collections.abc import Iterator

from stab3l.audit.reference_book import Market
from stab3l.audit.reference_closing import close
from stab3l.audit.reference_derivatives import Instrument, instrument_of
from stab3l.audit.reference_liquidation import liquidate_all
from stab3l.audit.reference_marks import average, count_average
from stab3l.audit.reference_positions import settle_cash
from stab3l.audit.reference_state import State
from stab3l.engine.wire import CloseReason, Expire, MarketSettled, OutcomeCode, PositionSettled


def expire_breaks(state: State, command: Expire) -> Iterator[OutcomeCode]:
    """What is wrong with an expiry."""
    if command.market >= len(state.markets):
        yield OutcomeCode.MARKET_UNKNOWN
        return
    instrument = state.markets[command.market].instrument
    if not isinstance(instrument, Instrument):
        yield OutcomeCode.MARKET_KIND_WRONG
        return
    if instrument.settled:
        yield OutcomeCode.MARKET_EXPIRED
    if state.now < instrument.expiry:
        yield OutcomeCode.MARKET_NOT_DUE
    if instrument.underlying.index == 0:
        yield OutcomeCode.MARKET_UNPRICED


def accept_expire(state: State, command: Expire) -> int:
    """Settle a market; the market."""
    market = state.markets[command.market]
    instrument = instrument_of(market)
    price = instrument.intrinsic(average(instrument, state.now))
    count_average(state, market)
    for order in [order for _, order in sorted(state.open.items()) if order.market is market]:
        close(state, order, CloseReason.SETTLED)
    settle_positions(state, market, price)
    instrument.settled, instrument.settlement_ticks = True, price
    instrument.underlying.unsettled.remove(market)
    state.emit(MarketSettled(state.sequence, market.id, price))
    liquidate_all(state, instrument.underlying)
    return market.id


def settle_positions(state: State, market: Market, ticks: int) -> None:
    """Realise every position of a market, in the order in which they were first touched."""
    for (account, number), position in list(state.positions.items()):
        if number != market.id:
            continue
        del state.exposed[account][number]
        if position.lots == 0:
            continue
        lots, realised = position.lots, position.lots * ticks * market.tick - position.entry
        position.lots, position.entry = 0, 0
        settle_cash(state, account, realised)
        state.emit(PositionSettled(state.sequence, account, market.id, lots, ticks, realised))
