"""Orders, cancels and withdrawals as a user signs them. No I/O: give a signer, get a body to send.

Prices and quantities are decimal strings on the market's grid; anything between two steps raises ``OffGrid`` here,
before it is signed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from stab3l.api.answers import Markets, MarketView
from stab3l.api.grid import Grid, decimal_fraction
from stab3l.api.signed import (
    AmendRequest,
    CancelAllRequest,
    CancelRequest,
    PlaceRequest,
    ProtectionRequest,
    ScheduleCancelRequest,
    TypedMessage,
    WithdrawalRequest,
    amend_message,
    cancel_all_message,
    cancel_message,
    order_message,
    protection_message,
    schedule_cancel_message,
    withdrawal_message,
)
from stab3l.chain.signed_batch import BATCH_TYPE
from stab3l.chain.typed_data import Types
from stab3l.engine.wire import ALL_MARKETS
from stab3l.errors import NotFound
from stab3l.hashing import merkle_layers, merkle_root
from stab3l.units import NANOSECONDS_PER_SECOND, BaseUnits, Nanoseconds

LIFE_NS = 60 * NANOSECONDS_PER_SECOND
"""How long a request lives unless told otherwise: long enough for retries, short enough to be gone soon."""


class TypedSigner(Protocol):
    """Whatever signs EIP-712 messages: ``stab3l.chain.signer.Signer`` does."""

    @property
    def address(self) -> str:
        """Checksummed address."""
        ...

    def sign_typed(self, domain: Mapping[str, Any], types: Types, message: Mapping[str, Any]) -> bytes:
        """65 bytes r, s, v."""
        ...


class ListedMarket(msgspec.Struct, frozen=True):
    """A market with its grid and the domain to sign under."""

    view: MarketView
    grid: Grid
    domain: Mapping[str, Any]


def domain_of(markets: Markets) -> dict[str, Any]:
    """The EIP-712 domain that ``GET /v1/markets`` names."""
    return {"name": "stab3l", "version": "1", "chainId": markets.chain_id, "verifyingContract": markets.custody}


def listed_market(markets: Markets, symbol: str) -> ListedMarket:
    """A market of ``GET /v1/markets``. Raises `NotFound`."""
    for view in markets.markets:
        if view.symbol == symbol:
            steps = (decimal_fraction("step", view.price_step), decimal_fraction("step", view.quantity_step))
            return ListedMarket(view, Grid(*steps), domain_of(markets))
    raise NotFound(f"there is no market {symbol}", market=symbol)


def signed_order(
    signer: TypedSigner,
    market: ListedMarket,
    *,
    side: Literal["buy", "sell"],
    price: str,
    quantity: str,
    client_id: int,
    now: Nanoseconds,
    life_ns: int = LIFE_NS,
    **terms: Any,
) -> PlaceRequest:
    """An order ready to send; ``terms`` are further fields of `PlaceRequest` (``type``, ``time_in_force``, ...).

    Raises ``OffGrid``, ``DecimalInvalid``, ``NumberInvalid``.
    """
    request, message = order_to_sign(
        signer.address,
        market,
        side=side,
        price=price,
        quantity=quantity,
        client_id=client_id,
        expires_at=now + life_ns,
        **terms,
    )
    return msgspec.structs.replace(request, signature=_signature(signer, market.domain, message))


def order_to_sign(
    account: str,
    market: ListedMarket,
    *,
    side: Literal["buy", "sell"],
    price: str,
    quantity: str,
    client_id: int,
    expires_at: int,
    **terms: Any,
) -> tuple[PlaceRequest, TypedMessage]:
    """An order without its signature, and the message to sign; raises as `signed_order`."""
    request = PlaceRequest(
        account=account,
        market=market.view.symbol,
        side=side,
        price=price,
        quantity=quantity,
        client_id=str(client_id),
        expires_at=str(expires_at),
        **terms,
    )
    ticks, lots = market.grid.ticks(price), market.grid.lots(quantity)
    trigger = 0 if request.trigger_price == "0" else market.grid.ticks(request.trigger_price)
    return request, order_message(request, market=market.view.market, ticks=ticks, lots=lots, trigger_ticks=trigger)


def signature_of_all(signer: TypedSigner, domain: Mapping[str, Any], messages: Sequence[TypedMessage]) -> str:
    """One signature for a batch of up to 64 messages, in their order (`stab3l.chain.signed_batch`)."""
    layers = merkle_layers(b"".join([message.digest(domain) for message in messages]))
    return "0x" + signer.sign_typed(domain, BATCH_TYPE, {"root": merkle_root(layers)}).hex()


def signed_cancel(
    signer: TypedSigner, domain: Mapping[str, Any], *, order_id: int, now: Nanoseconds, life_ns: int = LIFE_NS
) -> CancelRequest:
    """A cancel ready to send."""
    request = CancelRequest(signer.address, str(order_id), str(now + life_ns))
    return msgspec.structs.replace(request, signature=_signature(signer, domain, cancel_message(request)))


def signed_amend(
    signer: TypedSigner,
    market: ListedMarket,
    *,
    order_id: int,
    price: str,
    quantity: str,
    client_id: int,
    now: Nanoseconds,
    life_ns: int = LIFE_NS,
) -> AmendRequest:
    """An amendment ready to send; ``quantity`` is what is to be left. Raises as `signed_order` does."""
    request = AmendRequest(
        account=signer.address,
        market=market.view.symbol,
        order_id=str(order_id),
        price=price,
        quantity=quantity,
        client_id=str(client_id),
        expires_at=str(now + life_ns),
    )
    message = amend_message(request, ticks=market.grid.ticks(price), lots=market.grid.lots(quantity))
    return msgspec.structs.replace(request, signature=_signature(signer, market.domain, message))


def signed_cancel_all(
    signer: TypedSigner,
    domain: Mapping[str, Any],
    *,
    now: Nanoseconds,
    market: ListedMarket | None = None,
    side: Literal["buy", "sell", "both"] = "both",
    label: int = 0,
    life_ns: int = LIFE_NS,
) -> CancelAllRequest:
    """A mass cancel ready to send, of all markets unless one is given."""
    symbol, number = (market.view.symbol, market.view.market) if market else ("", ALL_MARKETS)
    request = CancelAllRequest(signer.address, str(now + life_ns), symbol, side, label)
    message = cancel_all_message(request, market=number)
    return msgspec.structs.replace(request, signature=_signature(signer, domain, message))


def signed_schedule_cancel(
    signer: TypedSigner,
    domain: Mapping[str, Any],
    *,
    at: int,
    client_id: int,
    now: Nanoseconds,
    life_ns: int = LIFE_NS,
) -> ScheduleCancelRequest:
    """A scheduled cancel ready to send; ``at`` 0 clears it."""
    request = ScheduleCancelRequest(signer.address, str(at), str(client_id), str(now + life_ns))
    return msgspec.structs.replace(request, signature=_signature(signer, domain, schedule_cancel_message(request)))


def signed_protection(
    signer: TypedSigner,
    market: ListedMarket,
    *,
    window_ns: int,
    quantity: str,
    frozen_ns: int,
    client_id: int,
    now: Nanoseconds,
    life_ns: int = LIFE_NS,
) -> ProtectionRequest:
    """A market-maker protection ready to send; ``quantity`` "0" turns it off."""
    request = ProtectionRequest(
        account=signer.address,
        market=market.view.symbol,
        window=str(window_ns),
        quantity=quantity,
        frozen=str(frozen_ns),
        client_id=str(client_id),
        expires_at=str(now + life_ns),
    )
    max_lots = 0 if quantity == "0" else market.grid.lots(quantity)
    message = protection_message(request, market=market.view.market, max_lots=max_lots)
    return msgspec.structs.replace(request, signature=_signature(signer, market.domain, message))


def signed_withdrawal(
    signer: TypedSigner,
    domain: Mapping[str, Any],
    *,
    asset: int,
    amount: BaseUnits,
    recipient: str,
    client_id: int,
    now: Nanoseconds,
    life_ns: int = LIFE_NS,
) -> WithdrawalRequest:
    """A withdrawal ready to send; ``amount`` in the token's base units."""
    request = WithdrawalRequest(
        account=signer.address,
        asset=asset,
        amount=str(amount),
        recipient=recipient,
        client_id=str(client_id),
        expires_at=str(now + life_ns),
    )
    return msgspec.structs.replace(request, signature=_signature(signer, domain, withdrawal_message(request)))


def _signature(signer: TypedSigner, domain: Mapping[str, Any], message: TypedMessage) -> str:
    return "0x" + signer.sign_typed(domain, message.types, message.values).hex()
