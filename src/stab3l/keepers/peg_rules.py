"""What the peg's keepers decide: pure, over what the chain says. Sizes come from the same curve that will be traded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from stab3l.chain.pools import PoolView
from stab3l.errors import Stab3lError
from stab3l.peg.pool import State, Terms, mid_price, sell_base, sell_quote
from stab3l.peg.stabiliser import least_paid_up
from stab3l.units import WAD

SYNC_WAD: Final = 2 * WAD // 10_000
"""A pool's price follows gold when it is off by two basis points."""
PORTIONS: Final = 200
SPREAD_WAD: Final = 15 * WAD // 10_000
"""Source 2: cross-chain spread below 0.15 %."""
TRIANGLE_SHARE: Final = 50
"""At most one part in this many of the inventory is exchanged between pool and mesh at once."""
TRIANGLE_LEAST: Final = 100_000
"""An exchange must gain more than one part in this many."""
LEG_WAD: Final = SPREAD_WAD // 2
"""So each chain may be off by half of it."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """Sell ``amount`` base units of ``sold`` for ``bought``."""

    sold: str
    bought: str
    amount: int


@dataclass(frozen=True, slots=True)
class Cycle:
    """A way through pools back to ``token``: sell ``amount``, be paid ``paid``."""

    token: str
    pools: tuple[PoolView, ...]
    amount: int
    paid: int

    @property
    def profit(self) -> int:
        """Base units of the token, before gas."""
        return self.paid - self.amount


def price_is_due(price: int, target: int, band: int) -> bool:
    """Whether a pool's price must follow: the target is certain and two basis points away."""
    return band == 0 and abs(target - price) * WAD >= SYNC_WAD * price


def target_is_due(current: int, computed: int) -> bool:
    """Whether the peg equation's target must be written: never yet, or moved by a basis point."""
    return current == 0 or abs(computed - current) * 10_000 >= current


def restoring(held: Mapping[str, int], wanted: Mapping[str, int], worth: Callable[[str, int], int]) -> Exchange | None:
    """The exchange that restores the stabiliser's inventory: from what it has most too much of to what it lacks most.

    ``worth`` values an amount of a token in gold base units. A hundredth of what is wanted may be missing; then half of
    the smaller of surplus and gap is exchanged, and at once no more than a two-hundredth of what is wanted: the mesh is
    moved in steps that its slippage cap lets through.
    """
    gap = {token: worth(token, wanted[token] - held[token]) for token in wanted if held[token] < wanted[token]}
    surplus = {token: worth(token, held[token] - wanted[token]) for token in wanted if held[token] > wanted[token]}
    if not gap or not surplus:
        return None
    bought = max(gap, key=lambda token: gap[token])
    sold = max(surplus, key=lambda token: surplus[token])
    if gap[bought] * 100 < worth(bought, wanted[bought]):
        return None
    excess = held[sold] - wanted[sold]
    amount = min(excess * min(gap[bought], surplus[sold]) // (2 * surplus[sold]), wanted[sold] // PORTIONS)
    return Exchange(sold, bought, amount) if amount > 0 else None


def best_cycle(views: Sequence[PoolView], token: str, most: int) -> Cycle | None:
    """The most profitable way from a token through two or three pools back to it, with at most ``most`` of it."""
    found = [cycle for pools in cycles(views, token) if (cycle := sized(pools, token, most)) is not None]
    return max(found, key=lambda cycle: cycle.profit, default=None)


def cycles(views: Sequence[PoolView], token: str) -> list[tuple[PoolView, ...]]:
    """Every way of two or three different pools from a token back to it."""
    ways: list[tuple[PoolView, ...]] = []

    def go(at: str, path: tuple[PoolView, ...]) -> None:
        if path and at == token:
            ways.append(path)
            return
        for view in views if len(path) < 3 else ():
            if view not in path and at in (view.base, view.quote):
                go(view.quote if at == view.base else view.base, (*path, view))

    go(token, ())
    return [way for way in ways if len(way) > 1]


def sized(pools: tuple[PoolView, ...], token: str, most: int) -> Cycle | None:
    """The best amount for a way: the profit rises to one top and falls, so thirds find it. None without a profit."""
    low, high = 1, most
    while high - low > 2:
        third = (high - low) // 3
        left, right = low + third, high - third
        if through(pools, token, left) - left < through(pools, token, right) - right:
            low = left
        else:
            high = right
    amount = max(range(low, high + 1), key=lambda one: through(pools, token, one) - one)
    paid = through(pools, token, amount)
    return Cycle(token, pools, amount, paid) if paid > amount else None


def through(pools: Sequence[PoolView], token: str, amount: int) -> int:
    """What selling a token through pools pays; 0 when a pool would refuse."""
    for view in pools:
        sells_base = token == view.base
        try:
            amount = (sell_base if sells_base else sell_quote)(view.terms, view.state, amount).paid
        except Stab3lError:
            return 0
        token = view.quote if sells_base else view.base
    return amount


@dataclass(frozen=True, slots=True)
class Triangle:
    """Sell ``amount`` of the public pool's base or quote token above its target, buy it back through gold."""

    pool: PoolView
    sells_base: bool
    amount: int
    gained: int
    """Base units of what is sold."""


def best_triangle(
    public: Sequence[PoolView], mesh: Mapping[str, PoolView], held: Mapping[str, int], targets: Mapping[str, int]
) -> Triangle | None:
    """The exchange between a public pool and the mesh that gains most of what it moves; None where none gains.

    ``mesh``: private pools by token address; ``held``: the stabiliser's inventory; ``targets`` [wad] by pool address.
    Only the dear token of a pool is sold, and no more than brings its price to the target: beyond it the contract
    refuses. A hundred-thousandth must be gained, so that fees and rounding are not chased.
    """
    found = []
    for view in public:
        target = targets.get(view.contract.address)
        if target is None or view.price == target:
            continue
        sells_base = view.price > target
        sold, between = (view.base, view.quote) if sells_base else (view.quote, view.base)
        legs = _mesh_legs(mesh, between, sold)
        if legs is None:
            continue
        most = min(held.get(sold, 0) // TRIANGLE_SHARE, _to_price(view, target, sells_base=sells_base))
        cycle = sized((view, *legs), sold, most) if most > 0 else None
        if cycle is None or cycle.profit * TRIANGLE_LEAST <= cycle.amount:
            continue
        if through((view,), sold, cycle.amount) >= fair_up(view.terms, target, sells_base, cycle.amount):
            found.append(Triangle(view, sells_base, cycle.amount, cycle.profit))
    return max(found, key=lambda one: one.gained * WAD // one.amount, default=None)


def fair_up(terms: Terms, target: int, sells_base: bool, amount: int) -> int:
    """What selling at the target would pay (`StabilizerPolicy.fairUp`)."""
    base, quote = 10**terms.base_decimals, 10**terms.quote_decimals
    if sells_base:
        return least_paid_up(amount, target, 0, base, quote)
    return least_paid_up(amount, WAD * WAD // target, 0, quote, base)


def _mesh_legs(mesh: Mapping[str, PoolView], sold: str, bought: str) -> tuple[PoolView, ...] | None:
    """The private pools from one token through gold to another; gold itself has no pool of its own."""
    gold = next((view.quote for view in mesh.values()), None)
    tokens = [token for token in (sold, bought) if token != gold]
    legs = tuple(mesh[token] for token in tokens if token in mesh)
    return legs if len(legs) == len(tokens) else None


@dataclass(frozen=True, slots=True)
class Sync:
    """Sell base units ``base_amount`` of base where it is dear, and ``quote_amount`` of quote where base is cheap."""

    dear: int
    cheap: int
    base_amount: int
    quote_amount: int


def synchronising(one: PoolView, other: PoolView, chains: tuple[int, int]) -> Sync | None:
    """The trades that bring one pool's prices on two chains together: each to the middle. None within the spread."""
    prices = (one.price, other.price)
    if abs(prices[0] - prices[1]) * WAD <= SPREAD_WAD * min(prices):
        return None
    (dear, high), (cheap, low) = sorted(zip(chains, (one, other), strict=True), key=lambda leg: -leg[1].price)
    middle = (high.price + low.price) // 2
    return Sync(dear, cheap, _to_price(high, middle, sells_base=True), _to_price(low, middle, sells_base=False))


def _to_price(view: PoolView, price: int, *, sells_base: bool) -> int:
    """The largest sale that leaves the pool's price on its side of ``price``; by halving."""
    low, high = 0, view.state.base_reserve if sells_base else view.state.quote_reserve
    while low < high:
        amount = (low + high + 1) // 2
        after = price_after(view.terms, view.state, amount, sells_base=sells_base)
        if after >= price if sells_base else after <= price:
            low = amount
        else:
            high = amount - 1
    return low


def price_after(terms: Terms, state: State, amount: int, *, sells_base: bool) -> int:
    """The marginal price after a sale."""
    return mid_price(terms, (sell_base if sells_base else sell_quote)(terms, state, amount).after)
