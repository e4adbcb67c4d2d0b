"""The peg's rules in Rust (engine/src/peg) give the Python rules' integers (src/stab3l/peg), refusals included."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from stab3l import _engine
from stab3l.errors import Stab3lError
from stab3l.peg import equation, flow_cap, pool, price_history, stabiliser
from stab3l.peg.price_history import Average, PriceHistory
from stab3l.sim.peg.world import Equation
from stab3l.units import WAD

SLOPES = st.one_of(st.sampled_from([0, 1, WAD // 10, WAD // 2, pool.SLOPE_MAX, WAD]), st.integers(0, pool.SLOPE_MAX))
DECIMALS = st.sampled_from([0, 6, 8, 18])
PRICES = st.one_of(st.sampled_from([WAD, 6 * WAD // 100]), st.integers(pool.PRICE_MIN, pool.PRICE_MAX))


def magnitudes(most: int) -> st.SearchStrategy[int]:
    """Numbers of every length, not only long ones."""
    lengths = st.integers(0, most.bit_length() - 1)
    return lengths.flatmap(lambda length: st.integers(0, min(1 << length, most)))


@st.composite
def pools(draw: st.DrawFn) -> tuple[pool.Terms, pool.State]:
    terms = pool.Terms(draw(PRICES), draw(SLOPES), draw(st.integers(0, pool.FEE_MAX)), draw(DECIMALS), draw(DECIMALS))
    base = draw(magnitudes(pool.RESERVE_FINE_MAX // terms.base_unit)) + pool.RESERVE_MIN
    quote = draw(magnitudes(pool.RESERVE_FINE_MAX // terms.quote_unit)) + pool.RESERVE_MIN
    return terms, pool.State.balanced(base, quote)


def row(terms: pool.Terms) -> tuple[int, int, int, int, int]:
    return terms.price, terms.slope, terms.fee, terms.base_decimals, terms.quote_decimals


def state_row(state: pool.State) -> tuple[int, int, int, int, int]:
    return state.base_reserve, state.quote_reserve, state.base_target, state.quote_target, int(state.regime)


def answer_of(call: object, *arguments: object, **named: object) -> object:
    """What a rule gives, or the code of its refusal; the native rules refuse with the code as the message."""
    try:
        return call(*arguments, **named)  # type: ignore[operator]
    except Stab3lError as error:
        return error.code
    except ValueError as error:
        return str(error)


SALE = st.tuples(st.booleans(), st.integers(0, 3 * 10**6), st.sampled_from([0, WAD // 1000]))


@settings(max_examples=400, deadline=None)
@given(pools(), st.lists(SALE, min_size=1, max_size=6))
def test_every_sale_is_paid_alike(pool_of: tuple[pool.Terms, pool.State], sales: list[tuple[bool, int, int]]) -> None:
    """A series of sales, each a share of the reserve from nothing to three times it."""
    terms, state = pool_of
    for sells_base, share_ppm, band in sales:
        amount = (state.base_reserve if sells_base else state.quote_reserve) * share_ppm // 10**6
        rule = pool.sell_base if sells_base else pool.sell_quote
        expected = answer_of(rule, terms, state, amount, band=band)
        found = answer_of(_engine.peg_sell, row(terms), state_row(state), sells_base, amount, band)
        if isinstance(expected, str):
            assert found == expected
            continue
        assert isinstance(expected, pool.Trade)
        assert found == (expected.paid, expected.fee, state_row(expected.after))
        state = expected.after
        targets = answer_of(pool.targets_up, terms, state)
        assert answer_of(_engine.peg_targets, row(terms), state_row(state)) == targets
        mid = answer_of(pool.mid_price, terms, state)
        found_mid = answer_of(_engine.peg_mid_price, row(terms), state_row(state))
        assert found_mid == (min(mid, price_history.PRICE_CAP) if isinstance(mid, int) else mid)


HISTORY = st.lists(st.tuples(st.integers(0, 30), magnitudes(1 << 130)), max_size=40)


@settings(max_examples=200, deadline=None)
@given(HISTORY, st.integers(0, 9), PRICES, PRICES, st.integers(0, WAD), st.integers(1, price_history.WINDOW_MAX))
def test_every_average_is_alike(
    entries: list[tuple[int, int]], later: int, price: int, target: int, clamp: int, window: int
) -> None:
    history, block, told = PriceHistory.start(100), 100, []
    for blocks, held in entries:
        block += blocks
        capped = min(held, price_history.PRICE_CAP)
        history = history.accumulate(block, capped)
        told.append((block, capped))
    block += later
    expected = history.average_deviation(block, price, target, clamp, window)
    assert _engine.peg_average(100, told, block, price, target, clamp, window) == tuple(expected)


AMOUNTS = magnitudes(10**30)
POLICIES = st.builds(
    stabiliser.Policy,
    threshold=st.integers(0, WAD // 50),
    clamp=st.integers(0, WAD),
    sustained_blocks=st.integers(0, 15),
    interval_blocks=st.integers(0, 9),
    gain=AMOUNTS,
    amount_min=st.integers(0, 10**9),
    flow_max=AMOUNTS,
    memory=st.integers(0, WAD),
    slippage=st.integers(0, WAD),
    gas_price_max=st.integers(0, 9),
)
DEVIATIONS = st.integers(-WAD // 10, WAD // 10)


@settings(max_examples=300, deadline=None)
@given(
    POLICIES, st.integers(0, 20), st.integers(0, 9), st.integers(0, 20), st.tuples(DEVIATIONS, st.integers(0, 15)),
    DEVIATIONS, st.tuples(AMOUNTS, st.integers(0, 20)), st.tuples(AMOUNTS, AMOUNTS),
)  # fmt: skip
def test_every_decision_is_alike(
    policy: stabiliser.Policy, since: int, gas_price: int, acted: int, average: tuple[int, int],
    spot: int, flow: tuple[int, int], inventories: tuple[int, int],
) -> None:  # fmt: skip
    block = 20 + since
    view = stabiliser.View(block, gas_price, acted, Average(*average), spot, *flow, *inventories)
    expected = stabiliser.decide(policy, view)
    found = _engine.peg_decide(policy, block, gas_price, acted, average, spot, flow, inventories)
    assert found == (expected.outcome, expected.sells_base, expected.amount)


@given(AMOUNTS, st.integers(0, WAD), st.integers(0, 1 << 17), AMOUNTS)
def test_the_cap_decays_alike(flow: int, memory: int, blocks: int, cap: int) -> None:
    assert _engine.peg_flow_room(flow, memory, blocks, cap) == flow_cap.room(flow, memory, blocks, cap)


SCALES = st.sampled_from([10**6, WAD])


@given(AMOUNTS, st.integers(1, 10**30), st.integers(0, WAD), SCALES, SCALES)
def test_the_slippage_cap_is_alike(amount: int, marginal: int, slippage: int, sold: int, paid: int) -> None:
    expected = stabiliser.least_paid_up(amount + 1, marginal, slippage, sold, paid)
    assert _engine.peg_least_paid(amount + 1, marginal, slippage, sold, paid) == (
        expected if expected < 1 << 128 else None
    )


WEIGHTS = st.integers(0, WAD)


@given(st.integers(10**10, WAD), st.integers(0, WAD), st.integers(0, WAD), WEIGHTS, WEIGHTS, WEIGHTS, WEIGHTS,
       st.integers(-WAD // 2, WAD // 2), WEIGHTS)  # fmt: skip
def test_the_peg_equation_is_alike(
    par: int, compute: int, spot: int, k: int, m: int, g: int, band: int, basis: int, ratio: int
) -> None:
    lean = abs(spot * basis) // WAD
    futures = spot + (lean if basis >= 0 else -lean)
    weights = equation.Weights(k, m, g, WAD // 10, band)
    expected = equation.target(par, equation.Inputs(compute, futures, spot, ratio), weights)
    native = Equation(k, m, g, WAD // 10, band, 0, basis=basis, reserve_ratio=ratio)
    assert _engine.peg_target(par, compute, spot, native) == expected
