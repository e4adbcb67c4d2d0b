"""Underlyings, futures and options of the reference exchange: what they are, and how they are listed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from stab3l.audit.reference_book import Market
from stab3l.audit.reference_limits import FEE_PPM_MAX, PPM, TICKS_MAX
from stab3l.audit.reference_state import State
from stab3l.engine.wire import (
    CollateralSet,
    InstrumentListed,
    ListFuture,
    ListOption,
    ListUnderlying,
    MarketKind,
    OutcomeCode,
    SetCollateral,
    UnderlyingListed,
)

WINDOW: Final = 1_800 * 10**9
"""The settlement price is the index's average over so many nanoseconds before the expiry."""
UNDERLYINGS_MAX: Final = 64
INSTRUMENTS_MAX: Final = 64
TICK_MAX: Final = 10**13
LOTS_MAX: Final = 10**9
COLLATERAL_PRICE_MAX: Final = 10**36
SCENARIOS: Final = 16


@dataclass(slots=True, eq=False)
class Underlying:
    """What futures and options are about, its parameters and its index (0: none yet)."""

    id: int
    name: bytes
    tick: int
    range_ppm: int
    basis_ppm: int
    initial_ppm: int
    short_option_ppm: int
    liquidation_fee_ppm: int
    liquidation_step_ppm: int
    index: int = 0
    index_at: int = 0
    first_at: int = 0
    instruments: list[Market] = field(default_factory=list)
    unsettled: list[Market] = field(default_factory=list)
    """Its markets that are not settled, by id: only in these can anyone have lots."""


@dataclass(slots=True, eq=False)
class Instrument:
    """What makes a market a future or an option. ``twap_sum``: tick-nanoseconds in the averaging window so far."""

    underlying: Underlying
    kind: MarketKind
    expiry: int
    strike: int = 0
    twap_sum: int = 0
    last_trade: int = 0
    settled: bool = False
    settlement_ticks: int = 0
    given: bool = False
    given_mark: int = 0
    values: tuple[int, ...] = (0,) * SCENARIOS
    changes: tuple[int, ...] = (0,) * SCENARIOS
    """The values less the given mark."""

    @property
    def is_option(self) -> bool:
        """A call or a put."""
        return self.kind is not MarketKind.FUTURE

    def intrinsic(self, ticks: int) -> int:
        """What one lot is worth, in ticks, when the underlying is at ``ticks`` for good."""
        if self.kind == MarketKind.CALL:
            return max(0, ticks - self.strike)
        if self.kind == MarketKind.PUT:
            return max(0, self.strike - ticks)
        return ticks


def instrument_of(market: Market) -> Instrument:
    """The terms of a market that is no spot market."""
    assert market.instrument is not None
    return market.instrument


def underlying_breaks(state: State, new: ListUnderlying) -> Iterator[OutcomeCode]:
    """What is wrong with a new underlying."""
    if new.settlement_asset >= len(state.assets):
        yield OutcomeCode.ASSET_UNKNOWN
    if state.settlement_asset not in (None, new.settlement_asset):
        yield OutcomeCode.SETTLEMENT_ASSET_OTHER
    valid = (
        0 < new.tick <= TICK_MAX
        and 0 < new.range_ppm <= PPM
        and new.basis_ppm <= PPM
        and PPM <= new.initial_ppm <= 10 * PPM
        and new.short_option_ppm <= PPM
        and new.liquidation_fee_ppm <= FEE_PPM_MAX
        and 0 < new.liquidation_step_ppm <= PPM
        and len(state.underlyings) < UNDERLYINGS_MAX
    )
    if not valid:
        yield OutcomeCode.UNDERLYING_INVALID


def accept_underlying(state: State, new: ListUnderlying) -> int:
    """List an underlying; its id."""
    state.settlement_asset = new.settlement_asset
    rates = (
        new.range_ppm,
        new.basis_ppm,
        new.initial_ppm,
        new.short_option_ppm,
        new.liquidation_fee_ppm,
        new.liquidation_step_ppm,
    )
    underlying = Underlying(len(state.underlyings), new.name, new.tick, *rates)
    state.underlyings.append(underlying)
    state.emit(UnderlyingListed(state.sequence, underlying.id, new.settlement_asset, new.name, new.tick, *rates))
    return underlying.id


def kind_of(new: ListFuture | ListOption) -> MarketKind:
    """The kind of a new market."""
    return MarketKind.FUTURE if isinstance(new, ListFuture) else MarketKind(new.kind)


def strike_of(new: ListFuture | ListOption) -> int:
    """The strike of a new market, 0 for a future."""
    return 0 if isinstance(new, ListFuture) else new.strike


def instrument_breaks(state: State, new: ListFuture | ListOption) -> Iterator[OutcomeCode]:
    """What is wrong with a new future or option."""
    if new.underlying >= len(state.underlyings):
        yield OutcomeCode.UNDERLYING_UNKNOWN
        return
    underlying = state.underlyings[new.underlying]
    terms = kind_of(new), new.expiry, strike_of(new)
    for market in underlying.instruments:
        listed = instrument_of(market)
        if (listed.kind, listed.expiry, listed.strike) == terms:
            yield OutcomeCode.MARKET_EXISTS
    valid = (
        new.expiry > state.now + WINDOW
        and (isinstance(new, ListFuture) or 0 < new.strike <= TICKS_MAX)
        and max(new.maker_fee_ppm, new.taker_fee_ppm) <= FEE_PPM_MAX
        and 0 < new.max_lots <= LOTS_MAX
        and new.band_ppm <= PPM
        and len(underlying.unsettled) < INSTRUMENTS_MAX
    )
    if not valid:
        yield OutcomeCode.MARKET_INVALID


def accept_instrument(state: State, new: ListFuture | ListOption) -> int:
    """Open the market of a future or an option; its id."""
    underlying = state.underlyings[new.underlying]
    assert state.settlement_asset is not None
    instrument = Instrument(underlying, kind_of(new), new.expiry, strike_of(new))
    fees = new.maker_fee_ppm, new.taker_fee_ppm
    asset = state.settlement_asset
    market = Market(
        len(state.markets), asset, asset, 0, underlying.tick, *fees, new.max_lots, new.band_ppm, instrument=instrument
    )
    state.markets.append(market)
    underlying.instruments.append(market)
    underlying.unsettled.append(market)
    state.emit(
        InstrumentListed(
            state.sequence,
            market.id,
            underlying.id,
            instrument.kind,
            new.band_ppm,
            instrument.expiry,
            instrument.strike,
            *fees,
            new.max_lots,
        )
    )
    return market.id


def collateral_breaks(state: State, command: SetCollateral) -> Iterator[OutcomeCode]:
    """What is wrong with a collateral."""
    if command.asset >= len(state.assets):
        yield OutcomeCode.ASSET_UNKNOWN
    if state.settlement_asset in (None, command.asset):
        yield OutcomeCode.SETTLEMENT_ASSET_OTHER
    if command.haircut_ppm > PPM or command.price > COLLATERAL_PRICE_MAX:
        yield OutcomeCode.MARKET_INVALID


def accept_collateral(state: State, command: SetCollateral) -> int:
    """Say what an asset is worth as collateral; the asset."""
    state.collateral.pop(command.asset, None)
    if command.price:
        state.collateral[command.asset] = (command.haircut_ppm, command.price)
    state.emit(CollateralSet(state.sequence, command.asset, command.haircut_ppm, command.price))
    return command.asset
