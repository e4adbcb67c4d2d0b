"""What a resolver knows: the desk, who asks, and loaders that join what one query asks for many times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from strawberry.dataloader import DataLoader
from strawberry.litestar import BaseContext

from stab3l.api import chain_routes, market_routes
from stab3l.api.access.identity import Identity
from stab3l.api.answers import MarketView
from stab3l.api.cursors import ListQuery
from stab3l.api.desk import Desk
from stab3l.api.endpoints import Call, Nothing
from stab3l.api.history import ProviderView
from stab3l.api.problems import Problem

PROVIDERS_MAX = 500


class Loaders:
    """One query's loaders: each thing is read once, whatever asks for it, and all of a kind together."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.providers: DataLoader[str, ProviderView | None] = DataLoader(load_fn=self._providers)
        self.markets: DataLoader[str, MarketView | None] = DataLoader(load_fn=self._markets)

    async def _providers(self, addresses: Sequence[str]) -> Sequence[ProviderView | None]:
        query = msgspec.convert({"limit": PROVIDERS_MAX}, ListQuery)
        page = await chain_routes.providers(Call(self._desk, {}, query, Nothing(), None, 200))
        known = {one.address.lower(): one for one in page.items}
        return [known.get(address.lower()) for address in addresses]

    async def _markets(self, symbols: Sequence[str]) -> Sequence[MarketView | None]:
        found = await market_routes.markets(Call(self._desk, {}, Nothing(), Nothing(), None, 200))
        known = {one.symbol: one for one in found.markets}
        return [known.get(symbol) for symbol in symbols]


class GraphContext(BaseContext, kw_only=True):
    """One query's context. Over a WebSocket the credential comes with ``connection_init``."""

    desk: Any
    loaders: Any
    caller: Any = None
    connection_params: Any = None

    async def identity(self) -> Identity:
        """Who asks. Raises `Problem` ``credential_missing``, ``token_invalid``, ``token_expired``."""
        if self.caller is None and isinstance(self.connection_params, dict):
            given = str(self.connection_params.get("authorization", ""))
            scheme, _, token = given.partition(" ")
            if scheme.lower() == "bearer" and token:
                self.caller = await self.desk.access.identify_token(token)
        if self.caller is None:
            raise Problem("credential_missing", "this field needs an access token")
        found: Identity = self.caller
        return found
