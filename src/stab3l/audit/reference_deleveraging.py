"""Auto-deleveraging in the reference exchange: those who gain most close against who cannot pay."""

from __future__ import annotations

from stab3l.audit.reference_book import Market
from stab3l.audit.reference_margin import equity, position_value
from stab3l.audit.reference_positions import (
    DEBT,
    change_position,
    debt_of,
    owe,
    pay,
    receive,
    repay,
    settlement,
)
from stab3l.audit.reference_state import INSURANCE, State
from stab3l.engine.wire import DebtTakenOver, Deleveraged


def deleverage(state: State, account: int) -> None:
    """Close all positions of an account whose equity is gone, and share its deficit among the counterparties."""
    deficit = -equity(state, account)
    held = state.holdings.get(account, {})
    markets = [state.markets[market] for market in sorted(held) if market != DEBT and held[market].lots]
    weights = [abs(held[market.id].lots) * max(market.mark, 1) * market.tick for market in markets]
    left = deficit
    for n, (market, weight) in enumerate(zip(markets, weights, strict=True)):
        share = left if n == len(markets) - 1 else deficit * weight // sum(weights)
        left -= share
        close_against_counterparties(state, account, market, share)
    hand_over(state, account)


def close_against_counterparties(state: State, account: int, market: Market, share: int) -> None:
    """Close one position at the mark; each counterparty is charged for the part that it closes."""
    lots = state.positions[account, market.id].lots
    through = charged = 0
    for counterparty in ranked_counterparties(state, market, lots):
        closing = min(abs(state.positions[counterparty, market.id].lots), abs(lots) - through)
        if closing == 0:
            return
        signed = closing if lots > 0 else -closing
        buyer_first = sorted(((account, -signed), (counterparty, signed)), key=lambda side: -side[1])
        for who, change in buyer_first:
            change_position(state, who, market, change, market.mark)
        through += closing
        charge = min(share * through // abs(lots) - charged, max(0, equity(state, counterparty)))
        charged += charge
        pay(state, counterparty, charge)
        receive(state, account, charge)
        state.emit(Deleveraged(state.sequence, market.id, account, counterparty, closing, market.mark, charge))


def ranked_counterparties(state: State, market: Market, lots: int) -> list[int]:
    """Accounts with the opposite position, by gain per lot; insurance last."""
    found = []
    for (account, number), position in state.positions.items():
        if number == market.id and position.lots * lots < 0:
            gain = position_value(state, market.id, position) * 10**18 // abs(position.lots)
            found.append((account == INSURANCE, -gain, account))
    return [account for _, _, account in sorted(found)]


def hand_over(state: State, account: int) -> None:
    """What is still owed becomes insurance's debt, and what is left goes to insurance."""
    repay(state, account)
    debt = debt_of(state, account)
    if debt:
        owe(state, account, -debt)
        state.emit(DebtTakenOver(state.sequence, account, debt))
        owe(state, INSURANCE, debt)
    for asset in [*sorted(state.collateral), settlement(state)]:
        amount = state.balance(account, asset).available
        state.debit(account, asset, amount)
        state.credit(INSURANCE, asset, amount)
    repay(state, INSURANCE)
