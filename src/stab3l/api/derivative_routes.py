"""Paths of futures and options: what they are on, positions, margin, and the proof of a position."""

from __future__ import annotations

from typing import Final

from stab3l.api.account_routes import account_number
from stab3l.api.derivative_views import (
    MarginView,
    PositionProofView,
    PositionView,
    UnderlyingView,
    margin_view,
    position_proof_view,
    position_view,
    underlying_view,
)
from stab3l.api.desk import Desk
from stab3l.api.endpoints import Call, Nothing, Page, Routes
from stab3l.api.problems import Problem
from stab3l.api.signed import address_of

DERIVATIVES: Final = Routes("Futures and options")


@DERIVATIVES.get("/v1/underlyings")
async def underlyings(call: Call[Nothing, Nothing]) -> Page[UnderlyingView]:
    """What futures and options are on, with their index prices."""
    await call.desk.catalogue.refresh()
    return Page([underlying_view(one) for one in await call.desk.catalogue.underlyings()])


@DERIVATIVES.get("/v1/accounts/{address}/positions", problems=("address_invalid", "account_unknown"))
async def positions(call: Call[Nothing, Nothing]) -> Page[PositionView]:
    """Positions of an address, by market."""
    return await _positions(call.desk, address_of("address", call.path["address"]))


@DERIVATIVES.get(
    "/v1/accounts/{address}/positions/{symbol}/proof",
    problems=("address_invalid", "market_unknown", "account_unknown", "proof_not_ready"),
)
async def position_proof(call: Call[Nothing, Nothing]) -> PositionProofView:
    """Proof of a position against the last sealed block, for an exit without the operator."""
    desk, owner = call.desk, address_of("address", call.path["address"])
    market = (await desk.catalogue.market(call.path["symbol"])).market.id
    account = await account_number(desk, owner)
    proof = await desk.exchange.position_proof(account, market)
    if proof is None:
        raise Problem("proof_not_ready", "no sealed block has a position of this account and market")
    return position_proof_view(proof, owner, account, market)


@DERIVATIVES.get("/v1/account/positions", scope="read", problems=("account_unknown",))
async def own_positions(call: Call[Nothing, Nothing]) -> Page[PositionView]:
    """The caller's positions, by market."""
    return await _positions(call.desk, call.account)


@DERIVATIVES.get("/v1/account/margin", scope="read", problems=("account_unknown", "margin_unknown"))
async def own_margin(call: Call[Nothing, Nothing]) -> MarginView:
    """The caller's margin over all positions."""
    found = await call.desk.exchange.margin(await account_number(call.desk, call.account))
    if found is None:
        raise Problem("margin_unknown", "nothing is listed here that needs margin")
    return margin_view(found)


async def _positions(desk: Desk, owner: bytes) -> Page[PositionView]:
    found = await desk.exchange.positions(await account_number(desk, owner))
    return Page([position_view(await desk.catalogue.market_of(one.market), one) for one in found])
