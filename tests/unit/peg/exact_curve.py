"""The PMM curve in real numbers (200 digits), from the published formulas: what the integer rules are judged by."""

from __future__ import annotations

from decimal import Context, Decimal, setcontext

from stab3l.peg.pool import Regime, State, Terms
from stab3l.units import WAD

setcontext(Context(prec=200))


def gross_base_sale(terms: Terms, state: State, amount: int) -> Decimal:
    """Quote base units for base sold, before fees, not rounded."""
    return (
        _gross(
            *_tokens(state.base_reserve, state.base_target, terms.base_decimals),
            *_tokens(state.quote_reserve, state.quote_target, terms.quote_decimals),
            Decimal(terms.price) / WAD,
            Decimal(terms.slope) / WAD,
            state.regime,
            Regime.BASE_SHORT,
            Decimal(amount) / 10**terms.base_decimals,
        )
        * 10**terms.quote_decimals
    )


def gross_quote_sale(terms: Terms, state: State, amount: int) -> Decimal:
    """Base base units for quote sold, before fees, not rounded."""
    return (
        _gross(
            *_tokens(state.quote_reserve, state.quote_target, terms.quote_decimals),
            *_tokens(state.base_reserve, state.base_target, terms.base_decimals),
            WAD / Decimal(terms.price),
            Decimal(terms.slope) / WAD,
            state.regime,
            Regime.QUOTE_SHORT,
            Decimal(amount) / 10**terms.quote_decimals,
        )
        * 10**terms.base_decimals
    )


def _tokens(reserve: int, target: int, decimals: int) -> tuple[Decimal, Decimal]:
    return Decimal(reserve) / 10**decimals, Decimal(target) / 10**decimals


def _gross(x: Decimal, x0: Decimal, y: Decimal, y0: Decimal, i: Decimal, k: Decimal, regime: Regime, sold_short: Regime,
           d: Decimal) -> Decimal:  # fmt: skip
    if regime is Regime.ONE:
        return _root(y0, y0, i * d, k)
    if regime is not sold_short:
        return _root(_target(y, i * (x - x0), k), y, i * d, k)
    surplus = y - y0
    target = _target(x, surplus / i, k)
    if d > target - x:
        return surplus + _root(y0, y0, i * (d - (target - x)), k)
    return i * d * (1 - k + k * target * target / (x * (x + d)))


def _target(v1: Decimal, fair: Decimal, k: Decimal) -> Decimal:
    if k == 0:
        return v1 + fair
    return v1 * (1 + ((1 + 4 * k * fair / v1).sqrt() - 1) / (2 * k))


def _root(v0: Decimal, v1: Decimal, fair: Decimal, k: Decimal) -> Decimal:
    if k == 1:
        return v1 - 1 / (1 / v1 + fair / (v0 * v0))
    u = (1 - k) * v1 - k * v0 * v0 / v1 - fair
    return v1 - (u + (u * u + 4 * (1 - k) * k * v0 * v0).sqrt()) / (2 * (1 - k))
