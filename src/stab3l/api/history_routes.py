"""Paths of the chains' history: providers, claims, redemptions, batches, supply and chain heads."""

from __future__ import annotations

from typing import Final

from litestar import get
from litestar.di import NamedDependency
from litestar.handlers.base import BaseRouteHandler

from stab3l.api.desk import Desk
from stab3l.api.history import BatchView, ChainView, ClaimView, ProviderView, RedemptionView, SupplyView
from stab3l.api.reading import HttpRequest, query_integer

ROWS_MAX: Final = 500


@get("/v1/supply")
async def supply(desk: NamedDependency[Desk]) -> SupplyView:
    """sSTB and CU of the primary chain."""
    return await desk.history.supply()


@get("/v1/providers")
async def providers(desk: NamedDependency[Desk]) -> list[ProviderView]:
    """All registered providers."""
    return await desk.history.providers()


@get("/v1/claims")
async def claims(desk: NamedDependency[Desk], request: HttpRequest) -> list[ClaimView]:
    """The latest claims of verified compute, newest first; ``limit`` 1 to 500."""
    return await desk.history.claims(_limit(request))


@get("/v1/redemptions")
async def redemptions(desk: NamedDependency[Desk], request: HttpRequest) -> list[RedemptionView]:
    """The latest redemptions, newest first; ``limit`` 1 to 500."""
    return await desk.history.redemptions(_limit(request))


@get("/v1/batches")
async def batches(desk: NamedDependency[Desk], request: HttpRequest) -> list[BatchView]:
    """The latest settlement batches of every chain, newest first; ``limit`` 1 to 500."""
    return await desk.history.batches(_limit(request))


@get("/v1/chains")
async def chains(desk: NamedDependency[Desk]) -> list[ChainView]:
    """Every chain: its head and how far the index has read."""
    return await desk.history.chains()


HISTORY_ROUTES: Final[list[BaseRouteHandler]] = [supply, providers, claims, redemptions, batches, chains]


def _limit(request: HttpRequest) -> int:
    return query_integer(request, "limit", default=50, least=1, most=ROWS_MAX)
