"""Futures, options, positions and margin as the API shows them. Money is in base units of the settlement asset."""

from __future__ import annotations

import msgspec

from stab3l.api.answers import MarginView as MarginView
from stab3l.api.answers import PositionView as PositionView
from stab3l.api.catalogue import NamedMarket
from stab3l.api.contracts import NamedUnderlying
from stab3l.api.exchange import Margin, Position, PositionProof
from stab3l.api.grid import decimal_text
from stab3l.chain.address import checksum
from stab3l.hashing import keccak256


class UnderlyingView(msgspec.Struct, frozen=True):
    """What futures and options are on. ``index``: its price, null before the first; the ppm are those of its margin."""

    underlying: int
    name: str
    settlement_asset: int
    price_step: str
    contract_size: str
    index: str | None
    index_at: str | None
    range_ppm: int
    initial_ppm: int
    liquidation_fee_ppm: int


class PositionProofView(msgspec.Struct, frozen=True):
    """A Merkle proof of a position in the last sealed block (docs/reference/derivatives.md)."""

    leaf: str
    index: str
    siblings: list[str]
    root: str
    block: str
    owner: str
    account: int
    market: int
    lots: str
    entry: str


def underlying_view(named: NamedUnderlying) -> UnderlyingView:
    """An underlying."""
    one = named.underlying
    return UnderlyingView(
        underlying=one.id,
        name=named.name,
        settlement_asset=one.settlement_asset,
        price_step=decimal_text(named.price_step),
        contract_size=decimal_text(named.contract_size),
        index=decimal_text(one.index * named.price_step) if one.index else None,
        index_at=str(one.index_at) if one.index_at else None,
        range_ppm=one.range_ppm,
        initial_ppm=one.initial_ppm,
        liquidation_fee_ppm=one.liquidation_fee_ppm,
    )


def position_view(market: NamedMarket, one: Position) -> PositionView:
    """A position; its entry price is rounded down to the market's step."""
    lots, tick = abs(one.lots), market.market.tick
    return PositionView(
        market=market.symbol,
        side="long" if one.lots > 0 else "short",
        quantity=market.quantity(lots),
        entry_price=market.price(abs(one.entry) // (lots * tick)),
        entry=str(one.entry),
        mark=market.price(one.mark),
        value=str(one.value),
    )


def margin_view(one: Margin) -> MarginView:
    """A margin."""
    amounts = (one.equity, one.initial, one.maintenance, one.reserves, one.free, one.debt)
    return MarginView(one.asset, *map(str, amounts))


def position_proof_view(proof: PositionProof, owner: bytes, account: int, market: int) -> PositionProofView:
    """A proof and what its leaf is made from."""
    words = (int.from_bytes(owner, "big"), account, market, proof.lots, proof.entry)
    leaf = keccak256(keccak256(b"".join((word % 2**256).to_bytes(32, "big") for word in words)))
    return PositionProofView(
        leaf="0x" + leaf.hex(),
        index=str(proof.index),
        siblings=["0x" + sibling.hex() for sibling in proof.siblings],
        root="0x" + proof.root.hex(),
        block=str(proof.block),
        owner=checksum(owner),
        account=account,
        market=market,
        lots=str(proof.lots),
        entry=str(proof.entry),
    )
