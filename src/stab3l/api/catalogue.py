"""Names for the engine's dense ids: assets, markets and accounts, remembered because the engine never changes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
import structlog

from stab3l.api.contracts import Contract, NamedUnderlying, named_underlying
from stab3l.api.exchange import Asset, Exchange, Instrument, Market
from stab3l.api.grid import Grid, GridInvalid
from stab3l.api.problems import Problem
from stab3l.config import Network
from stab3l.units import Lots, Ticks

ACCOUNTS_KEPT: Final = 100_000

_log = structlog.get_logger(__name__)


class NamedAsset(msgspec.Struct, frozen=True):
    """An asset with the symbol of its token."""

    asset: Asset
    symbol: str


class NamedMarket(msgspec.Struct, frozen=True):
    """A market with its symbol and steps.

    ``contract`` says what a future or an option is; its ``base`` and ``quote`` are both what it settles in, and its
    prices and quantities are those of `stab3l.api.contracts`.
    """

    market: Market
    symbol: str
    base: NamedAsset
    quote: NamedAsset
    grid: Grid
    contract: Contract | None = None

    def price(self, ticks: int) -> str:
        """``ticks`` as a decimal."""
        return self.grid.price(Ticks(ticks))

    def quantity(self, lots: int) -> str:
        """``lots`` as a decimal."""
        return self.grid.quantity(Lots(lots))


class Catalogue:
    """What is listed, read from the exchange on first use and again when something unknown is asked for."""

    def __init__(self, exchange: Exchange, network: Network) -> None:
        self._exchange = exchange
        self._symbols = token_symbols(network)
        self._market_symbols = {
            (_token(market.base), _token(market.quote)): market.symbol for market in network.markets
        }
        self._underlying_configs = {one.name: one for one in network.underlyings}
        self._assets: dict[int, NamedAsset] = {}
        self._underlyings: dict[int, NamedUnderlying] = {}
        self._markets: dict[int, NamedMarket] = {}
        self._by_symbol: dict[str, NamedMarket] = {}
        self._accounts: dict[bytes, int] = {}

    async def refresh(self) -> None:
        """Reads assets and markets again (a market's status may have changed).

        A market whose prices have no decimal form cannot be traded here and is left out.
        """
        assets = {asset.id: self._named(asset) for asset in await self._exchange.assets()}
        listed = await self._exchange.markets()
        derived = any(market.kind for market in listed)
        instruments = {one.market: one for one in await self._exchange.instruments()} if derived else {}
        underlyings = await self._named_underlyings(assets) if derived else {}
        markets = {}
        for market in listed:
            named = (
                self._named_contract(market, assets, underlyings, instruments)
                if market.kind
                else self._named_spot(market, assets)
            )
            if named is not None:
                markets[market.id] = named
        self._assets, self._markets, self._underlyings = assets, markets, underlyings
        self._by_symbol = {market.symbol: market for market in markets.values()}

    def _named_spot(self, market: Market, assets: Mapping[int, NamedAsset]) -> NamedMarket | None:
        base, quote = assets[market.base_asset], assets[market.quote_asset]
        key = ((base.asset.chain_id, base.asset.token), (quote.asset.chain_id, quote.asset.token))
        try:
            grid = Grid.of(
                lot=market.lot,
                tick=market.tick,
                base_decimals=base.asset.decimals,
                quote_decimals=quote.asset.decimals,
            )
        except GridInvalid as error:
            _log.error("market_not_shown", market=market.id, error=error.message)
            return None
        return NamedMarket(market, self._market_symbols.get(key, f"{base.symbol}-{quote.symbol}"), base, quote, grid)

    async def _named_underlyings(self, assets: Mapping[int, NamedAsset]) -> dict[int, NamedUnderlying]:
        return {
            one.id: named_underlying(
                one, assets[one.settlement_asset].asset.decimals, self._underlying_configs.get(one.name)
            )
            for one in await self._exchange.underlyings()
        }

    def _named_contract(
        self,
        market: Market,
        assets: Mapping[int, NamedAsset],
        underlyings: Mapping[int, NamedUnderlying],
        instruments: Mapping[int, Instrument],
    ) -> NamedMarket | None:
        """A future or an option; None when it was listed between two questions."""
        instrument = instruments.get(market.id)
        if instrument is None:
            return None
        underlying = underlyings[instrument.underlying]
        settles, contract = assets[market.quote_asset], Contract(instrument, underlying)
        return NamedMarket(market, contract.symbol, settles, settles, underlying.grid, contract)

    async def assets(self) -> list[NamedAsset]:
        """All assets, by id."""
        if not self._assets:
            await self.refresh()
        return list(self._assets.values())

    async def markets(self) -> list[NamedMarket]:
        """All markets, by id."""
        if not self._markets:
            await self.refresh()
        return list(self._markets.values())

    async def underlyings(self) -> list[NamedUnderlying]:
        """What futures and options are on, by id."""
        if not self._assets:
            await self.refresh()
        return list(self._underlyings.values())

    async def market(self, symbol: str) -> NamedMarket:
        """The market of a symbol. Raises `Problem` ``market_unknown``."""
        if symbol not in self._by_symbol:
            await self.refresh()
        try:
            return self._by_symbol[symbol]
        except KeyError:
            raise Problem("market_unknown", f"there is no market {symbol[:48]!r}", market=symbol[:48]) from None

    async def market_of(self, market: int) -> NamedMarket:
        """The market of an engine id that the engine itself named."""
        if market not in self._markets:
            await self.refresh()
        return self._markets[market]

    def known_market(self, market: int) -> NamedMarket | None:
        """The market of an engine id as far as it was read; None otherwise."""
        return self._markets.get(market)

    async def asset(self, asset: int) -> NamedAsset:
        """The asset of an id. Raises `Problem` ``asset_unknown``."""
        if asset not in self._assets:
            await self.refresh()
        try:
            return self._assets[asset]
        except KeyError:
            raise Problem("asset_unknown", f"there is no asset {asset}", asset=asset) from None

    async def account(self, owner: bytes) -> int | None:
        """The account of an address; None before its first credited deposit."""
        account = self._accounts.get(owner)
        if account is None:
            account = await self._exchange.account_of(owner)
            if account is not None:
                if len(self._accounts) >= ACCOUNTS_KEPT:
                    self._accounts.pop(next(iter(self._accounts)))
                self._accounts[owner] = account
        return account

    def symbol(self, chain_id: int, token: bytes) -> str:
        """The symbol of a token; its address when the network does not name it."""
        return self._symbols.get((chain_id, token), "0x" + token.hex())

    def _named(self, asset: Asset) -> NamedAsset:
        return NamedAsset(asset, self.symbol(asset.chain_id, asset.token))


def token_symbols(network: Network) -> dict[tuple[int, bytes], str]:
    """Symbols by (chain id, token): a market's symbol names its two tokens, any other contract its own name."""
    symbols = {}
    for chain in network.chains:
        for name, address in chain.contracts.items():
            symbols[chain.chain_id, bytes.fromhex(address[2:])] = name.removesuffix("Token")
    for market in network.markets:
        base, separator, quote = market.symbol.replace("/", "-").partition("-")
        if separator:
            symbols[_token(market.base)], symbols[_token(market.quote)] = base, quote
    return symbols


def _token(of: tuple[int, str]) -> tuple[int, bytes]:
    return of[0], bytes.fromhex(of[1][2:])
