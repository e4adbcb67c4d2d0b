"""What the peg's keepers decide, over pools as the rules have them."""

from __future__ import annotations

from stab3l.chain.contracts import contract_at
from stab3l.chain.pools import PoolView
from stab3l.keepers.peg_rules import (
    LEG_WAD,
    SPREAD_WAD,
    best_cycle,
    best_triangle,
    cycles,
    price_is_due,
    restoring,
    synchronising,
    target_is_due,
    through,
)
from stab3l.peg.pool import State, Terms, sell_base, sell_quote
from stab3l.units import WAD

A, B, GOLD = (f"0x{digit * 40}" for digit in "abc")
DEPTH = 10**12


def pool(name: str, base: str, quote: str, price: int = WAD, pushed: int = 0) -> PoolView:
    """A pool of a million, pushed by selling base (or quote, when negative)."""
    terms = Terms(price, WAD // 10, 5 * WAD // 10_000, 6, 6)
    state = State.balanced(DEPTH, DEPTH * price // WAD)
    if pushed:
        state = (sell_base if pushed > 0 else sell_quote)(terms, state, abs(pushed)).after
    return PoolView(name, contract_at(1, name, "0x" + "11" * 20), base, quote, terms, state)


def triangle(pushed: int) -> list[PoolView]:
    ounce = WAD // 4000
    return [
        pool("PMMPool A/B", A, B, pushed=pushed),
        pool("PMMPool A/XAU", A, GOLD, ounce),
        pool("PMMPool B/XAU", B, GOLD, ounce),
    ]


def test_pools_in_balance_offer_no_cycle() -> None:
    assert best_cycle(triangle(0), A, 10**11) is None


def test_a_pushed_pool_is_traded_up_to_where_the_profit_is_largest() -> None:
    views = triangle(80_000 * 10**6)
    cycle = best_cycle(views, A, 10**12)
    assert cycle is not None
    assert cycle.profit > 0
    assert cycle.paid == through(cycle.pools, A, cycle.amount)
    for other in (cycle.amount * 9 // 10, cycle.amount * 11 // 10):
        assert through(cycle.pools, A, other) - other <= cycle.profit


def test_no_more_is_sold_than_is_held() -> None:
    cycle = best_cycle(triangle(80_000 * 10**6), A, 10**6)
    assert cycle is not None
    assert cycle.amount <= 10**6


def test_every_way_uses_each_pool_once_and_comes_back() -> None:
    assert {tuple(view.name[8:] for view in way) for way in cycles(triangle(0), A)} == {
        ("A/B", "B/XAU", "A/XAU"),
        ("A/XAU", "B/XAU", "A/B"),
    }


def test_two_chains_are_brought_within_the_spread_and_then_left_alone() -> None:
    dear, cheap = pool("PMMPool A/B", A, B, pushed=-30_000 * 10**6), pool("PMMPool A/B", A, B, pushed=30_000 * 10**6)
    sync = synchronising(cheap, dear, (138, 7))
    assert sync is not None
    assert (sync.dear, sync.cheap) == (7, 138)
    after = (
        sell_base(dear.terms, dear.state, sync.base_amount).after,
        sell_quote(cheap.terms, cheap.state, sync.quote_amount).after,
    )
    settled = [
        PoolView(view.name, view.contract, A, B, view.terms, state)
        for view, state in zip((dear, cheap), after, strict=True)
    ]
    prices = [view.price for view in settled]
    assert abs(prices[0] - prices[1]) * WAD <= SPREAD_WAD * min(prices)
    assert all(abs(price - WAD) <= LEG_WAD for price in prices)
    assert synchronising(settled[0], settled[1], (7, 138)) is None


def test_inventory_is_restored_in_portions_from_the_largest_surplus() -> None:
    wanted = {A: 10**9, B: 10**9, GOLD: 10**6}

    def worth(token: str, amount: int) -> int:
        return amount if token == GOLD else amount // 4000

    held = {A: 8 * 10**8, B: 12 * 10**8, GOLD: 10**6}
    exchange = restoring(held, wanted, worth)
    assert exchange is not None
    assert (exchange.sold, exchange.bought) == (B, A)
    assert exchange.amount == 10**9 // 200
    assert restoring(wanted, wanted, worth) is None
    assert restoring({**wanted, A: wanted[A] - 10**6, B: wanted[B] + 10**6}, wanted, worth) is None
    assert restoring({**wanted, A: 0}, wanted, worth) is None


def test_a_price_follows_only_a_certain_target_that_moved() -> None:
    assert price_is_due(WAD, WAD + 2 * WAD // 10_000, 0)
    assert not price_is_due(WAD, WAD + 2 * WAD // 10_000 - 1, 0)
    assert not price_is_due(WAD, 2 * WAD, 1)
    assert target_is_due(0, 1)
    assert not target_is_due(WAD, WAD + WAD // 10_001)
    assert target_is_due(WAD, WAD + WAD // 10_000)


# --- Between public pools and the mesh


def mesh() -> dict[str, PoolView]:
    ounce = WAD // 4000
    return {token: pool(f"MeshPool {token}", token, GOLD, ounce) for token in (A, B)}


HELD = {A: DEPTH, B: DEPTH, GOLD: DEPTH // 4000}


def targets(view: PoolView, price: int = WAD) -> dict[str, int]:
    return {view.contract.address: price}


def test_what_is_dear_on_a_public_pool_is_sold_and_bought_back_through_gold() -> None:
    cheap = pool("PMMPool A/B", A, B, pushed=60_000 * 10**6)
    found = best_triangle([cheap], mesh(), HELD, targets(cheap))
    assert found is not None
    assert not found.sells_base
    assert 0 < found.amount <= DEPTH // 50
    legs = (cheap, mesh()[A], mesh()[B])
    assert through(legs, B, found.amount) - found.amount == found.gained > 0


def test_pool_and_mesh_within_their_fees_are_left_alone() -> None:
    near = pool("PMMPool A/B", A, B, pushed=2_000 * 10**6)
    assert best_triangle([near], mesh(), HELD, targets(near)) is None


def test_without_inventory_a_target_or_a_mesh_pool_nothing_is_exchanged() -> None:
    cheap = pool("PMMPool A/B", A, B, pushed=60_000 * 10**6)
    assert best_triangle([cheap], mesh(), {A: 0, B: 0}, targets(cheap)) is None
    assert best_triangle([cheap], mesh(), HELD, {}) is None
    assert best_triangle([cheap], {A: mesh()[A]}, HELD, targets(cheap)) is None


def test_a_skewed_mesh_does_not_make_a_pool_sell_below_its_target() -> None:
    """The mesh would pay for it, but the public price would be pushed away from its target."""
    level = pool("PMMPool A/B", A, B, pushed=-1_000 * 10**6)
    skewed = mesh() | {A: pool("MeshPool A", A, GOLD, WAD // 4000, pushed=300_000 * 10**6)}
    assert best_triangle([level], skewed, HELD, targets(level)) is None
