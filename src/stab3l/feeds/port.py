"""A source of prices, as the oracle's reporters see it."""

from __future__ import annotations

from typing import Protocol

from stab3l.units import Wad


class PriceFeed(Protocol):
    """Answers with the price that it stands behind now, or not at all."""

    async def price(self, pair: str) -> Wad:
        """Dollars per unit of a pair such as ``USDC/USD``, 18 decimals.

        Raises:
            NotFound: this source does not know the pair.
            Unavailable: it has no price that it stands behind now.
        """
        ...
