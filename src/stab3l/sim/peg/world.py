"""The parts of a simulated world, as the native core reads them: field names are those of its `simulation/spec.rs`.

Amounts are base units of their token, prices and ratios wad, chances parts per million, indices places in its lists.
"""

from __future__ import annotations

from dataclasses import dataclass

from stab3l.peg.stabiliser import Policy


@dataclass(frozen=True, slots=True)
class Value:
    """The dollar value of one whole token outside [wad], and how it moves each block [wad, relative]."""

    start: int
    volatility: int = 0
    reversion: int = 0
    """The part of the distance to its anchor that it returns in a block [wad]."""
    correlated: bool = False
    """Whether the common factor moves it too."""


@dataclass(frozen=True, slots=True)
class Feed:
    """An oracle feed: the rules of `Oracle.sol`, its reporters, and `triangulation.py`'s rules for an old price."""

    quorum: int = 2
    age_s_max: int = 3_600
    deviation_bps_max: int = 1_000
    reporters: int = 5
    heartbeat_blocks: int = 150
    """Every five minutes at two seconds a block (source/parameters.md)."""
    error: int = 10**14
    failure_ppm: int = 10_000
    stale_s_max: int = 4 * 86_400
    band_per_s: int = 2 * 10**16 // (2 * 86_400)
    band_max: int = 2 * 10**16


@dataclass(frozen=True, slots=True)
class Asset:
    """A token on a chain, and what the world outside the system holds of it."""

    value: int
    decimals: int
    outside: int


@dataclass(frozen=True, slots=True)
class Pool:
    """A PMM pool: i, k and fee [wad], reserves, and what its deviation is measured from [wad; 0: the cross outside]."""

    base: int
    quote: int
    price: int
    slope: int
    fee: int
    base_reserve: int
    quote_reserve: int
    follows_oracle: bool = False
    private: bool = False
    peg: int = 0


@dataclass(frozen=True, slots=True)
class Equation:
    """The peg equation that steers a stabiliser's target: weights, R_target, band [wad], and what it reads."""

    arbitrage: int
    derivatives: int
    governance: int
    reserve_target: int
    band: int
    compute: int
    """Index of the value of one CU."""
    update_blocks: int = 5
    basis: int = 0
    """Futures over spot [wad]."""
    reserve_ratio: int = 0


@dataclass(frozen=True, slots=True)
class Stabiliser:
    """A stabiliser of one pool: target [wad], policy, and what it brings to bucket B."""

    pool: int
    target: int
    policy: Policy
    base_inventory: int
    quote_inventory: int
    equation: Equation | None = None


@dataclass(frozen=True, slots=True)
class Bridge:
    """A bridge between the same token on two chains."""

    left: int
    right: int
    latency_blocks: int


@dataclass(frozen=True, slots=True)
class Shock:
    """Something that happens at the start of a block: an effect of `simulation/spec.rs`, on what, how much."""

    block: int
    effect: str
    subject: int
    amount: int


@dataclass(frozen=True, slots=True)
class NoiseTraders:
    """Trades for reasons of their own: a binomial number a block, sizes with a tail of exponent 1.5."""

    pool: int
    trades_ppm: int
    size_min: int
    octaves: int = 8
    buys_ppm: int = 500_000


@dataclass(frozen=True, slots=True)
class Arbitrageur:
    """Trades a pool against the market outside, where trading costs ``cost`` [wad]."""

    pool: int
    cost: int
    capital: int
    gas_cost: int = 0
    presence_ppm: int = 1_000_000


@dataclass(frozen=True, slots=True)
class BridgeArbitrageur:
    """Trades two like pools on two chains against each other; the base token returns over the bridge."""

    left: int
    right: int
    bridge: int
    capital: int
    margin: int


@dataclass(frozen=True, slots=True)
class Redeemer:
    """Redeems the base token at par for an asset of the reserve, or has it issued."""

    pool: int
    reserve: int
    fee: int
    capacity: int
    capital: int
    presence_ppm: int = 1_000_000


@dataclass(frozen=True, slots=True)
class LiquidityProvider:
    """Takes a share of the liquidity out when the price deviates by ``fear`` [wad], returns after calm blocks."""

    pool: int
    fear: int
    share_ppm: int
    patience_blocks: int


@dataclass(frozen=True, slots=True)
class Keeper:
    """Calls a stabiliser, so many blocks after it has seen a reason."""

    stabiliser: int
    delay_blocks: int = 1
    failure_ppm: int = 20_000


@dataclass(frozen=True, slots=True)
class Rebalancer:
    """Exchanges the stabiliser's inventory through the gold mesh."""

    stabiliser: int
    base_mesh: int
    quote_mesh: int
    trigger: int
    amount_max: int
    slippage: int


@dataclass(frozen=True, slots=True)
class Triangulator:
    """Exchanges between a public pool and the gold mesh where bucket B gains by it, as the mesh keeper does.

    A mesh pool of ``None`` stands for gold itself; numbers are those of `stab3l.keepers.peg_rules` and of what is
    deployed.
    """

    pool: int
    base_mesh: int | None
    quote_mesh: int | None
    slippage: int = 5 * 10**15
    share: int = 50
    least: int = 100_000
    every_blocks: int = 5


@dataclass(frozen=True, slots=True)
class Sandwicher:
    """Flash loan, push, stabiliser's call, trade back, repay: all in one block, whatever pays it best."""

    stabiliser: int
    loan: int
    loan_fee: int
    from_block: int
    every_blocks: int


@dataclass(frozen=True, slots=True)
class Manipulator:
    """Holds the price away for several blocks with its own capital, then trades back."""

    stabiliser: int
    capital: int
    from_block: int
    hold_blocks: int
    every_blocks: int


@dataclass(frozen=True, slots=True)
class Griefer:
    """Keeps the price a little beyond the threshold, so that the stabiliser spends its interval on little."""

    stabiliser: int
    capital: int
    beyond: int
    from_block: int
    until_block: int


Agent = (
    NoiseTraders
    | Arbitrageur
    | BridgeArbitrageur
    | Redeemer
    | LiquidityProvider
    | Keeper
    | Rebalancer
    | Triangulator
    | Sandwicher
    | Manipulator
    | Griefer
)


@dataclass(frozen=True, slots=True)
class World:
    """A whole world. One feed per value, one reserve per asset; agents act in their order here."""

    seed: int
    block_s: int
    gas_price: int
    common_volatility: int
    values: tuple[Value, ...]
    feeds: tuple[Feed, ...]
    assets: tuple[Asset, ...]
    pools: tuple[Pool, ...]
    stabilisers: tuple[Stabiliser, ...]
    bridges: tuple[Bridge, ...]
    reserves: tuple[int, ...]
    agents: tuple[Agent, ...]
    shocks: tuple[Shock, ...] = ()
