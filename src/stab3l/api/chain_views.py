"""The peg and the flow as the API shows them. Prices and ratios are wad; amounts base units; rates wei/s."""

from __future__ import annotations

from typing import Literal

import msgspec


class PoolToken(msgspec.Struct, frozen=True):
    """One side of a pool."""

    token: str
    symbol: str
    decimals: int


class PoolView(msgspec.Struct, frozen=True):
    """A PMM pool. What it does not tell while it is not open is null."""

    chain_id: int
    name: str
    address: str
    kind: Literal["public", "mesh"]
    base: PoolToken
    quote: PoolToken
    open: bool
    price: str | None
    base_reserve: str | None
    quote_reserve: str | None
    base_target: str | None
    quote_target: str | None
    slope: str | None
    fee: str | None
    paused: bool


class PoolQuote(msgspec.Struct, frozen=True):
    """What a pool pays now, its fee taken off."""

    paid: str
    fee: str


class PegPool(msgspec.Struct, frozen=True):
    """A pool beside its target. ``deviation``: of its average, with a sign."""

    name: str
    address: str
    target: str | None
    band: str | None
    deviation: str | None
    price: str | None


class PegView(msgspec.Struct, frozen=True):
    """The peg of a chain: par, the equation's target and its inputs, and every pool that follows one."""

    chain_id: int
    par: str | None
    target: str | None
    updated_block: str | None
    reserve_ratio: str | None
    inputs: dict[str, str] | None
    pools: list[PegPool]


class ReserveView(msgspec.Struct, frozen=True):
    """What a vault's bucket (A public, B stabilisation, C flash, D cross-chain, E long term) holds of a token."""

    chain_id: int
    bucket: str
    token: str
    symbol: str
    decimals: int
    held: str
    required: str
    ratio: str


class Feed(msgspec.Struct, frozen=True):
    """A price of an oracle; ``stale``: it is the last one, too old to act on."""

    chain_id: int
    feed: str
    price: str
    updated_at: str
    stale: bool


class FlowSink(msgspec.Struct, frozen=True):
    """A sink's capacity signal."""

    sink: str
    smoothed: str
    epoch: str
    miss_bps: int


class FlowView(msgspec.Struct, frozen=True):
    """The backpressure pool of a task type."""

    task_type: str
    name: str
    pool: str
    quantum: str
    rate: str
    capacity: str
    sink_units: str
    escrow_units: str
    total_units: str
    buffer_level: str
    buffer_max: str
    spare: str
    needs_rebalance: bool
    sinks: list[FlowSink]


class Expiry(msgspec.Struct, frozen=True):
    """What is outstanding by days until the promises end."""

    day: int
    outstanding: str


class ClassCapacity(msgspec.Struct, frozen=True):
    """What is owed and deliverable in one class of compute."""

    compute_class: str
    outstanding: str
    deliverable: str


class SummonsView(msgspec.Struct, frozen=True):
    """The last call to prove again; times in unix seconds."""

    epoch: int
    seed_block: int
    summoned_at: int
    answer_until: int


class BackingView(msgspec.Struct, frozen=True):
    """What stands behind one provider's promises (docs/reference/backing.md)."""

    provider: str
    method: str
    compute_class: str
    outstanding: str
    pending: str
    promised_rate: str
    promised_until: int
    verified_rate: str
    verified_at: int
    credit_bps: int
    deliverable: str
    covered_bps: int
    spare: str
    collateral: str
    collateral_required: str
    liquidation: bool
    premium_bps: tuple[int, int, int]


class CapacityView(msgspec.Struct, frozen=True):
    """Every provider's backing at one block."""

    block: int
    time: int
    supply: str
    outstanding: str
    deliverable: str
    classes: list[ClassCapacity]
    expiry: list[Expiry]
    providers: list[BackingView]
    summons: SummonsView | None
