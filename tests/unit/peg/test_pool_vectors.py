"""The figures that DODO V2 publishes for its private pool: its own trader tests, i = 100, k = 0.1, fees 0.2 + 0.1 %."""

from __future__ import annotations

from dataclasses import replace

import exact_curve
import pytest

from stab3l.peg.pool import Regime, State, Terms, Trade, sell_base, sell_quote, targets_up
from stab3l.units import WAD

TERMS = Terms(price=100 * WAD, slope=WAD // 10, fee=3 * WAD // 1000, base_decimals=18, quote_decimals=18)
START = State.balanced(10 * WAD, 1000 * WAD)
RELATIVE = 2 * 10**16
"""The original takes its target from a square root of 18 digits, which moves its own payments by up to 4 parts in 10^17
of what it pays, down or up. So its figures are met to 5 x 10^-17; that these rules never pay more than the real-number
curve is held here by the exact curve."""


def without_maintainer(trade: Trade, *, pays_quote: bool) -> State:
    """The state after a third of the fee has left the pool, which there goes to a maintainer."""
    gone = (trade.paid + trade.fee) // 1000
    if pays_quote:
        return replace(trade.after, quote_reserve=trade.after.quote_reserve - gone)
    return replace(trade.after, base_reserve=trade.after.base_reserve - gone)


# (sells base?, amount, the trader's balance of what is paid afterwards, less what it was)
FIRST_BUY = [
    (False, 100 * WAD, 10986174542266106307 - 10 * WAD),
    (False, 100 * WAD, 11946772292527553373 - 10986174542266106307),
    (True, 1 * WAD, 903421814651005338950 - 800 * WAD),
    (True, 2 * WAD, 1102638273848343281094 - 903421814651005338950),
]
FIRST_SELL = [
    (True, 1 * WAD, 1098617454226610630663 - 1000 * WAD),
    (True, 1 * WAD, 1194677229252755337109 - 1098617454226610630663),
    (False, 100 * WAD, 9034218146510053391 - 8 * WAD),
    (False, 200 * WAD, 11026382738483432812 - 9034218146510053391),
]


@pytest.mark.parametrize(
    ("trades", "regime", "target"),
    [
        (FIRST_BUY, Regime.QUOTE_SHORT, (10005950249348099200, None)),
        (FIRST_SELL, Regime.BASE_SHORT, (None, 1000595024934809920179)),
    ],
)
def test_the_published_trades_are_met(
    trades: list[tuple[bool, int, int]], regime: Regime, target: tuple[int | None, int | None]
) -> None:
    state = START
    for sells_base, amount, published in trades:
        trade = (sell_base if sells_base else sell_quote)(TERMS, state, amount)
        exact = (exact_curve.gross_base_sale if sells_base else exact_curve.gross_quote_sale)(TERMS, state, amount)
        assert abs(trade.paid - published) <= published // RELATIVE + 2
        assert 0 <= exact - (trade.paid + trade.fee) <= 1
        state = without_maintainer(trade, pays_quote=sells_base)
    assert state.regime is regime
    for mine, theirs in zip(targets_up(TERMS, state), target, strict=True):
        assert theirs is None or 0 <= mine - theirs <= theirs // RELATIVE


def test_the_published_flash_swap_bound_is_met() -> None:
    assert 0 <= 1946763594380080789 - sell_quote(TERMS, START, 200 * WAD).paid <= 2
