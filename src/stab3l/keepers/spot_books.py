"""The network's spot books: their middles, and the marks of spot markets that follow them.

A mark wakes stop orders and holds prices within a market's band, so a book that somebody pushes must not carry it far:
where an underlying has the name of the base token, the mark stays near its index.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import structlog
from prometheus_client import Counter

from stab3l.config import MarketConfig, Network
from stab3l.engine.wire import Command, MarketKind, MarkPrice
from stab3l.exchange.gateway_client import Market
from stab3l.keepers.exchange import OperatedExchange
from stab3l.keepers.mark_rules import MarkPolicy, clamped, has_moved
from stab3l.keepers.submitting import submit

SPOT_MARKS: Final = Counter("stab3l_spot_marks_posted", "Marks of spot markets posted", ["market"])

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Middle:
    """The middle of a book: ``price`` in quote tokens a base token, ``step`` of one tick."""

    market: Market
    price: Fraction
    step: Fraction


class SpotBooks:
    """Looks at the books of the network's spot markets, by symbol."""

    def __init__(self, gateway: OperatedExchange, network: Network) -> None:
        self._gateway = gateway
        self._network = network
        self._steps: dict[str, tuple[int, Fraction]] = {}

    async def middle(self, symbol: str) -> Middle | None:
        """The middle of a book; None while a side is empty or the market is not listed yet."""
        if symbol not in self._steps:
            self._steps = await self._listed()
        if symbol not in self._steps:
            return None
        number, step = self._steps[symbol]
        book = await self._gateway.book(number, 1)
        if not (book.bids and book.asks):
            return None
        market = (await self._gateway.markets())[number]
        return Middle(market, (book.bids[0][0] + book.asks[0][0]) * step / 2, step)

    async def _listed(self) -> dict[str, tuple[int, Fraction]]:
        """Market id and price step of each spot market of the network, by symbol."""
        assets = {(asset.chain_id, "0x" + asset.token.hex()): asset for asset in await self._gateway.assets()}
        listed = {(m.base_asset, m.quote_asset): m for m in await self._gateway.markets() if m.kind == MarketKind.SPOT}
        books = {}
        for config in self._network.markets:
            base, quote = (assets.get((chain, token.lower())) for chain, token in (config.base, config.quote))
            market = listed.get((base.id, quote.id)) if base and quote else None
            if base and quote and market:
                step = Fraction(market.tick * 10**base.decimals, market.lot * 10**quote.decimals)
                books[config.symbol] = (market.id, step)
        return books


class SpotMarkKeeper:
    """Posts the marks of spot markets when they moved. ``dry_run``: decide and tell, post nothing."""

    def __init__(
        self,
        gateway: OperatedExchange,
        books: SpotBooks,
        network: Network,
        policy: MarkPolicy,
        *,
        dry_run: bool = False,
    ) -> None:
        self._gateway = gateway
        self._books = books
        self._network = network
        self._policy = policy
        self._dry_run = dry_run

    async def round(self) -> None:
        """One look at every book. Raises as the gateway does."""
        indexes = await self._indexes()
        due: dict[str, Command] = {}
        for config in self._network.markets:
            command = await self._mark(config, indexes)
            if command is not None:
                due[config.symbol] = command
        if not due:
            return
        if self._dry_run:
            log.info("would_mark", markets=sorted(due))
            return
        await submit(self._gateway, list(due.values()))
        for symbol in due:
            SPOT_MARKS.labels(symbol).inc()
        log.info("spot_marks_posted", markets=sorted(due))

    async def _mark(self, config: MarketConfig, indexes: dict[str, tuple[Fraction, int]]) -> MarkPrice | None:
        middle = await self._books.middle(config.symbol)
        if middle is None:
            return None
        price = middle.price
        if config.symbol.partition("-")[0] in indexes:
            price = clamped(price, *indexes[config.symbol.partition("-")[0]])
        ticks = max(int(price // middle.step), 1)
        due = not middle.market.mark or has_moved(middle.market.mark, ticks, self._policy)
        return MarkPrice(middle.market.id, ticks) if due else None

    async def _indexes(self) -> dict[str, tuple[Fraction, int]]:
        """The index and how far a mark may be from it [ppm], by the name of an underlying that has one."""
        steps = {config.name: Fraction(config.price_step) for config in self._network.underlyings}
        return {
            one.name: (one.index * steps[one.name], one.basis_ppm)
            for one in await self._gateway.underlyings()
            if one.index and one.name in steps
        }
