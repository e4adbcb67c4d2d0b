"""Paths of what the chains' contracts say now: capacity, pools, the peg, reserves, prices and flows."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from stab3l.api.chain_views import CapacityView, Feed, FlowView, PegView, PoolQuote, PoolView, ReserveView
from stab3l.api.cursors import COUNT_MAX
from stab3l.api.endpoints import Call, Nothing, Page, Routes
from stab3l.api.problems import Problem
from stab3l.api.signed import address_of, unsigned
from stab3l.engine.wire import U128_MAX
from stab3l.watch.backing import board

PEG: Final = Routes("Peg and flow")
STATE_S: Final = 2
"""How long an answer from the chains is kept: their blocks take one to two seconds."""


class QuoteQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is sold to a pool: base units of one of its tokens."""

    sell: Literal["base", "quote"]
    amount: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,39}$")]


@PEG.get("/v1/capacity", cache_s=STATE_S)
async def capacity(call: Call[Nothing, Nothing]) -> CapacityView:
    """What stands behind outstanding sSTB: each provider's verified capacity, obligations and collateral."""
    network = call.desk.network
    found = await board(call.desk.state.chain(network.primary.chain_id), network.primary)
    return msgspec.convert(found.as_dict(), CapacityView)


@PEG.get("/v1/pools", cache_s=STATE_S)
async def pools(call: Call[Nothing, Nothing]) -> Page[PoolView]:
    """Every PMM pool of every chain, public ones and those of the mesh."""
    return Page(await call.desk.state.pools())


@PEG.get("/v1/pools/{chain}/{address}", problems=("number_invalid", "address_invalid", "pool_unknown"), cache_s=STATE_S)
async def pool(call: Call[Nothing, Nothing]) -> PoolView:
    """One pool."""
    return await call.desk.state.pool(*_pool_named(call.path))


@PEG.get(
    "/v1/pools/{chain}/{address}/quote", problems=("number_invalid", "address_invalid", "pool_unknown", "pool_refuses")
)
async def quote(call: Call[QuoteQuery, Nothing]) -> PoolQuote:
    """What a pool pays for an amount now."""
    amount = unsigned("amount", call.query.amount, U128_MAX)
    paid, fee = await call.desk.state.quote(*_pool_named(call.path), call.query.sell == "base", amount)
    return PoolQuote(str(paid), str(fee))


@PEG.get("/v1/peg", cache_s=STATE_S)
async def peg(call: Call[Nothing, Nothing]) -> Page[PegView]:
    """The peg of every chain: target, inputs of its equation, and how far each pool is from its target."""
    return Page(await call.desk.state.pegs())


@PEG.get("/v1/reserves", cache_s=STATE_S)
async def reserves(call: Call[Nothing, Nothing]) -> Page[ReserveView]:
    """What the vaults hold and need, by bucket and token."""
    return Page(await call.desk.state.reserves())


@PEG.get("/v1/prices", cache_s=STATE_S)
async def prices(call: Call[Nothing, Nothing]) -> Page[Feed]:
    """What the oracles answer."""
    return Page(await call.desk.state.prices())


@PEG.get("/v1/flows", cache_s=STATE_S)
async def flows(call: Call[Nothing, Nothing]) -> Page[FlowView]:
    """Backpressure pools by task type, with their sinks' signals."""
    return Page(await call.desk.state.flows())


@PEG.get("/v1/flows/{task_type}", problems=("flow_unknown",), cache_s=STATE_S)
async def flow(call: Call[Nothing, Nothing]) -> FlowView:
    """The pool of one task type."""
    wanted = call.path["task_type"].lower()
    for found in await call.desk.state.flows():
        if found.task_type == wanted:
            return found
    raise Problem("flow_unknown", f"no task type {wanted[:80]!r} has a pool", task_type=wanted[:80])


def _pool_named(path: dict[str, str]) -> tuple[int, str]:
    return unsigned("chain", path["chain"], COUNT_MAX), "0x" + address_of("address", path["address"]).hex()
