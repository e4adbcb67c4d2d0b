"""Positions and cash of the reference exchange: what a fill, a gain and a loss do to an account."""

from __future__ import annotations

from typing import Final

from stab3l.audit.reference_book import Market, Order
from stab3l.audit.reference_derivatives import instrument_of
from stab3l.audit.reference_limits import PPM, up
from stab3l.audit.reference_state import FEES, INSURANCE, Position, State
from stab3l.engine.wire import Side

DEBT: Final = 2**32 - 1
"""The market id of a debt: a position of no lots, whose entry is what is owed."""


def held_lots(state: State, account: int, market: int) -> int:
    """An account's signed lots in a market."""
    position = state.positions.get((account, market))
    return position.lots if position else 0


def touched(state: State, account: int, market: int) -> Position:
    """A position that is about to change: from now on it has an index."""
    position = state.positions.get((account, market))
    if position is None:
        position = state.positions[account, market] = Position()
        for where in (state.holdings, state.exposed):
            where.setdefault(account, {})[market] = position
    return position


def debt_of(state: State, account: int) -> int:
    """What an account owes, in the settlement asset."""
    position = state.positions.get((account, DEBT))
    return position.entry if position else 0


def owe(state: State, account: int, amount: int) -> None:
    """Add to a debt, or take from it."""
    if amount:
        touched(state, account, DEBT).entry += amount


def available(state: State, account: int) -> int:
    """An account's available settlement asset."""
    return state.balance(account, settlement(state)).available


def settlement(state: State) -> int:
    """The settlement asset of a venue that has one."""
    assert state.settlement_asset is not None
    return state.settlement_asset


def pay(state: State, account: int, amount: int) -> None:
    """Take from what is available; the rest becomes debt."""
    paid = min(amount, available(state, account))
    state.debit(account, settlement(state), paid)
    owe(state, account, amount - paid)


def receive(state: State, account: int, amount: int) -> None:
    """Repay debt first; the rest is credited."""
    repaid = min(amount, debt_of(state, account))
    owe(state, account, -repaid)
    state.credit(account, settlement(state), amount - repaid)


def settle_cash(state: State, account: int, amount: int) -> None:
    """A realised gain is received, a loss is paid."""
    if amount >= 0:
        receive(state, account, amount)
    else:
        pay(state, account, -amount)


def repay(state: State, account: int) -> None:
    """Repay debt from what is available."""
    repaid = min(debt_of(state, account), available(state, account))
    state.debit(account, settlement(state), repaid)
    owe(state, account, -repaid)


def change_position(state: State, account: int, market: Market, lots: int, ticks: int) -> None:
    """Add signed lots at a price: what closes is realised, what opens is added to the entry."""
    position = touched(state, account, market.id)
    closing = min(abs(lots), abs(position.lots)) if position.lots * lots < 0 else 0
    if closing:
        sign = 1 if position.lots > 0 else -1
        entry = position.entry * closing // abs(position.lots)
        position.entry -= entry
        position.lots -= sign * closing
        settle_cash(state, account, sign * closing * ticks * market.tick - entry)
        lots += sign * closing
    position.lots += lots
    position.entry += lots * ticks * market.tick


def fill_derivative(state: State, maker: Order, taker: Order, lots: int, fees: tuple[int, int]) -> None:
    """The effects of a fill on positions and cash: buyer, seller, the buyer's fee, the seller's fee."""
    buyer, seller = (maker, taker) if maker.side == Side.BUY else (taker, maker)
    change_position(state, buyer.account, taker.market, lots, maker.ticks)
    change_position(state, seller.account, taker.market, -lots, maker.ticks)
    maker_fee, taker_fee = fees
    for order in (buyer, seller):
        fee = maker_fee if order is maker else taker_fee
        pay(state, order.account, fee)
        if order.liquidation:
            receive(state, INSURANCE, fee)
        else:
            state.credit(FEES, settlement(state), fee)


def derivative_fees(maker: Order, taker: Order, lots: int) -> tuple[int, int]:
    """The maker's and the taker's fee on the notional, rounded up."""
    market = taker.market
    notional = market.notional(lots, maker.ticks)
    taker_ppm = market.taker_fee_ppm
    if taker.liquidation:
        taker_ppm = instrument_of(market).underlying.liquidation_fee_ppm
    return up(notional * market.maker_fee_ppm, PPM), up(notional * taker_ppm, PPM)


def reducible(state: State, order: Order) -> int:
    """How many lots a reduce-only order could close now."""
    lots = held_lots(state, order.account, order.market.id)
    return reducible_of(order.side, lots)


def reducible_of(side: Side, lots: int) -> int:
    """How many of a position's lots an order of this side could close."""
    opposite = lots < 0 if side == Side.BUY else lots > 0
    return abs(lots) if opposite else 0
