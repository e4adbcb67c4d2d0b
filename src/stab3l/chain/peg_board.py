"""The peg of one chain for whoever shows it: every pool beside its target, and what stands behind the price.

Each answer is of one block. `as_dict` gives what JSON carries: amounts as decimal strings, wad where it says so.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Final

from stab3l.chain.contracts import Contract, contract
from stab3l.chain.errors import ContractRejected
from stab3l.chain.json_values import json_ready
from stab3l.chain.pools import PRIVATE, PUBLIC, names_of, state_of, terms_of, token_at
from stab3l.chain.port import Chain
from stab3l.config import ChainConfig
from stab3l.peg.pool import mid_price
from stab3l.peg.reserves import Bucket
from stab3l.peg.stabiliser import Outcome
from stab3l.units import WAD

GOLD: Final = "cXAUC"
NUMBERS: Final = ("chain_id", "block", "time", "target_block", "decimals")
VAULT_TOKENS: Final = ("cUSDT", "cUSDC", "cEURT", GOLD, "sSTBToken")


@dataclass(frozen=True, slots=True)
class Token:
    """One of a pool's two tokens."""

    symbol: str
    address: str
    decimals: int


@dataclass(frozen=True, slots=True)
class PoolRow:
    """One pool. Reserves and targets in base units; price, target, deviation, slope and fee in wad."""

    name: str
    address: str
    public: bool
    """False: of the private mesh, which only the stabiliser trades."""
    open: bool
    """False: planned, or its price cannot be used now; then all figures are 0 or None."""
    base: Token
    quote: Token
    base_reserve: int = 0
    quote_reserve: int = 0
    base_target: int = 0
    quote_target: int = 0
    regime: str = ""
    price: int = 0
    slope: int = 0
    fee: int = 0
    target: int | None = None
    """What the price should be; None while nobody knows, and for the mesh, which has no other price."""
    target_band: int = 0
    """How uncertain the target is."""
    deviation: int | None = None
    stabiliser: str | None = None
    """What the stabiliser would do now: `act`, or why not."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        found: dict[str, Any] = json_ready(asdict(self), NUMBERS)
        return found


@dataclass(frozen=True, slots=True)
class BucketRow:
    """What one bucket of the vault holds of a token and what it must hold [base units]."""

    bucket: str
    token: str
    held: int
    required: int


@dataclass(frozen=True, slots=True)
class PegBoard:
    """The peg of sSTB and the vault. Prices in wad dollars, ratios and weights in wad."""

    chain_id: int
    block: int
    time: int
    par: int
    target: int
    """What the peg equation gave last; 0 before the first time."""
    target_block: int
    inputs: dict[str, int] | None
    """P_CU, futures, spot and R_actual now; None while one of them has no quorum."""
    weights: dict[str, int]
    gold: int | None
    """Dollars for an ounce; None while no price may be used."""
    gold_band: int
    buckets: tuple[BucketRow, ...]
    pools: tuple[PoolRow, ...]

    @property
    def deviation(self) -> int | None:
        """Of sSTB's public pool from its target [wad]; None while it is closed or has no target."""
        return next((pool.deviation for pool in self.pools if pool.public and pool.base.symbol == "sSTB"), None)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        deviation = None if self.deviation is None else str(self.deviation)
        return {**json_ready(asdict(self), NUMBERS), "deviation": deviation}


async def pools(chain: Chain, config: ChainConfig) -> tuple[PoolRow, ...]:
    """Every pool of a chain, public ones first; none on a chain without any.

    Raises:
        ChainUnavailable: the node does not answer.
    """
    head = await chain.head()
    return await _pools(chain, config, head.number)


async def peg(chain: Chain, config: ChainConfig) -> PegBoard | None:
    """The peg of a chain; None on a chain that keeps none.

    Raises:
        ChainUnavailable: the node does not answer.
    """
    if "PegManager" not in config.contracts:
        return None
    head = await chain.head()
    read = partial(_read, chain, config, head.number)
    par, target, target_block, weights, inputs, gold, buckets, rows = await asyncio.gather(
        read("PegManager", "par"),
        read("PegManager", "computeTarget"),
        read("PegManager", "updatedBlock"),
        read("PegManager", "equationWeights"),
        _or_none(read("PegManager", "inputsNow")),
        _or_none(read("XAUTriangulation", "inDollars", config.contracts[GOLD])),
        _buckets(chain, config, head.number),
        _pools(chain, config, head.number),
    )
    return PegBoard(
        chain_id=config.chain_id,
        block=head.number,
        time=head.timestamp,
        par=par,
        target=target,
        target_block=target_block,
        inputs=None if inputs is None else {"compute": inputs[0], "futures": inputs[1], "spot": inputs[2],
                                            "reserve_ratio": inputs[3]},
        weights=dict(zip(("k", "m", "g", "reserve_target", "band"), weights, strict=True)),
        gold=None if gold is None else gold.price,
        gold_band=0 if gold is None else gold.band,
        buckets=buckets,
        pools=rows,
    )  # fmt: skip


async def _pools(chain: Chain, config: ChainConfig, block: int) -> tuple[PoolRow, ...]:
    names = [*names_of(config, PUBLIC), *names_of(config, PRIVATE)]
    return tuple(await asyncio.gather(*(_pool(chain, config, name, block) for name in names)))


async def _pool(chain: Chain, config: ChainConfig, name: str, block: int) -> PoolRow:
    pool = contract(config, name)
    public = name.startswith(PUBLIC)
    base, quote = await asyncio.gather(
        _token(chain, pool, "baseToken", block), _token(chain, pool, "quoteToken", block)
    )
    closed = PoolRow(name, pool.address, public, False, base, quote)
    try:
        found, terms = await asyncio.gather(
            chain.call(pool, "state", block=block), chain.call(pool, "terms", block=block)
        )
    except ContractRejected:
        return closed
    rules, state = terms_of(terms), state_of(found)
    price = mid_price(rules, state)
    target, band, outcome = await _aim(chain, config, pool, block) if public else (None, 0, None)
    return PoolRow(
        name=name,
        address=pool.address,
        public=public,
        open=True,
        base=base,
        quote=quote,
        base_reserve=state.base_reserve,
        quote_reserve=state.quote_reserve,
        base_target=state.base_target,
        quote_target=state.quote_target,
        regime=state.regime.name.lower(),
        price=price,
        slope=rules.slope,
        fee=rules.fee,
        target=target,
        target_band=band,
        deviation=None if target is None else _deviation(price, target),
        stabiliser=outcome,
    )


async def _aim(chain: Chain, config: ChainConfig, pool: Contract, block: int) -> tuple[int | None, int, str | None]:
    """Target, its band, and the stabiliser's answer."""
    aimed = await _or_none(_read(chain, config, block, "PegManager", "targetOf", pool.address))
    if aimed is None:
        return None, 0, None
    order = await _or_none(_read(chain, config, block, "Stabilizer", "checkDeviation", pool.address))
    return aimed.target, aimed.band, None if order is None else Outcome(order.outcome).name.lower()


async def _token(chain: Chain, pool: Contract, which: str, block: int) -> Token:
    token = token_at(chain, await chain.call(pool, which, block=block))
    symbol, decimals = await asyncio.gather(
        chain.call(token, "symbol", block=block), chain.call(token, "decimals", block=block)
    )
    return Token(symbol, token.address, decimals)


async def _buckets(chain: Chain, config: ChainConfig, block: int) -> tuple[BucketRow, ...]:
    places = [(bucket, name) for bucket in Bucket for name in VAULT_TOKENS if name in config.contracts]
    found = await asyncio.gather(
        *(
            _read(chain, config, block, "ReserveVault", "healthOf", bucket, config.contracts[name])
            for bucket, name in places
        )
    )
    bridge = await asyncio.gather(
        *(
            _or_none(_read(chain, config, block, "BridgeReserveCoordinator", "requiredOf", config.contracts[name]))
            for bucket, name in places
            if bucket is Bucket.BRIDGE
        )
    )
    required = iter(bridge)
    return tuple(
        BucketRow(
            bucket.name.lower(),
            name.removesuffix("Token"),
            health.held,
            (next(required) or 0) if bucket is Bucket.BRIDGE else health.required,
        )
        for (bucket, name), health in zip(places, found, strict=True)
    )


async def _read(chain: Chain, config: ChainConfig, block: int, name: str, function: str, *args: Any) -> Any:
    return await chain.call(contract(config, name), function, *args, block=block)


async def _or_none(reading: Any) -> Any:
    """What a call gives; None when the contract has no answer now."""
    try:
        return await reading
    except ContractRejected:
        return None


def _deviation(price: int, target: int) -> int:
    """(price - target) / target [wad], rounded towards zero."""
    off = abs(price - target) * WAD // target
    return off if price >= target else -off
