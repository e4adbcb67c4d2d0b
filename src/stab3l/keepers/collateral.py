"""Keeps what collateral counts for in line with the oracle: haircuts of the network, prices of its feeds."""

from __future__ import annotations

from fractions import Fraction
from typing import Final, Protocol

import structlog

from stab3l.config import CollateralConfig, Network
from stab3l.engine.wire import Command, SetCollateral
from stab3l.exchange.gateway_client import Asset, Collateral
from stab3l.keepers.exchange import OperatedExchange
from stab3l.keepers.mark_rules import MarkPolicy, has_moved
from stab3l.keepers.submitting import submit

PER: Final = 10**18
"""A price is settlement base units for so many base units of the asset."""
POLICY: Final = MarkPolicy(heartbeat_s=0, deviation_bps=100)
"""A price is set again when it moved by a percent; it does not grow old in the engine."""

log = structlog.get_logger(__name__)


class PriceSource(Protocol):
    """Where prices come from."""

    async def price(self, feed: str, settlement_feed: str) -> Fraction:
        """Settlement tokens per token. Raises `PricesAway` while there is no fresh price."""
        ...


def price_down(price: Fraction, asset: Asset, settlement: Asset) -> int:
    """A price as the engine takes it, rounded down."""
    return int(price * PER * 10**settlement.decimals // 10**asset.decimals)


def is_due(standing: Collateral | None, config: CollateralConfig, price: int) -> bool:
    """Whether terms are to be set: there are none, the haircut is another, or the price moved."""
    if standing is None:
        return True
    return standing.haircut_ppm != config.haircut_ppm or has_moved(standing.price, price, POLICY)


class CollateralKeeper:
    """Sets collateral's terms when they are due. ``dry_run``: decide and tell, do nothing."""

    def __init__(
        self, gateway: OperatedExchange, source: PriceSource, network: Network, *, dry_run: bool = False
    ) -> None:
        self._gateway = gateway
        self._source = source
        self._network = network
        self._dry_run = dry_run

    async def round(self) -> None:
        """One look at every asset that the network names. Raises `PricesAway`, and as gateway and chain do."""
        underlyings = await self._gateway.underlyings()
        if not underlyings:
            return
        assets = {(asset.chain_id, "0x" + asset.token.hex()): asset for asset in await self._gateway.assets()}
        settlement = next(asset for asset in assets.values() if asset.id == underlyings[0].settlement_asset)
        standing = {one.asset: one for one in await self._gateway.collateral()}
        due: list[Command] = []
        for config in self._network.collateral:
            asset = assets.get((config.token[0], config.token[1].lower()))
            if asset is None:
                continue
            price = price_down(await self._source.price(config.feed, config.settlement_feed), asset, settlement)
            if is_due(standing.get(asset.id), config, price):
                due.append(SetCollateral(asset.id, config.haircut_ppm, price))
        if due and not self._dry_run:
            await submit(self._gateway, due)
        if due:
            log.info("would_set_collateral" if self._dry_run else "collateral_set", terms=[str(one) for one in due])
