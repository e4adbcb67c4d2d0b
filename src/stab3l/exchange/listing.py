"""The network's tokens and markets in the engine: what is missing is registered, what differs is refused.

Every token that a chain's Custody takes becomes an asset, so that no deposit can stand before an engine that does not
know it; then the markets of ``network.json`` are listed. Running it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog

from stab3l.chain.contracts import contract, contract_at
from stab3l.chain.port import Chain
from stab3l.chain.rpc import RpcChain
from stab3l.config import ChainConfig, MarketConfig, Network
from stab3l.engine.wire import ListMarket, Outcome, OutcomeCode, RegisterAsset, decode_events, encode_batch
from stab3l.exchange.errors import ListingConflict
from stab3l.exchange.gateway_client import Asset, GatewayClient, Market

TokenKey = tuple[int, bytes]
"""Chain id and token address."""

EXISTS = (OutcomeCode.ASSET_EXISTS, OutcomeCode.MARKET_EXISTS)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Listing:
    """Engine ids of the network's tokens and markets."""

    assets: Mapping[TokenKey, int]
    markets: Mapping[str, int]
    """Market id by symbol."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a chain as its contract describes it."""

    chain_id: int
    address: bytes
    decimals: int

    @property
    def key(self) -> TokenKey:
        """What an asset is known by."""
        return (self.chain_id, self.address)


async def ensure_listed(client: GatewayClient, network: Network) -> Listing:
    """Registers and lists what the network names and the engine lacks; safe to run again at any time.

    Raises:
        ListingConflict: the engine has a token or market under other terms, or refused one.
        Unavailable: a chain or the gateway does not answer, or the answer to a listing was lost; run it again.
    """
    tokens = [token for chain in network.chains for token in await _tokens_of(chain, network.markets)]
    await _submit(client, missing_assets(tokens, await client.assets()))
    assets = {(asset.chain_id, asset.token): asset.id for asset in await client.assets()}
    await _submit(client, missing_markets(network.markets, assets, await client.markets()))
    ids = {(market.base_asset, market.quote_asset): market.id for market in await client.markets()}
    return Listing(assets, {market.symbol: ids[_pair(market, assets)] for market in network.markets})


def missing_assets(tokens: Iterable[Token], assets: Iterable[Asset]) -> list[RegisterAsset]:
    """What to register, each token once. Raises `ListingConflict` where the decimals differ."""
    known = {(asset.chain_id, asset.token): asset.decimals for asset in assets}
    missing = []
    for token in tokens:
        decimals = known.setdefault(token.key, -1)
        if decimals == -1:
            missing.append(RegisterAsset(token.chain_id, token.address, token.decimals))
            known[token.key] = token.decimals
        elif decimals != token.decimals:
            message = (
                f"token 0x{token.address.hex()} has {token.decimals} decimals, the engine knows it with {decimals}"
            )
            raise ListingConflict(message, chain_id=token.chain_id, wanted=token.decimals, found=decimals)
    return missing


def missing_markets(
    wanted: Iterable[MarketConfig], assets: Mapping[TokenKey, int], listed: Iterable[Market]
) -> list[ListMarket]:
    """What to list. Raises `ListingConflict` where a market of the same pair has other terms."""
    known = {(market.base_asset, market.quote_asset): _terms(market) for market in listed}
    missing = []
    for market in wanted:
        pair = _pair(market, assets)
        terms = known.get(pair)
        if terms is None:
            missing.append(ListMarket(*pair, *_terms(market)))
        elif terms != _terms(market):
            message = f"market {market.symbol} is listed with (lot, tick, fees, largest order) {terms}"
            raise ListingConflict(message, symbol=market.symbol, wanted=_terms(market), found=terms)
    return missing


def _terms(market: Market | MarketConfig) -> tuple[int, int, int, int, int]:
    return (market.lot, market.tick, market.maker_fee_ppm, market.taker_fee_ppm, market.max_lots)


def _pair(market: MarketConfig, assets: Mapping[TokenKey, int]) -> tuple[int, int]:
    return (assets[_key(market.base)], assets[_key(market.quote)])


def _key(place: tuple[int, str]) -> TokenKey:
    chain_id, address = place
    return (chain_id, bytes.fromhex(address.removeprefix("0x")))


async def _tokens_of(config: ChainConfig, markets: Iterable[MarketConfig]) -> list[Token]:
    async with RpcChain(config) as chain:
        taken = await chain.call(contract(config, "Custody"), "tokens") if "Custody" in config.contracts else ()
        traded = [
            place[1] for market in markets for place in (market.base, market.quote) if place[0] == config.chain_id
        ]
        keys = dict.fromkeys(_key((config.chain_id, address)) for address in (*taken, *traded))
        return [Token(*key, await _decimals(chain, key)) for key in keys]


async def _decimals(chain: Chain, key: TokenKey) -> int:
    token = contract_at(key[0], "token", "0x" + key[1].hex())
    return int(await chain.call(token, "decimals"))


async def _submit(client: GatewayClient, commands: list[RegisterAsset] | list[ListMarket]) -> None:
    if not commands:
        return
    submitted = await client.submit(encode_batch(commands))
    outcomes = [event for event in decode_events(submitted.events) if isinstance(event, Outcome)]
    for command, outcome in zip(commands, outcomes, strict=True):
        if outcome.code != OutcomeCode.ACCEPTED and outcome.code not in EXISTS:
            message = f"the engine refused {command}: {outcome.code.name.lower()}"
            raise ListingConflict(message, outcome=outcome.code.name.lower())
        log.info("listed", command=str(command), outcome=outcome.code.name.lower(), id=outcome.id)
