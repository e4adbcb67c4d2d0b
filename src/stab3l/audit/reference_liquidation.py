"""Liquidation in the reference exchange: unwind, take over, deleverage."""

from __future__ import annotations

from typing import Final

from stab3l.audit.reference_book import Market, Order
from stab3l.audit.reference_closing import close
from stab3l.audit.reference_deleveraging import deleverage
from stab3l.audit.reference_derivatives import Underlying, instrument_of
from stab3l.audit.reference_limits import PPM, TICKS_MAX, up
from stab3l.audit.reference_margin import collateral_value, equity, maintenance_total, positions_in
from stab3l.audit.reference_matching import enter
from stab3l.audit.reference_orders_told import accepted
from stab3l.audit.reference_positions import (
    DEBT,
    available,
    debt_of,
    held_lots,
    owe,
    repay,
    settle_cash,
    settlement,
    touched,
)
from stab3l.audit.reference_state import INSURANCE, SYSTEM_ACCOUNTS, State
from stab3l.engine.wire import (
    CloseReason,
    CollateralConverted,
    Instruction,
    MarketStatus,
    OrderType,
    PositionTakenOver,
    SelfTrade,
    Side,
    TimeInForce,
)

BAND_PPM: Final = 100_000
"""How far from the mark a liquidation may trade where the market has no band."""


def liquidate_all(state: State, underlying: Underlying) -> None:
    """Judge everyone with a position in an underlying or a debt: users by id, then insurance."""
    users = range(SYSTEM_ACCOUNTS, len(state.owners))
    for account in [account for account in [*users, INSURANCE] if concerned(state, account, underlying)]:
        if concerned(state, account, underlying):
            judge(state, account, underlying)


def concerned(state: State, account: int, underlying: Underlying) -> bool:
    """Whether an account has a position in an underlying, or a debt."""
    return bool(positions_in(state, account, underlying)) or debt_of(state, account) > 0


def healthy(state: State, account: int) -> bool:
    """Whether an account may keep what it has."""
    worth = equity(state, account)
    return worth >= 0 and worth >= maintenance_total(state, account)


def judge(state: State, account: int, underlying: Underlying) -> None:
    """Let an account be, or liquidate it step by step."""
    if healthy(state, account):
        convert(state, account)
        return
    for order in state.own_orders(account):
        close(state, order, CloseReason.LIQUIDATION)
    convert(state, account)
    if healthy(state, account):
        return
    if equity(state, account) > 0:
        unwind(state, account, underlying)
    if equity(state, account) > 0 or account == INSURANCE:
        return
    if equity(state, INSURANCE) >= -equity(state, account):
        take_over(state, account)
    else:
        deleverage(state, account)


def convert(state: State, account: int) -> None:
    """Repay a debt from what is available, then from collateral, which insurance buys."""
    repay(state, account)
    if account == INSURANCE or debt_of(state, account) == 0:
        return
    for asset in sorted(state.collateral):
        held = state.balance(account, asset).available
        value = collateral_value(state, asset, held)
        paid = min(debt_of(state, account), available(state, INSURANCE), value)
        if paid <= 0:
            continue
        amount = least_amount(state, asset, paid, held)
        state.debit(account, asset, amount)
        state.credit(INSURANCE, asset, amount)
        state.debit(INSURANCE, settlement(state), paid)
        owe(state, account, -paid)
        state.emit(CollateralConverted(state.sequence, account, asset, amount, paid))


def least_amount(state: State, asset: int, value: int, most: int) -> int:
    """The least amount of an asset that counts at least ``value``, which ``most`` does."""
    least = 0
    while least < most:
        middle = (least + most) // 2
        if collateral_value(state, asset, middle) >= value:
            most = middle
        else:
            least = middle + 1
    return least


def unwind(state: State, account: int, underlying: Underlying) -> None:
    """One round: an order of the engine's own in each market, until the account is healthy."""
    for market in underlying.instruments:
        lots = held_lots(state, account, market.id)
        if lots and market.status == MarketStatus.OPEN and state.now < instrument_of(market).expiry:
            order = liquidation_order(state, account, market, lots)
            state.orders = order.id
            state.emit(accepted(state, order))
            enter(state, order)
            if healthy(state, account):
                return


def liquidation_order(state: State, account: int, market: Market, lots: int) -> Order:
    """An order that closes a step of a position, not too far from the mark."""
    away = max(1, market.mark * (market.band_ppm or BAND_PPM) // PPM)
    side = Side.SELL if lots > 0 else Side.BUY
    ticks = market.mark + away if side == Side.BUY else market.mark - away
    return Order(
        state.orders + 1,
        account,
        market,
        0,
        side,
        min(max(1, ticks), TICKS_MAX),
        up(abs(lots) * instrument_of(market).underlying.liquidation_step_ppm, PPM),
        OrderType.LIQUIDATION,
        TimeInForce.IOC,
        int(Instruction.REDUCE_ONLY),
        SelfTrade.CANCEL_MAKER,
        0,
        0,
        0,
        liquidation=True,
    )


def take_over(state: State, account: int) -> None:
    """Insurance takes everything: positions, cash, collateral, debt."""
    for market, position in sorted(state.holdings[account].items()):
        if market == DEBT or position.lots == 0:
            continue
        lots, entry = position.lots, position.entry
        position.lots, position.entry = 0, 0
        taken = touched(state, INSURANCE, market)
        taken.lots += lots
        taken.entry += entry
        if taken.lots == 0:
            realised, taken.entry = -taken.entry, 0
            settle_cash(state, INSURANCE, realised)
        state.emit(PositionTakenOver(state.sequence, account, market, lots, entry))
    move_available(state, account, settlement(state))
    for asset in sorted(state.collateral):
        move_available(state, account, asset)
    debt = debt_of(state, account)
    owe(state, account, -debt)
    owe(state, INSURANCE, debt)
    repay(state, INSURANCE)


def move_available(state: State, account: int, asset: int) -> None:
    """Move all that is available of an asset to insurance."""
    amount = state.balance(account, asset).available
    state.debit(account, asset, amount)
    state.credit(INSURANCE, asset, amount)
