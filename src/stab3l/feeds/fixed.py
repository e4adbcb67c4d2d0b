"""Constant prices, for local networks only: of anything real they would be a lie, so other chains are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stab3l.chain.local import require_local
from stab3l.chain.rpc import RpcChain
from stab3l.errors import NotFound
from stab3l.units import PAR_PRICE, WAD, Wad

LOCAL_PRICES: Final[Mapping[str, Wad]] = {
    "USDC/USD": Wad(WAD),
    "USDT/USD": Wad(WAD),
    "EUR/USD": Wad(108 * WAD // 100),
    "XAU/USD": Wad(4_000 * WAD),
    "CU/USD": PAR_PRICE,
    "sSTB/USD": PAR_PRICE,
    "sSTB-FUTURES/USD": PAR_PRICE,
}
"""The local dollar is a dollar; compute stands at par."""


class FixedFeed:
    """Prices that never move, for one chain, which must be local."""

    def __init__(self, chain: RpcChain, prices: Mapping[str, Wad] = LOCAL_PRICES) -> None:
        self._chain = chain
        self._prices = prices
        self._is_local = False

    async def price(self, pair: str) -> Wad:
        """The pair's constant.

        Raises:
            NotLocal: the chain that would hear of it is not local; it needs a real source.
            NotFound: there is no fixed price of this pair. ChainUnavailable: nobody knows whether the chain is local.
        """
        if not self._is_local:
            await require_local(self._chain)
            self._is_local = True
        if pair not in self._prices:
            raise NotFound(f"there is no fixed price of {pair}", pair=pair)
        return self._prices[pair]
