"""What the operator of the reference exchange lists and sets: assets, markets, their status and their marks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stab3l.audit.reference_book import Market
from stab3l.audit.reference_limits import FEE_PPM_MAX, LOTS_MAX, PPM, TICKS_MAX
from stab3l.audit.reference_state import Asset, Chain, State
from stab3l.audit.reference_waiting import change_mark
from stab3l.engine.wire import (
    AssetRegistered,
    ListMarket,
    MarketListed,
    MarketStatusSet,
    MarkPrice,
    OutcomeCode,
    RegisterAsset,
    SetMarketStatus,
)

DECIMALS_MAX: Final = 36
LOT_MAX: Final = 10**30
TICK_MAX: Final = 10**18


def asset_breaks(state: State, new: RegisterAsset) -> Iterator[OutcomeCode]:
    """What is wrong with a new asset."""
    if any((asset.chain_id, asset.token) == (new.chain_id, new.token) for asset in state.assets):
        yield OutcomeCode.ASSET_EXISTS
    if new.decimals > DECIMALS_MAX:
        yield OutcomeCode.DECIMALS_UNSUPPORTED


def accept_asset(state: State, new: RegisterAsset) -> int:
    """Register an asset; its id."""
    asset = len(state.assets)
    state.assets.append(Asset(new.chain_id, new.token, new.decimals))
    state.chains.setdefault(new.chain_id, Chain())
    state.emit(AssetRegistered(state.sequence, asset, new.decimals, new.chain_id, new.token))
    return asset


def market_breaks(state: State, new: ListMarket) -> Iterator[OutcomeCode]:
    """What is wrong with a new market."""
    if max(new.base_asset, new.quote_asset) >= len(state.assets):
        yield OutcomeCode.ASSET_UNKNOWN
    spot = [(market.base, market.quote) for market in state.markets if market.instrument is None]
    if (new.base_asset, new.quote_asset) in spot:
        yield OutcomeCode.MARKET_EXISTS
    sizes_valid = 0 < new.lot <= LOT_MAX and 0 < new.tick <= TICK_MAX and 0 < new.max_lots <= LOTS_MAX
    rates_valid = max(new.maker_fee_ppm, new.taker_fee_ppm) <= FEE_PPM_MAX and new.band_ppm <= PPM
    if new.base_asset == new.quote_asset or not sizes_valid or not rates_valid:
        yield OutcomeCode.MARKET_INVALID


def accept_market(state: State, new: ListMarket) -> int:
    """Open a market; its id."""
    market = Market(
        len(state.markets),
        new.base_asset,
        new.quote_asset,
        new.lot,
        new.tick,
        new.maker_fee_ppm,
        new.taker_fee_ppm,
        new.max_lots,
        new.band_ppm,
    )
    state.markets.append(market)
    state.emit(
        MarketListed(
            state.sequence,
            market.id,
            market.base,
            market.quote,
            market.maker_fee_ppm,
            market.taker_fee_ppm,
            market.band_ppm,
            market.lot,
            market.tick,
            market.max_lots,
        )
    )
    return market.id


def status_breaks(state: State, command: SetMarketStatus) -> Iterator[OutcomeCode]:
    """What is wrong with a new status."""
    if command.market >= len(state.markets):
        yield OutcomeCode.MARKET_UNKNOWN


def accept_status(state: State, command: SetMarketStatus) -> int:
    """Open or halt a market; the market."""
    state.markets[command.market].status = command.status
    state.emit(MarketStatusSet(state.sequence, command.market, command.status))
    return command.market


def mark_breaks(state: State, command: MarkPrice) -> Iterator[OutcomeCode]:
    """What is wrong with a new mark."""
    if command.market >= len(state.markets):
        yield OutcomeCode.MARKET_UNKNOWN
    elif state.markets[command.market].instrument is not None:
        yield OutcomeCode.MARKET_KIND_WRONG
    if command.ticks == 0:
        yield OutcomeCode.PRICE_ZERO
    if command.ticks > TICKS_MAX:
        yield OutcomeCode.PRICE_TOO_LARGE


def accept_mark(state: State, command: MarkPrice) -> int:
    """Set a market's mark, which may wake its waiting orders; the market."""
    change_mark(state, state.markets[command.market], command.ticks)
    return command.market
