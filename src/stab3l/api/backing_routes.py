"""The backing board: what stands behind outstanding sSTB, read from the chain (docs/reference/backing.md)."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from litestar import get
from litestar.handlers.base import BaseRouteHandler

from stab3l.chain.rpc import RpcChain
from stab3l.clock import monotonic_s
from stab3l.config import Network
from stab3l.watch.backing import board

FRESH_S: Final = 2.0
"""One reading serves everybody for so long: it is a dozen calls for each provider."""


class BackingReader:
    """The newest board, read when somebody asks, once at a time."""

    def __init__(self, network: Network) -> None:
        self._config = network.primary
        self._turn = asyncio.Lock()
        self._read_at = -FRESH_S
        self._found: dict[str, Any] = {}

    async def read(self) -> dict[str, Any]:
        """The board as JSON. Raises ``ChainUnavailable``."""
        async with self._turn:
            if monotonic_s() - self._read_at >= FRESH_S:
                async with RpcChain(self._config) as chain:
                    self._found = (await board(chain, self._config)).as_dict()
                self._read_at = monotonic_s()
            return self._found


def backing_routes(network: Network) -> list[BaseRouteHandler]:
    """``GET /v1/backing``."""
    reader = BackingReader(network)

    @get("/v1/backing")
    async def backing() -> dict[str, Any]:
        """Each provider's proven capacity x time against what it owes."""
        return await reader.read()

    return [backing]
