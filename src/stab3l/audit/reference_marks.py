"""Prices of the reference exchange: the index, its averages, and the marks of futures and options."""

from __future__ import annotations

from collections.abc import Iterator

from stab3l.audit.reference_book import Market
from stab3l.audit.reference_derivatives import WINDOW, Instrument, instrument_of
from stab3l.audit.reference_limits import PPM, TICKS_MAX
from stab3l.audit.reference_liquidation import liquidate_all
from stab3l.audit.reference_state import State
from stab3l.audit.reference_waiting import has_mark, trigger
from stab3l.engine.wire import (
    IndexChanged,
    IndexPrice,
    MarkChanged,
    OptionMarked,
    OptionMarks,
    OutcomeCode,
    Side,
)


def overlap(instrument: Instrument, until: int) -> int:
    """Nanoseconds of the averaging window since the index was set, up to a time."""
    start = max(instrument.underlying.index_at, instrument.expiry - WINDOW)
    return max(0, min(until, instrument.expiry) - start)


def average(instrument: Instrument, until: int) -> int:
    """The index's average over what of the window is covered by a time; the index itself when nothing is."""
    underlying = instrument.underlying
    covered = max(0, min(until, instrument.expiry) - max(instrument.expiry - WINDOW, underlying.first_at))
    if covered == 0:
        return underlying.index
    return (instrument.twap_sum + underlying.index * overlap(instrument, until)) // covered


def blended(state: State, instrument: Instrument, mark: int) -> int:
    """A mark that goes over to what the average says, as the window passes."""
    if state.now <= instrument.expiry - WINDOW:
        return mark
    elapsed = min(state.now, instrument.expiry) - (instrument.expiry - WINDOW)
    worth = instrument.intrinsic(average(instrument, state.now))
    blend = (worth * elapsed + mark * (WINDOW - elapsed)) // WINDOW
    return blend if instrument.is_option else max(1, blend)


def fair_price(market: Market) -> int:
    """A future's price as its market sees it; the index when the market says nothing."""
    instrument = instrument_of(market)
    bid, ask = market.best(Side.BUY), market.best(Side.SELL)
    if bid is None or ask is None:
        return instrument.underlying.index
    if instrument.last_trade:
        return sorted((bid.ticks, ask.ticks, instrument.last_trade))[1]
    return (bid.ticks + ask.ticks) // 2


def mark_now(state: State, market: Market) -> int:
    """The mark of a future, or of an option whose marks were given."""
    instrument = instrument_of(market)
    if instrument.is_option:
        return blended(state, instrument, instrument.given_mark)
    index = instrument.underlying.index
    basis = max(1, index * instrument.underlying.basis_ppm // PPM)
    return blended(state, instrument, min(max(fair_price(market), index - basis), index + basis))


def remark(state: State, market: Market, *, had_mark: bool = True) -> None:
    """Compute a mark anew and tell it when it differs, as the first one does."""
    mark = mark_now(state, market)
    if mark != market.mark or not had_mark:
        market.mark = mark
        state.emit(MarkChanged(state.sequence, market.id, mark))


def index_breaks(state: State, command: IndexPrice) -> Iterator[OutcomeCode]:
    """What is wrong with an index price."""
    if command.underlying >= len(state.underlyings):
        yield OutcomeCode.UNDERLYING_UNKNOWN
    if command.ticks == 0:
        yield OutcomeCode.PRICE_ZERO
    if command.ticks > TICKS_MAX:
        yield OutcomeCode.PRICE_TOO_LARGE


def accept_index(state: State, command: IndexPrice) -> int:
    """Set an index price: averages, marks, waiting orders, liquidations; the underlying."""
    underlying = state.underlyings[command.underlying]
    for market in underlying.unsettled:
        count_average(state, market)
    if underlying.index == 0:
        underlying.first_at = state.now
    underlying.index, underlying.index_at = command.ticks, state.now
    state.emit(IndexChanged(state.sequence, underlying.id, command.ticks))
    for market in underlying.unsettled:
        if not instrument_of(market).is_option or instrument_of(market).given:
            remark(state, market)
    for market in underlying.unsettled:
        wake(state, market)
    liquidate_all(state, underlying)
    return underlying.id


def count_average(state: State, market: Market) -> None:
    """Add the index's time in the window so far to a market's average."""
    instrument = instrument_of(market)
    instrument.twap_sum += instrument.underlying.index * overlap(instrument, state.now)


def wake(state: State, market: Market) -> None:
    """Trigger the waiting orders of a market that is still traded."""
    instrument = instrument_of(market)
    if has_mark(market) and not instrument.settled and state.now < instrument.expiry:
        trigger(state, market)


def option_breaks(state: State, command: OptionMarks) -> Iterator[OutcomeCode]:
    """What is wrong with an option's marks."""
    if max(command.mark, *command.values) > TICKS_MAX:
        yield OutcomeCode.PRICE_TOO_LARGE
    if command.market >= len(state.markets):
        yield OutcomeCode.MARKET_UNKNOWN
        return
    instrument = state.markets[command.market].instrument
    if not isinstance(instrument, Instrument) or not instrument.is_option:
        yield OutcomeCode.MARKET_KIND_WRONG
    elif instrument.settled:
        yield OutcomeCode.MARKET_EXPIRED


def accept_option_marks(state: State, command: OptionMarks) -> int:
    """Give an option its mark and its values; the market."""
    market = state.markets[command.market]
    instrument = instrument_of(market)
    had_mark = instrument.given
    instrument.given, instrument.given_mark, instrument.values = True, command.mark, command.values
    instrument.changes = tuple(value - command.mark for value in command.values)
    state.emit(OptionMarked(state.sequence, market.id, command.mark, command.values))
    remark(state, market, had_mark=had_mark)
    wake(state, market)
    liquidate_all(state, instrument.underlying)
    return market.id
