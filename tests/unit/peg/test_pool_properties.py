"""What must hold of every pool: never above the real-number curve, hardly below; no round trip gains; monotone."""

from __future__ import annotations

from fractions import Fraction

import exact_curve
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from stab3l.peg.errors import AmountZero, CurveOutOfRange, PoolTermsInvalid, ReserveTooLarge
from stab3l.peg.pool import FEE_MAX, Regime, State, Terms, mid_price, sell_base, sell_quote, targets_up
from stab3l.units import WAD

BELOW_EXACT_MAX = 3
"""Base units."""

slopes = st.one_of(st.just(0), st.just(WAD), st.integers(0, 9 * WAD // 10), st.integers(1, 10**6))


@st.composite
def pools(draw: st.DrawFn, *, fee: int | None = None) -> tuple[Terms, State]:
    """A pool of any decimals and depth, as a few trades left it."""
    decimals = draw(st.sampled_from([(6, 6), (6, 18), (18, 6), (18, 18), (8, 18)]))
    price = draw(st.one_of(st.just(WAD), st.just(6 * WAD // 100), st.integers(10**14, 10**22)))
    charge = draw(st.integers(0, FEE_MAX)) if fee is None else fee
    terms = Terms(price, draw(slopes), charge, *decimals)
    tokens = draw(st.integers(1, 10**9)) // max(price // WAD, 1)
    base = max(tokens * 10 ** decimals[0], 10**6)
    quote = max(base * price * 10 ** decimals[1] // (WAD * 10 ** decimals[0]), 10**6)
    state = State.balanced(base, quote)
    for part in draw(st.lists(st.integers(-(10**6), 10**6), max_size=3)):
        state = moved(terms, state, part)
    return terms, state


def moved(terms: Terms, state: State, part: int) -> State:
    """The state after selling so many millionths of a reserve: of quote when negative."""
    reserve = state.base_reserve if part > 0 else state.quote_reserve
    amount = reserve * abs(part) // 10**6
    if amount == 0:
        return state
    after = (sell_base if part > 0 else sell_quote)(terms, state, amount).after
    # A pool without slope can be emptied; here at least a thousandth stays.
    enough = after.base_reserve * 1000 > state.base_reserve and after.quote_reserve * 1000 > state.quote_reserve
    return after if enough else state


amounts = st.fractions(Fraction(1, 10**12), 2)


@settings(max_examples=150, deadline=None)
@given(pools(fee=0), amounts, st.booleans())
def test_a_trade_pays_what_the_curve_pays_rounded_down(
    pool: tuple[Terms, State], part: Fraction, sells_base: bool
) -> None:
    terms, state = pool
    amount = max(int((state.base_reserve if sells_base else state.quote_reserve) * part), 1)
    trade = (sell_base if sells_base else sell_quote)(terms, state, amount)
    exact = (exact_curve.gross_base_sale if sells_base else exact_curve.gross_quote_sale)(terms, state, amount)
    available = state.quote_reserve if sells_base else state.base_reserve
    exact = min(exact, available)
    assert trade.paid <= exact
    assert exact - trade.paid <= BELOW_EXACT_MAX
    assert trade.paid <= available


@settings(max_examples=150, deadline=None)
@given(pools(), amounts, st.booleans())
def test_a_round_trip_never_gains(pool: tuple[Terms, State], part: Fraction, base_first: bool) -> None:
    terms, state = pool
    there, back = (sell_base, sell_quote) if base_first else (sell_quote, sell_base)
    amount = max(int((state.base_reserve if base_first else state.quote_reserve) * part), 1)
    first = there(terms, state, amount)
    assume(first.paid > 0)
    assert back(terms, first.after, first.paid).paid <= amount


@settings(max_examples=100, deadline=None)
@given(pools(), amounts, st.lists(st.integers(1, 10), min_size=2, max_size=4), st.booleans())
def test_splitting_a_trade_never_pays_more_than_its_fees(
    pool: tuple[Terms, State], part: Fraction, weights: list[int], sells_base: bool
) -> None:
    terms, state = pool
    terms = Terms(terms.price, terms.slope, 0, terms.base_decimals, terms.quote_decimals)
    sell = sell_base if sells_base else sell_quote
    amount = int((state.base_reserve if sells_base else state.quote_reserve) * part)
    pieces = [amount * weight // sum(weights) for weight in weights]
    assume(all(pieces))
    whole = sell(terms, state, sum(pieces)).paid
    total = 0
    for piece in pieces:
        trade = sell(terms, state, piece)
        total, state = total + trade.paid, trade.after
    # A target that is crossed is stored in whole base units, off by less than one unit sold: it shifts what is sold
    # after it along the curve, which is worth as much as the price falls from the target to the end of the trade.
    price, end = terms.price, mid_price(terms, state)
    fall = price - end if sells_base else WAD * WAD // price - WAD * WAD // end
    sold, paid = (terms.base_decimals, terms.quote_decimals)[:: 1 if sells_base else -1]
    assert total <= whole + len(pieces) + max(-(-fall * 10**paid // (WAD * 10**sold)), 0)


@settings(max_examples=100, deadline=None)
@given(pools(), amounts, amounts, st.booleans())
def test_more_sold_pays_no_less(pool: tuple[Terms, State], one: Fraction, other: Fraction, sells_base: bool) -> None:
    terms, state = pool
    sell = sell_base if sells_base else sell_quote
    reserve = state.base_reserve if sells_base else state.quote_reserve
    less, more = sorted(max(int(reserve * part), 1) for part in (one, other))
    assert sell(terms, state, less).paid <= sell(terms, state, more).paid


@settings(max_examples=60, deadline=None)
@given(pools(fee=0))
def test_the_curve_is_continuous_where_the_regime_changes(pool: tuple[Terms, State]) -> None:
    terms, state = pool
    assume(state.regime is not Regime.ONE)
    base_target, quote_target = targets_up(terms, state)
    if state.regime is Regime.BASE_SHORT:
        sell, missing = sell_base, base_target - state.base_reserve
    else:
        sell, missing = sell_quote, quote_target - state.quote_reserve
    assume(missing > 2)
    paid = [sell(terms, state, missing + step).paid for step in (-1, 0, 1)]
    per_unit = max(abs(paid[1] - paid[0]), abs(paid[2] - paid[1]))
    price = mid_price(terms, state)
    unit = 10**terms.quote_decimals * price // (WAD * 10**terms.base_decimals)
    worth = unit if sell is sell_base else 10**terms.base_decimals * WAD // (price * 10**terms.quote_decimals)
    assert per_unit <= 20 * worth + 2


@settings(max_examples=100, deadline=None)
@given(pools(), amounts, st.booleans())
def test_the_price_moves_against_the_trader(pool: tuple[Terms, State], part: Fraction, sells_base: bool) -> None:
    terms, state = pool
    amount = max(int((state.base_reserve if sells_base else state.quote_reserve) * part), 1)
    after = (sell_base if sells_base else sell_quote)(terms, state, amount).after
    assume(min(after.base_reserve, after.quote_reserve) > 1000)
    before, now = mid_price(terms, state), mid_price(terms, after)
    slack = 2 + max(before, now) // 10**6
    assert now <= before + slack if sells_base else now >= before - slack


@settings(max_examples=60, deadline=None)
@given(pools(), st.integers(1, 10**6), st.booleans())
@example((Terms(WAD, WAD // 10, 0, 18, 6), State.balanced(10**30, 10**18)), 1, True)
@example((Terms(WAD, 0, 0, 18, 18), State.balanced(10**30, 10**30)), 1, False)
def test_one_base_unit_is_enough_to_trade(pool: tuple[Terms, State], amount: int, sells_base: bool) -> None:
    terms, state = pool
    trade = (sell_base if sells_base else sell_quote)(terms, state, amount)
    assert trade.paid >= 0
    assert trade.after.base_reserve >= 0
    assert trade.after.quote_reserve >= 0


def test_a_pool_of_ten_to_the_thirty_trades_at_every_size() -> None:
    for slope in (0, 1, WAD // 10, 9 * WAD // 10, WAD):
        terms, state = Terms(WAD, slope, 0, 18, 18), State.balanced(10**30, 10**30)
        for digits in range(30):
            trade = sell_base(terms, state, 10**digits)
            exact = exact_curve.gross_base_sale(terms, state, 10**digits)
            assert 0 <= exact - trade.paid <= 2


def test_a_flat_pool_pays_what_it_has_and_no_more() -> None:
    terms = Terms(WAD, 0, 0, 18, 18)
    trade = sell_base(terms, State.balanced(10**18, 10**18), 5 * 10**18)
    assert trade.paid == 10**18
    assert sell_quote(terms, trade.after, 10**18).paid == 10**18


def test_with_a_slope_a_pool_is_never_emptied() -> None:
    for slope in (1, WAD // 2, WAD):
        trade = sell_base(Terms(WAD, slope, 0, 6, 6), State.balanced(10**12, 10**12), 10**17)
        assert trade.after.quote_reserve >= 1


@pytest.mark.parametrize(
    "change",
    [{"price": 0}, {"price": 10**31}, {"slope": 95 * WAD // 100}, {"slope": WAD + 1}, {"slope": -1},
     {"fee": FEE_MAX + 1}, {"base_decimals": 19}, {"quote_decimals": -1}],
)  # fmt: skip
def test_terms_that_the_curve_is_not_made_for_are_refused(change: dict[str, int]) -> None:
    good = {"price": WAD, "slope": WAD // 10, "fee": 0, "base_decimals": 6, "quote_decimals": 18}
    Terms(**good)
    with pytest.raises(PoolTermsInvalid):
        Terms(**(good | change))


def test_what_does_not_fit_is_refused_before_anything_changes() -> None:
    terms, state = Terms(WAD, WAD // 10, 0, 18, 18), State.balanced(10**30, 10**30)
    with pytest.raises(AmountZero):
        sell_base(terms, state, 0)
    with pytest.raises(ReserveTooLarge):
        sell_quote(terms, state, 10**30)
    dear = Terms(10**30, WAD // 10, 0, 18, 18)
    with pytest.raises(CurveOutOfRange):
        sell_base(dear, state, 10**29)


def test_fees_are_rounded_up_and_stay_in_the_pool() -> None:
    terms = Terms(WAD, WAD // 10, WAD // 1000, 6, 6)
    state = State.balanced(10**12, 10**12)
    trade = sell_base(terms, state, 1_000)
    assert trade.fee == 1
    assert trade.after.quote_reserve == state.quote_reserve - trade.paid
    assert sell_base(terms, state, 1_000, band=WAD // 100).fee == 11
