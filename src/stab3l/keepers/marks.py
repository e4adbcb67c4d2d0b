"""Posts what futures and options are margined by: index prices and options' marks; lists contracts that are due.

The index of an underlying is the median of the primary chain's oracle and of the middles of the spot books that the
network names, so no single book moves it. Without a fresh oracle nothing is posted.
"""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from typing import Final, Protocol

import structlog
from prometheus_client import Counter, Gauge

from stab3l.chain.contracts import contract
from stab3l.chain.errors import ContractRejected
from stab3l.chain.port import Chain
from stab3l.clock import Clock
from stab3l.config import Network, UnderlyingConfig
from stab3l.exchange.gateway_client import Underlying
from stab3l.exchange.listing import ensure_contracts
from stab3l.hashing import keccak256
from stab3l.keepers.errors import PricesAway
from stab3l.keepers.exchange import OperatedExchange
from stab3l.keepers.mark_rules import MarkPolicy, clamped, is_due, median_down, posting
from stab3l.keepers.spot_books import SpotBooks
from stab3l.keepers.submitting import submit
from stab3l.units import WAD

POSTED: Final = Counter("stab3l_marks_posted", "Index prices and options' marks posted", ["underlying"])
INDEX: Final = Gauge("stab3l_index_ticks", "The index price as last looked at, in ticks", ["underlying"])

log = structlog.get_logger(__name__)


class IndexSource(Protocol):
    """Where an underlying's index comes from."""

    async def ticks(self, config: UnderlyingConfig) -> int:
        """The index now, rounded down. Raises `PricesAway` while there is no fresh price."""
        ...


class OracleAndBooks:
    """The median of the primary chain's oracle and of the spot books that the network names."""

    def __init__(self, chain: Chain, books: SpotBooks, network: Network) -> None:
        self._chain = chain
        self._books = books
        self._oracle = contract(network.primary, "Oracle")

    async def ticks(self, config: UnderlyingConfig) -> int:
        """The index now, rounded down. Raises `PricesAway` while the oracle has no fresh price.

        A book counts with at most ``basis_ppm`` of distance from the oracle.
        """
        oracle = await self.price(config.feed, config.settlement_feed)
        prices = [oracle]
        for symbol in config.books:
            middle = await self._books.middle(symbol)
            if middle is not None:
                prices.append(clamped(middle.price, oracle, config.basis_ppm))
        return median_down(prices, Fraction(config.price_step))

    async def price(self, feed: str, settlement_feed: str) -> Fraction:
        """The oracle's price in settlement tokens. Raises `PricesAway` while it has no fresh one."""
        price = await self._feed(feed)
        return price / await self._feed(settlement_feed) if settlement_feed else price

    async def _feed(self, pair: str) -> Fraction:
        try:
            price, _ = await self._chain.call(self._oracle, "priceOf", keccak256(pair.encode()))
        except ContractRejected as error:
            raise PricesAway(f"the oracle has no price of {pair}: {error.error_name}", pair=pair) from None
        return Fraction(price, WAD)


class MarkKeeper:
    """Posts prices when they are due. ``dry_run``: decide and tell, post nothing."""

    def __init__(
        self,
        gateway: OperatedExchange,
        source: IndexSource,
        network: Network,
        policy: MarkPolicy,
        clock: Clock,
        *,
        dry_run: bool = False,
    ) -> None:
        self._gateway = gateway
        self._source = source
        self._network = network
        self._configs = {config.name: config for config in network.underlyings}
        self._policy = policy
        self._clock = clock
        self._dry_run = dry_run

    async def round(self) -> None:
        """One look at every underlying of the network. Raises `PricesAway`, and as the gateway and the chain do."""
        await self.post(())

    async def post(self, wanted: Collection[int]) -> None:
        """Posts the prices that are due, and those of the ``wanted`` underlyings in any case.

        Raises `PricesAway` when one has no fresh price; the others are posted all the same.
        """
        away: PricesAway | None = None
        for underlying in await self._gateway.underlyings():
            config = self._configs.get(underlying.name)
            if config is None:
                continue
            try:
                await self._post(underlying, config, force=underlying.id in wanted)
            except PricesAway as error:
                away = error
        if away is not None:
            raise away

    async def list_due(self) -> None:
        """Lists the contracts that the network wants by now. Raises `ListingConflict`, and as the gateway does."""
        if self._dry_run:
            log.info("would_list", underlyings=sorted(self._configs))
            return
        await ensure_contracts(self._gateway, self._network, self._clock.now())

    async def _post(self, underlying: Underlying, config: UnderlyingConfig, *, force: bool) -> None:
        ticks = await self._source.ticks(config)
        INDEX.labels(config.name).set(ticks)
        instruments = [one for one in await self._gateway.instruments() if one.underlying == underlying.id]
        now = self._clock.now()
        expiries = [one.expiry for one in instruments if not one.settled]
        if not force and not is_due(underlying, ticks, expiries, now, self._policy):
            return
        marks = {market.id: market.mark for market in await self._gateway.markets()}
        commands = posting(underlying, config, ticks, instruments, marks, now)
        told = {"underlying": config.name, "index": ticks, "commands": len(commands), "forced": force}
        if self._dry_run:
            log.info("would_post", **told)
            return
        await submit(self._gateway, commands)
        POSTED.labels(config.name).inc(len(commands))
        log.info("marks_posted", **told)
