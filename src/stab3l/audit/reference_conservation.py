"""What must add up in a reference exchange, derivatives included (docs/reference/derivatives.md, "Conservation")."""

from __future__ import annotations

from collections import Counter

from stab3l.audit.reference_positions import DEBT
from stab3l.audit.reference_state import State


def imbalances(state: State) -> list[str]:
    """What does not add up; empty when all does, as it must after every command.

    For each asset the balances are what was credited minus withdrawn; for the settlement asset, the entries of all
    positions (a debt's is what is owed) are subtracted. For each market the lots of all positions are zero. No balance
    is negative, and no debt.
    """
    totals: Counter[int] = Counter()
    lots: Counter[int] = Counter()
    found = []
    for (account, asset), balance in state.balances.items():
        totals[asset] += balance.total
        if min(balance.available, balance.held) < 0:
            found.append(f"account {account} has {balance} of asset {asset}")
    for (account, market), position in state.positions.items():
        lots[market] += position.lots
        if state.settlement_asset is not None:
            totals[state.settlement_asset] -= position.entry
        if market == DEBT and (position.entry < 0 or position.lots):
            found.append(f"account {account} owes {position}")
    for asset, known in enumerate(state.assets):
        if totals[asset] != known.credited - known.withdrawn:
            found.append(f"asset {asset}: {totals[asset]}, not {known.credited - known.withdrawn}")
    return found + [f"market {market}: {sum_} lots" for market, sum_ in lots.items() if sum_]
