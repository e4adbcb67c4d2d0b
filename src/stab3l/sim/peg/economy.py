"""The economy that every scenario starts from: two chains, seven public pools, four of the gold mesh, four stabilisers.

Each number says where it comes from; all can be changed by name (``Parameters``), which is what sweeps do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

from stab3l.errors import Invalid
from stab3l.peg.stabiliser import Policy
from stab3l.sim.peg.world import (
    Agent,
    Arbitrageur,
    Asset,
    Bridge,
    BridgeArbitrageur,
    Equation,
    Feed,
    Keeper,
    NoiseTraders,
    Pool,
    Rebalancer,
    Redeemer,
    Stabiliser,
    Triangulator,
    Value,
    World,
)
from stab3l.units import BASIS_POINTS, PAR_PRICE, PARTS_PER_MILLION, WAD

USD6 = 10**6
GWEI = 10**9
BP = WAD // BASIS_POINTS
GOLD_PRICE = 3_300 * WAD
EURO_PRICE = 11 * WAD // 10
OUTSIDE_DOLLARS = 10**12
"""What the world outside holds of each token: more than any scenario moves."""


class V(IntEnum):
    """Values."""

    CUSDC = 0
    CUSDT = 1
    GOLD = 2
    EURO = 3
    SSTB = 4
    COMPUTE = 5
    USDT = 6


class A(IntEnum):
    """Assets; `_B` is on the second chain."""

    CUSDC = 0
    CUSDT = 1
    GOLD = 2
    CEURT = 3
    SSTB = 4
    CUSDC_B = 5
    CUSDT_B = 6
    SSTB_B = 7
    USDT = 8


class P(IntEnum):
    """Pools."""

    CUSDT_CUSDC = 0
    CUSDT_GOLD = 1
    CUSDC_GOLD = 2
    CEURT_GOLD = 3
    SSTB_CUSDC = 4
    CUSDT_CUSDC_B = 5
    SSTB_CUSDC_B = 6
    MESH_CUSDT = 7
    MESH_CUSDC = 8
    MESH_CEURT = 9
    MESH_SSTB = 10


class S(IntEnum):
    """Stabilisers."""

    CUSDT = 0
    SSTB = 1
    CUSDT_B = 2
    SSTB_B = 3


POOL_NAMES = (
    "cUSDT/cUSDC cUSDT/XAU cUSDC/XAU cEURT/XAU sSTB/cUSDC cUSDT/cUSDC@B sSTB/cUSDC@B "
    "mesh:cUSDT/XAU mesh:cUSDC/XAU mesh:cEURT/XAU mesh:sSTB/XAU"
).split()
STABILISED = (P.CUSDT_CUSDC, P.SSTB_CUSDC, P.CUSDT_CUSDC_B, P.SSTB_CUSDC_B)
"""The pool of each stabiliser."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What an operator or a sweep may change. Ratios in bp or ppm, amounts in whole dollars, time in blocks."""

    block_s: int = 2
    """Chain 138."""
    depth_usd: int = 1_000_000
    """Each side of a public pool (source 2, section 11)."""
    flow_usd_per_hour: int = 50_000
    """Through each stable pair (source 2, section 11); others half of it."""
    trade_usd_min: int = 30
    buys_ppm: int = 500_000
    stable_slope_ppm: int = 20_000
    other_slope_ppm: int = 100_000
    mesh_slope_ppm: int = 50_000
    stable_fee_bp_tenths: int = 10
    """Fees in tenths of a bp; slopes, fees and the policy are those that `StabilityConfig.sol` deploys."""
    gold_fee_bp_tenths: int = 50
    compute_fee_bp_tenths: int = 50
    mesh_fee_bp_tenths: int = 10
    threshold_bp_tenths: int = 50
    clamp_bp_tenths: int = 75
    sustained_blocks: int = 3
    interval_blocks: int = 3
    loop_gain_ppm: int = 500_000
    """G: the part of a deviation that one action removes; up to 1 with one execution of delay (DESIGN section 8)."""
    flow_max_ppm: int = 50_000
    """Of the depth, within the memory of the cap."""
    memory_ppm: int = 900_000
    slippage_bp: int = 100
    inventory_ppm: int = 500_000
    """Of the depth, on each side of each stabiliser."""
    keeper_delay_blocks: int = 1
    keeper_failure_ppm: int = 20_000
    arbitrage_cost_bp_tenths: int = 20
    arbitrage_usd: int = 200_000
    arbitrage_presence_ppm: int = 500_000
    bridge_latency_blocks: int = 300
    """Ten minutes (source/parameters.md)."""
    redemption_fee_bp: int = 10
    """0.1 % (source/parameters.md)."""
    reserve_usd: int = 2_000_000
    volatility_ppm: int = 1_000_000
    """Multiplies every volatility."""
    gas_gwei: int = 1
    gas_gwei_max: int = 200


def changed(parameters: Parameters, **named: int) -> Parameters:
    """The parameters with some changed. Raises ``Invalid`` for a name that there is not."""
    unknown = sorted(set(named) - set(Parameters.__dataclass_fields__))
    if unknown:
        known = ", ".join(sorted(Parameters.__dataclass_fields__))
        raise Invalid(f"there is no parameter {', '.join(unknown)}; there are: {known}", unknown=unknown)
    return replace(parameters, **named)


def _ppm(amount: int, ppm: int) -> int:
    return amount * ppm // PARTS_PER_MILLION


def _values(parameters: Parameters) -> tuple[Value, ...]:
    """Volatility of a two-second block is the yearly one over sqrt(15.8 million): gold 15 %, euro 8 %, compute 30 %.

    Stablecoins return to a dollar: a stationary deviation of volatility / sqrt(2 x reversion), here 5 bp, as USDT's and
    USDC's six-month deviations of 7 and 5 bp. sSTB returns to par with a half-life of an hour, an assumption about how
    fast issue and redemption at par work outside.
    """
    quiet = _ppm(WAD * 7 // 10**6, parameters.volatility_ppm)

    def yearly(percent: int) -> int:
        return _ppm(WAD * percent // 100 // 3_971, parameters.volatility_ppm)

    return (
        Value(WAD),
        Value(WAD, quiet, WAD // 10**4),
        Value(GOLD_PRICE, yearly(15), correlated=True),
        Value(EURO_PRICE, yearly(8)),
        Value(PAR_PRICE, yearly(10), WAD // 2_600, correlated=True),
        Value(PAR_PRICE, yearly(30), WAD // 10**5, correlated=True),
        Value(WAD, quiet // 2, WAD // 10**4),
    )


_KINDS = (V.CUSDC, V.CUSDT, V.GOLD, V.EURO, V.SSTB, V.CUSDC, V.CUSDT, V.SSTB, V.USDT)


def _assets(values: tuple[Value, ...]) -> tuple[Asset, ...]:
    def asset(value: V) -> Asset:
        decimals = 18 if value is V.SSTB else 6
        return Asset(value, decimals, OUTSIDE_DOLLARS * WAD * 10**decimals // values[value].start)

    return tuple(asset(value) for value in _KINDS)


def _pools(parameters: Parameters, values: tuple[Value, ...], assets: tuple[Asset, ...]) -> tuple[Pool, ...]:
    stable = (parameters.stable_slope_ppm, parameters.stable_fee_bp_tenths)
    gold = (parameters.other_slope_ppm, parameters.gold_fee_bp_tenths)
    compute = (parameters.other_slope_ppm, parameters.compute_fee_bp_tenths)
    mesh = (parameters.mesh_slope_ppm, parameters.mesh_fee_bp_tenths)

    def pool(base: A, quote: A, kind: tuple[int, int], *, peg: int = 0, private: bool = False) -> Pool:
        def units(asset: A) -> int:
            start = values[assets[asset].value].start
            return int(parameters.depth_usd * WAD * 10 ** assets[asset].decimals // start)

        price = values[assets[base].value].start * WAD // values[assets[quote].value].start
        follows = quote is A.GOLD
        slope, fee = kind[0] * WAD // PARTS_PER_MILLION, kind[1] * BP // 10
        return Pool(base, quote, price, slope, fee, units(base), units(quote), follows, private, peg)

    return (
        pool(A.CUSDT, A.CUSDC, stable, peg=WAD),
        pool(A.CUSDT, A.GOLD, gold),
        pool(A.CUSDC, A.GOLD, gold),
        pool(A.CEURT, A.GOLD, gold),
        pool(A.SSTB, A.CUSDC, compute, peg=PAR_PRICE),
        pool(A.CUSDT_B, A.CUSDC_B, stable, peg=WAD),
        pool(A.SSTB_B, A.CUSDC_B, compute, peg=PAR_PRICE),
        pool(A.CUSDT, A.GOLD, mesh, private=True),
        pool(A.CUSDC, A.GOLD, mesh, private=True),
        pool(A.CEURT, A.GOLD, mesh, private=True),
        pool(A.SSTB, A.GOLD, mesh, private=True),
    )


def _policy(parameters: Parameters, slope: int) -> Policy:
    """The proportional law's gain from its loop gain: G = gain x 2k / depth."""
    depth = parameters.depth_usd * USD6
    return Policy(
        threshold=parameters.threshold_bp_tenths * BP // 10,
        clamp=parameters.clamp_bp_tenths * BP // 10,
        sustained_blocks=parameters.sustained_blocks,
        interval_blocks=parameters.interval_blocks,
        gain=_ppm(depth, parameters.loop_gain_ppm) * WAD // (2 * slope),
        amount_min=parameters.depth_usd,
        flow_max=_ppm(depth, parameters.flow_max_ppm),
        memory=parameters.memory_ppm * WAD // PARTS_PER_MILLION,
        slippage=parameters.slippage_bp * BP,
        gas_price_max=parameters.gas_gwei_max * GWEI,
    )


EQUATION = Equation(
    arbitrage=15 * WAD // 100,
    derivatives=WAD // 10,
    governance=0,
    reserve_target=WAD // 10,
    band=WAD // 50,
    compute=V.COMPUTE,
    reserve_ratio=WAD // 10,
)
"""k and m of source/parameters.md; g starts at zero, the band at 2 % (`StabilityConfig.sol`, docs/limits.md)."""


def _stabilisers(parameters: Parameters, pools: tuple[Pool, ...]) -> tuple[Stabiliser, ...]:
    def stabiliser(place: P) -> Stabiliser:
        pool = pools[place]
        return Stabiliser(
            place,
            pool.peg,
            _policy(parameters, pool.slope),
            _ppm(pool.base_reserve, parameters.inventory_ppm),
            _ppm(pool.quote_reserve, parameters.inventory_ppm),
            EQUATION if pool.peg == PAR_PRICE else None,
        )

    return tuple(stabiliser(place) for place in STABILISED)


def _traders(parameters: Parameters, pools: tuple[Pool, ...], assets: tuple[Asset, ...]) -> list[Agent]:
    """A mean trade is 3.31 times the least: (1-p)/(1-2p) x 1.5 with p = 2^-1.5."""
    blocks_per_hour = 3_600 // parameters.block_s
    mean_milli_usd = parameters.trade_usd_min * 3_310
    trades_ppm = parameters.flow_usd_per_hour * 1_000 * PARTS_PER_MILLION // blocks_per_hour // mean_milli_usd
    agents: list[Agent] = []
    for place in range(P.MESH_CUSDT):
        pool = pools[place]
        dollar = pool.quote_reserve // parameters.depth_usd
        share = 1 if pool.slope == pools[P.CUSDT_CUSDC].slope else 2
        size = parameters.trade_usd_min * dollar
        agents.append(NoiseTraders(place, trades_ppm // share, max(size, 1), buys_ppm=parameters.buys_ppm))
    return agents


def _arbitrageurs(parameters: Parameters, pools: tuple[Pool, ...]) -> list[Agent]:
    cost = parameters.arbitrage_cost_bp_tenths * BP // 10
    agents: list[Agent] = []
    for place in range(P.MESH_CUSDT):
        capital = parameters.arbitrage_usd * (pools[place].quote_reserve // parameters.depth_usd)
        agents.append(Arbitrageur(place, cost, capital, presence_ppm=parameters.arbitrage_presence_ppm))
    across = parameters.arbitrage_usd * USD6
    agents.append(BridgeArbitrageur(P.CUSDT_CUSDC, P.CUSDT_CUSDC_B, 0, across, cost))
    agents.append(BridgeArbitrageur(P.SSTB_CUSDC, P.SSTB_CUSDC_B, 1, across, cost))
    capacity, capital = parameters.depth_usd * USD6 // 50, parameters.depth_usd * USD6
    fee = parameters.redemption_fee_bp * BP
    agents.append(Redeemer(P.CUSDT_CUSDC, A.USDT, fee, capacity, capital, parameters.arbitrage_presence_ppm))
    return agents


def _keepers(parameters: Parameters) -> list[Agent]:
    """Keepers of all four, the mesh for the two of the first chain, and between its public pools and the mesh."""
    amount = parameters.depth_usd * USD6 // 50
    trigger, slippage = WAD // 10, 2 * WAD // 100
    delay, failure = parameters.keeper_delay_blocks, parameters.keeper_failure_ppm
    return [
        *(Keeper(stabiliser, delay, failure) for stabiliser in S),
        Rebalancer(S.CUSDT, P.MESH_CUSDT, P.MESH_CUSDC, trigger, amount, slippage),
        Rebalancer(S.SSTB, P.MESH_SSTB, P.MESH_CUSDC, trigger, amount, slippage),
        Triangulator(P.CUSDT_CUSDC, P.MESH_CUSDT, P.MESH_CUSDC),
        Triangulator(P.CUSDT_GOLD, P.MESH_CUSDT, None),
        Triangulator(P.CUSDC_GOLD, P.MESH_CUSDC, None),
        Triangulator(P.CEURT_GOLD, P.MESH_CEURT, None),
        Triangulator(P.SSTB_CUSDC, P.MESH_SSTB, P.MESH_CUSDC),
    ]


def economy(parameters: Parameters, seed: int) -> World:
    """The world without shocks or attackers. Raises ``Invalid`` where the parameters fit no pool."""
    values = _values(parameters)
    assets = _assets(values)
    if parameters.depth_usd <= 0 or min(parameters.stable_slope_ppm, parameters.other_slope_ppm) <= 0:
        raise Invalid("pools need a depth and a slope above 0", depth_usd=parameters.depth_usd)
    pools = _pools(parameters, values, assets)
    reserves = tuple(parameters.reserve_usd * USD6 if asset == A.USDT else 0 for asset in A)
    latency = parameters.bridge_latency_blocks
    return World(
        seed=seed,
        block_s=parameters.block_s,
        gas_price=parameters.gas_gwei * GWEI,
        common_volatility=_ppm(WAD // 100 * 10 // 3_971, parameters.volatility_ppm),
        values=values,
        feeds=tuple(Feed() for _ in values),
        assets=assets,
        pools=pools,
        stabilisers=_stabilisers(parameters, pools),
        bridges=(Bridge(A.CUSDT, A.CUSDT_B, latency), Bridge(A.SSTB, A.SSTB_B, latency)),
        reserves=reserves,
        agents=(
            *_traders(parameters, pools, assets),
            *_arbitrageurs(parameters, pools),
            *_keepers(parameters),
        ),
    )
