"""A PMM pool: its terms, its state, and what it pays. Behaves as DODO V2's pools do, but never rounds for the trader.

The twin of contracts/src/libraries/PMMPricing.sol and of the trades of contracts/src/stability/PMMPool.sol;
tests/differential holds them equal.

Reserves and targets are base units of their tokens. The target of the token that is short is derived anew from the
other's surplus on every read; the stored one is the target of the token in surplus. Fees are taken from what is paid
and stay in the pool, so they raise the derived target.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from stab3l.peg.curve import (
    FINE_PER_WAD,
    Rate,
    fair_down,
    fair_up,
    integral_down,
    steepness,
    target_down,
    target_up,
    trade_down,
)
from stab3l.peg.errors import AmountZero, PoolTermsInvalid, ReserveTooLarge
from stab3l.units import WAD, mul_div_down, mul_div_up

PRICE_MIN: Final = 10**6
PRICE_MAX: Final = 10**30
SLOPE_MAX: Final = 9 * WAD // 10
"""Above it the curve's own rounding grows as 1/(1-k); only k = 1, which needs no such division, is allowed beyond."""
FEE_MAX: Final = WAD // 10
DECIMALS_MAX: Final = 18
RESERVE_FINE_MAX: Final = 1 << 116
"""A pool holds at most 2^100 wad of each token: 1.26e12 tokens."""
RESERVE_MIN: Final = 1_000
"""Base units of each token that a pool starts with at least: below, one base unit would be a tenth of a percent."""


class Regime(IntEnum):
    """Which token is short of its target. The numbers are the contract's."""

    ONE = 0
    BASE_SHORT = 1
    QUOTE_SHORT = 2


@dataclass(frozen=True, slots=True)
class Terms:
    """What governance sets. ``price`` i [wad: quote tokens per base token], ``slope`` k [wad], ``fee`` [wad of pay]."""

    price: int
    slope: int
    fee: int
    base_decimals: int
    quote_decimals: int

    def __post_init__(self) -> None:
        check_terms(self)

    @property
    def base_unit(self) -> int:
        """Fine units in one base unit of the base token."""
        return int(FINE_PER_WAD * 10 ** (DECIMALS_MAX - self.base_decimals))

    @property
    def quote_unit(self) -> int:
        """Fine units in one base unit of the quote token."""
        return int(FINE_PER_WAD * 10 ** (DECIMALS_MAX - self.quote_decimals))

    @property
    def rate(self) -> Rate:
        """Base to quote."""
        return Rate(self.price, WAD)


@dataclass(frozen=True, slots=True)
class State:
    """What trades change; all in base units of the token."""

    base_reserve: int
    quote_reserve: int
    base_target: int
    quote_target: int
    regime: Regime

    @classmethod
    def balanced(cls, base_reserve: int, quote_reserve: int) -> State:
        """A pool as it starts: both reserves at their targets."""
        return cls(base_reserve, quote_reserve, base_reserve, quote_reserve, Regime.ONE)


@dataclass(frozen=True, slots=True)
class Trade:
    """What a trade pays, its fee (both base units of the token that is paid), and the state after it."""

    paid: int
    fee: int
    after: State


@dataclass(frozen=True, slots=True)
class Side:
    """A pool as the seller of one token sees it, in fine units. ``rate`` values what is sold in what is paid."""

    sold_reserve: int
    sold_target: int
    paid_reserve: int
    paid_target: int
    rate: Rate
    slope: int


def check_terms(terms: Terms) -> None:
    """Raises ``PoolTermsInvalid`` for terms that the curve is not made for."""
    if not PRICE_MIN <= terms.price <= PRICE_MAX:
        raise PoolTermsInvalid(f"price {terms.price} is out of range", price=terms.price)
    if not (0 <= terms.slope <= SLOPE_MAX or terms.slope == WAD):
        raise PoolTermsInvalid(f"slope {terms.slope} is neither up to {SLOPE_MAX} nor {WAD}", slope=terms.slope)
    if not 0 <= terms.fee <= FEE_MAX:
        raise PoolTermsInvalid(f"fee {terms.fee} is above {FEE_MAX}", fee=terms.fee)
    if not (0 <= terms.base_decimals <= DECIMALS_MAX and 0 <= terms.quote_decimals <= DECIMALS_MAX):
        raise PoolTermsInvalid(f"tokens have at most {DECIMALS_MAX} decimals")


def sell_base(terms: Terms, state: State, amount: int, *, band: int = 0) -> Trade:
    """Sells ``amount`` base units of the base token. ``band`` [wad] is taken in addition to the fee.

    Raises:
        AmountZero: nothing is sold. ReserveTooLarge, CurveOutOfRange: the trade leaves the range of the curve.
    """
    base, quote = terms.base_unit, terms.quote_unit
    side = Side(
        state.base_reserve * base,
        state.base_target * base,
        state.quote_reserve * quote,
        state.quote_target * quote,
        terms.rate,
        terms.slope,
    )
    gross, crossed = _sell(side, state.regime, Regime.BASE_SHORT, _fine(amount, base, side.sold_reserve))
    paid, fee = _less_fee(gross // quote, terms.fee + band)
    regime = Regime.QUOTE_SHORT if state.regime is Regime.ONE or crossed else state.regime
    after = replace(
        state, base_reserve=state.base_reserve + amount, quote_reserve=state.quote_reserve - paid, regime=regime
    )
    return Trade(paid, fee, replace(after, base_target=-(-crossed // base)) if crossed else after)


def sell_quote(terms: Terms, state: State, amount: int, *, band: int = 0) -> Trade:
    """Sells ``amount`` base units of the quote token; otherwise as ``sell_base``."""
    base, quote = terms.base_unit, terms.quote_unit
    side = Side(
        state.quote_reserve * quote,
        state.quote_target * quote,
        state.base_reserve * base,
        state.base_target * base,
        terms.rate.inverse,
        terms.slope,
    )
    gross, crossed = _sell(side, state.regime, Regime.QUOTE_SHORT, _fine(amount, quote, side.sold_reserve))
    paid, fee = _less_fee(gross // base, terms.fee + band)
    regime = Regime.BASE_SHORT if state.regime is Regime.ONE or crossed else state.regime
    after = replace(
        state, quote_reserve=state.quote_reserve + amount, base_reserve=state.base_reserve - paid, regime=regime
    )
    return Trade(paid, fee, replace(after, quote_target=-(-crossed // quote)) if crossed else after)


def targets_up(terms: Terms, state: State) -> tuple[int, int]:
    """(base target, quote target) now, in base units; the derived one rounded up."""
    base, quote = terms.base_unit, terms.quote_unit
    if state.regime is Regime.BASE_SHORT:
        return -(-_base_target_fine(terms, state) // base), state.quote_target
    if state.regime is Regime.QUOTE_SHORT:
        return state.base_target, -(-_quote_target_fine(terms, state) // quote)
    return state.base_target, state.quote_target


def mid_price(terms: Terms, state: State) -> int:
    """The marginal price without fees [wad: quote tokens per base token], rounded down, from targets rounded up."""
    if state.regime is Regime.BASE_SHORT:
        steep = steepness(_base_target_fine(terms, state), state.base_reserve * terms.base_unit, terms.slope)
        return mul_div_down(terms.price, steep, WAD)
    if state.regime is Regime.QUOTE_SHORT:
        steep = steepness(_quote_target_fine(terms, state), state.quote_reserve * terms.quote_unit, terms.slope)
        return mul_div_down(terms.price, WAD, steep)
    return terms.price


def _base_target_fine(terms: Terms, state: State) -> int:
    surplus = fair_up((state.quote_reserve - state.quote_target) * terms.quote_unit, terms.rate.inverse)
    return target_up(state.base_reserve * terms.base_unit, surplus, terms.slope)


def _quote_target_fine(terms: Terms, state: State) -> int:
    surplus = fair_up((state.base_reserve - state.base_target) * terms.base_unit, terms.rate)
    return target_up(state.quote_reserve * terms.quote_unit, surplus, terms.slope)


def _sell(side: Side, regime: Regime, sold_short: Regime, amount: int) -> tuple[int, int]:
    """(paid, new target of what is sold if the trade crossed it, else 0) in fine units."""
    if regime is Regime.ONE:
        return trade_down(side.paid_target, side.paid_target, fair_down(amount, side.rate), side.slope), 0
    if regime is not sold_short:
        surplus = fair_up(side.sold_reserve - side.sold_target, side.rate)
        target = target_up(side.paid_reserve, surplus, side.slope)
        return trade_down(target, side.paid_reserve, fair_down(amount, side.rate), side.slope), 0
    return _sell_back(side, amount)


def _sell_back(side: Side, amount: int) -> tuple[int, int]:
    """Sells the token that is short: at most to its target by the integral, beyond it as from balance."""
    surplus = side.paid_reserve - side.paid_target
    target = target_up(side.sold_reserve, fair_up(surplus, side.rate.inverse), side.slope)
    missing = target - side.sold_reserve
    if amount > missing:
        beyond = fair_down(amount - missing, side.rate)
        return surplus + trade_down(side.paid_target, side.paid_target, beyond, side.slope), target
    lower = target_down(side.sold_reserve, fair_down(surplus, side.rate.inverse), side.slope)
    after = side.sold_reserve + amount
    paid = integral_down(lower, after, side.sold_reserve, fair_down(amount, side.rate), side.slope)
    return min(paid, surplus), 0


def _fine(amount: int, unit: int, reserve: int) -> int:
    if amount <= 0:
        raise AmountZero("there is nothing to sell")
    fine = amount * unit
    if reserve + fine > RESERVE_FINE_MAX:
        raise ReserveTooLarge("the pool may not hold that much", reserve=reserve + fine, maximum=RESERVE_FINE_MAX)
    return fine


def _less_fee(gross: int, fee: int) -> tuple[int, int]:
    """(paid, fee): the fee is rounded up and never more than there is."""
    charge = min(mul_div_up(gross, fee, WAD), gross)
    return gross - charge, charge
