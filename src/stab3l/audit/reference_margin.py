"""Margin of the reference exchange: scenarios, equity, requirements, and what an order reserves."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from stab3l.audit.reference_book import Market, Order
from stab3l.audit.reference_derivatives import Underlying, instrument_of
from stab3l.audit.reference_limits import PPM, up
from stab3l.audit.reference_positions import DEBT, held_lots
from stab3l.audit.reference_state import AMOUNT_MAX, Position, State
from stab3l.engine.wire import Instruction, Side

MOVES: Final = (0, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3, 6, -6)
"""Moves of the index in thirds of the range. The last two are extreme, and count one third."""
EXTREME: Final = 14
KEPT: Final = 1_024
"""Results of scenarios that are remembered, since prices change less often than margins are asked for."""
NO_POSITIONS: Final[dict[int, Position]] = {}


def shifts(underlying: Underlying) -> tuple[int, ...]:
    """How far the index moves in each scenario, in ticks."""
    return shifts_of(underlying.index, underlying.range_ppm)


@lru_cache(KEPT)
def shifts_of(index: int, range_ppm: int) -> tuple[int, ...]:
    """How far an index moves in each scenario, in ticks."""
    return tuple(index * range_ppm * move // (3 * PPM) for move in MOVES)


def changes(market: Market) -> tuple[int, ...]:
    """How much one lot gains in each scenario, in ticks."""
    instrument = instrument_of(market)
    if instrument.is_option:
        return instrument.changes
    return future_changes(instrument.underlying.index, instrument.underlying.range_ppm, market.mark)


@lru_cache(KEPT)
def future_changes(index: int, range_ppm: int, mark: int) -> tuple[int, ...]:
    """How much one lot of a future gains in each scenario, in ticks: no more is lost than the mark."""
    return tuple(max(shift, -mark) for shift in shifts_of(index, range_ppm))


def weighted(losses: list[int]) -> list[int]:
    """Losses with the extreme scenarios at one third, rounded up."""
    return losses[:EXTREME] + [up(loss, 3) for loss in losses[EXTREME:]]


def positions_in(state: State, account: int, underlying: Underlying) -> list[tuple[Market, int]]:
    """An account's markets and lots in an underlying, where it has any."""
    held = state.exposed.get(account)
    if not held:
        return []
    return [
        (market, held[market.id].lots) for market in underlying.unsettled if market.id in held and held[market.id].lots
    ]


def maintenance(state: State, account: int, underlying: Underlying) -> int:
    """The least equity that an account's positions in an underlying need."""
    positions = positions_in(state, account, underlying)
    if not positions:
        return 0
    losses = [0] * len(MOVES)
    short_options = 0
    for market, lots in positions:
        size = lots * market.tick
        losses = [loss - size * change for loss, change in zip(losses, changes(market), strict=True)]
        if lots < 0 and instrument_of(market).is_option:
            short_options += up(-lots * market.tick * underlying.index * underlying.short_option_ppm, PPM)
    return max(0, *weighted(losses), short_options)


def maintenance_total(state: State, account: int) -> int:
    """The maintenance margin over all underlyings."""
    return sum(maintenance(state, account, underlying) for underlying in state.underlyings)


def initial_total(state: State, account: int) -> int:
    """The initial margin over all underlyings."""
    return sum(
        up(maintenance(state, account, underlying) * underlying.initial_ppm, PPM) for underlying in state.underlyings
    )


def collateral_value(state: State, asset: int, amount: int) -> int:
    """What an amount of an asset counts as equity, in the settlement asset."""
    haircut_ppm, price = state.collateral.get(asset, (0, 0))
    return min(amount * price // 10**18 * (PPM - haircut_ppm) // PPM, AMOUNT_MAX)


def position_value(state: State, market: int, position: Position) -> int:
    """What a position is worth at its market's mark; a debt is worth what is owed, negative."""
    if market == DEBT:
        return -position.entry
    return position.lots * state.markets[market].mark * state.markets[market].tick - position.entry


def equity(state: State, account: int) -> int:
    """What an account would be left with: settlement asset, positions at their marks, collateral."""
    if state.settlement_asset is None:
        return 0
    total = state.balance(account, state.settlement_asset).available
    for market, position in state.exposed.get(account, NO_POSITIONS).items():
        total += position_value(state, market, position)
    for asset in state.collateral:
        total += collateral_value(state, asset, state.balance(account, asset).available)
    return total


def reserves(state: State, account: int) -> int:
    """What an account's derivative orders reserve."""
    return sum(order.lots * order.per_lot for order in state.orders_of(account))


def free(state: State, account: int) -> int:
    """What an account may still reserve or take out."""
    return equity(state, account) - initial_total(state, account) - reserves(state, account)


def margined(state: State, account: int) -> bool:
    """Whether an account has a position, a debt or an open derivative order."""
    held = state.exposed.get(account, NO_POSITIONS)
    if any(position.lots or (market == DEBT and position.entry) for market, position in held.items()):
        return True
    return any(order.market.instrument is not None for order in state.orders_of(account))


def adverse(order: Order) -> int:
    """How much worse than the mark an order's price is, in ticks."""
    mark = order.market.mark
    return max(0, order.ticks - mark) if order.side == Side.BUY else max(0, mark - order.ticks)


def per_lot(order: Order) -> int:
    """What an order reserves for each lot; nothing when it only reduces."""
    market = order.market
    if market.instrument is None or order.told(Instruction.REDUCE_ONLY):
        return 0
    underlying = instrument_of(market).underlying
    sign = -1 if order.side == Side.BUY else 1
    risk = max(0, *weighted([sign * change for change in changes(market)]))
    if order.side == Side.SELL and instrument_of(market).is_option:
        risk = max(risk, up(underlying.index * underlying.short_option_ppm, PPM))
    fee = up(order.ticks * market.tick * market.taker_fee_ppm, PPM)
    return up(risk * market.tick * underlying.initial_ppm, PPM) + adverse(order) * market.tick + fee


def reduction_cost(state: State, order: Order) -> int:
    """What a reduce-only order may cost at once: its price's distance from the mark, and the fee."""
    market = order.market
    lots = min(order.lots, abs(held_lots(state, order.account, market.id)))
    fee = up(lots * order.ticks * market.tick * market.taker_fee_ppm, PPM)
    return adverse(order) * market.tick * lots + fee


def order_margin_short(state: State, order: Order, freed: int = 0) -> bool:
    """Whether an account cannot afford a derivative order; ``freed``: what the order reserved before."""
    if order.told(Instruction.REDUCE_ONLY):
        return equity(state, order.account) < reduction_cost(state, order)
    return free(state, order.account) + freed < order.lots * per_lot(order)


def outflow_margin_short(state: State, account: int, asset: int, amount: int) -> bool:
    """Whether a margined account cannot do without an amount of an asset (negative: it gains)."""
    if not margined(state, account):
        return False
    before = state.balance(account, asset).available
    fall = (
        amount
        if asset == state.settlement_asset
        else (collateral_value(state, asset, before) - collateral_value(state, asset, before - amount))
    )
    return fall > 0 and free(state, account) < fall
