"""The network's tokens and markets in the engine: what is missing is registered, what differs is refused.

Every token that a chain's Custody takes becomes an asset, so that no deposit can stand before an engine that does not
know it; then the markets of ``network.json`` are listed. Running it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import structlog

from stab3l.chain.contracts import contract, contract_at
from stab3l.chain.port import Chain
from stab3l.chain.rpc import RpcChain
from stab3l.config import ChainConfig, MarketConfig, Network, UnderlyingConfig
from stab3l.engine.wire import (
    Command,
    ListFuture,
    ListMarket,
    ListOption,
    ListUnderlying,
    MarketKind,
    OptionKind,
    Outcome,
    OutcomeCode,
    RegisterAsset,
    decode_events,
    encode_batch,
)
from stab3l.exchange.errors import ListingConflict
from stab3l.exchange.gateway_client import Asset, GatewayClient, Instrument, Market, Submitted, Underlying
from stab3l.units import NANOSECONDS_PER_SECOND

TokenKey = tuple[int, bytes]
"""Chain id and token address."""

EXISTS = (OutcomeCode.ASSET_EXISTS, OutcomeCode.MARKET_EXISTS)
UNDERLYING_NAME_BYTES = 8

log = structlog.get_logger(__name__)


class ListingExchange(Protocol):
    """What listing needs of the gateway's client."""

    async def submit(self, batch: bytes) -> Submitted: ...
    async def assets(self) -> tuple[Asset, ...]: ...
    async def underlyings(self) -> tuple[Underlying, ...]: ...
    async def instruments(self) -> tuple[Instrument, ...]: ...


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


async def ensure_contracts(client: ListingExchange, network: Network, now: int) -> None:
    """Lists the network's underlyings and the contracts that are due at ``now`` [nanoseconds since 1970], if missing.

    Raises as `ensure_listed`.
    """
    if not network.underlyings:
        return
    assets = {(asset.chain_id, asset.token): asset for asset in await client.assets()}
    listed = {underlying.name: underlying for underlying in await client.underlyings()}
    await _submit(client, missing_underlyings(network.underlyings, assets, listed))
    ids = {underlying.name: underlying.id for underlying in await client.underlyings()}
    await _submit(client, missing_contracts(network.underlyings, ids, await client.instruments(), now))


def missing_underlyings(
    wanted: Iterable[UnderlyingConfig], assets: Mapping[TokenKey, Asset], listed: Mapping[str, Underlying]
) -> list[ListUnderlying]:
    """What to list. Raises `ListingConflict` where one of the same name has other terms."""
    missing = []
    for config in wanted:
        command = _underlying(config, assets[_key(config.settlement)])
        found = listed.get(config.name)
        if found is None:
            missing.append(command)
        elif _underlying_terms(found) != _underlying_terms(command):
            terms = _underlying_terms(found)
            message = f"underlying {config.name} is listed with (asset, tick, margin rates) {terms}"
            raise ListingConflict(message, symbol=config.name, wanted=_underlying_terms(command), found=terms)
    return missing


def missing_contracts(
    wanted: Iterable[UnderlyingConfig], ids: Mapping[str, int], listed: Iterable[Instrument], now: int
) -> list[ListFuture | ListOption]:
    """The futures and options to list at ``now``."""
    known = {(one.underlying, one.kind, one.expiry, one.strike) for one in listed}
    missing: list[ListFuture | ListOption] = []
    for config in wanted:
        underlying, expiry = ids[config.name], next_expiry(config, now)
        terms = (config.maker_fee_ppm, config.taker_fee_ppm, config.max_lots, config.band_ppm)
        if (underlying, MarketKind.FUTURE, expiry, 0) not in known:
            missing.append(ListFuture(underlying, expiry, *terms))
        for strike in (_ticks(config, price) for price in config.strikes):
            for kind in OptionKind:
                if (underlying, kind, expiry, strike) not in known:
                    missing.append(ListOption(underlying, kind, expiry, strike, *terms))
    return missing


def next_expiry(config: UnderlyingConfig, now: int) -> int:
    """The first expiry that is far enough away [nanoseconds since 1970]."""
    earliest = -(-now // NANOSECONDS_PER_SECOND) + config.expiry_ahead_s - config.expiry_first_s
    periods = -(-earliest // config.expiry_every_s)
    return (config.expiry_first_s + periods * config.expiry_every_s) * NANOSECONDS_PER_SECOND


def _underlying(config: UnderlyingConfig, settlement: Asset) -> ListUnderlying:
    tick = Fraction(config.contract_size) * Fraction(config.price_step) * 10**settlement.decimals
    if tick.denominator != 1:
        message = (
            f"{config.name}: a lot of {config.contract_size} in steps of {config.price_step} is no whole base unit"
        )
        raise ListingConflict(message, symbol=config.name)
    return ListUnderlying(
        config.name.encode("ascii").ljust(UNDERLYING_NAME_BYTES, b"\0"),
        settlement.id,
        int(tick),
        config.range_ppm,
        config.basis_ppm,
        config.initial_ppm,
        config.short_option_ppm,
        config.liquidation_fee_ppm,
        config.liquidation_step_ppm,
    )


def _underlying_terms(one: Underlying | ListUnderlying) -> tuple[int, ...]:
    rates = (one.range_ppm, one.basis_ppm, one.initial_ppm, one.short_option_ppm)
    return (one.settlement_asset, one.tick, *rates, one.liquidation_fee_ppm, one.liquidation_step_ppm)


def _ticks(config: UnderlyingConfig, price: str) -> int:
    ticks = Fraction(price) / Fraction(config.price_step)
    if ticks.denominator != 1:
        raise ListingConflict(f"{config.name}: strike {price} is between two ticks", symbol=config.name, strike=price)
    return int(ticks)


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


async def _submit(client: ListingExchange, commands: Sequence[Command]) -> None:
    if not commands:
        return
    submitted = await client.submit(encode_batch(commands))
    outcomes = [event for event in decode_events(submitted.events) if isinstance(event, Outcome)]
    for command, outcome in zip(commands, outcomes, strict=True):
        if outcome.code != OutcomeCode.ACCEPTED and outcome.code not in EXISTS:
            message = f"the engine refused {command}: {outcome.code.name.lower()}"
            raise ListingConflict(message, outcome=outcome.code.name.lower())
        log.info("listed", command=str(command), outcome=outcome.code.name.lower(), id=outcome.id)
