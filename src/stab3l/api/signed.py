"""Requests that users sign: their JSON and their EIP-712 message (docs/reference/api.md, "Signing").

The JSON carries decimals and names; the signature covers the engine's integers. No I/O and no clock: client and server
share it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec

from stab3l.chain.signatures import S_MAX, SIGNATURE_BYTES, recover_bytes
from stab3l.chain.typed_data import typed_hash
from stab3l.config import Network
from stab3l.engine.wire import (
    ALL_MARKETS,
    U64_MAX,
    U128_MAX,
    Instruction,
    OrderType,
    SelfTrade,
    Side,
    SideChoice,
    TimeInForce,
)
from stab3l.errors import Invalid, Unauthorised

U32_MAX: Final = 2**32 - 1
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_HEXADECIMAL: Final = re.compile(r"0x([0-9a-fA-F]{2})+")

SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
ORDER_TYPES: Final = {one.name.lower(): one for one in OrderType if one != OrderType.LIQUIDATION}
TIMES_IN_FORCE: Final = {one.name.lower(): one for one in TimeInForce}
SELF_TRADES: Final = {one.name.lower(): one for one in SelfTrade}
SIDE_CHOICES: Final = {one.name.lower(): one for one in SideChoice}
U16_MAX: Final = 2**16 - 1
_POST_ONLY, _SLIDE, _REDUCE_ONLY, _PROTECTED = (
    int(bit) for bit in (Instruction.POST_ONLY, Instruction.SLIDE, Instruction.REDUCE_ONLY, Instruction.PROTECTED)
)

OrderTypeName = Literal["limit", "market", "stop_market", "stop_limit", "take_profit_market", "take_profit_limit"]
TimeInForceName = Literal["gtc", "ioc", "fok", "gtd"]
SelfTradeName = Literal["none", "cancel_maker", "cancel_taker", "cancel_both", "decrement"]


class NumberInvalid(Invalid):
    """An integer that is not plain digits or does not fit. ``values``: ``field``, ``value``, ``maximum``."""

    code: ClassVar[str] = "number_invalid"


class AddressInvalid(Invalid):
    """Not ``0x`` and 40 hexadecimal digits. ``values``: ``field``, ``value``."""

    code: ClassVar[str] = "address_invalid"


class SignatureMissing(Unauthorised):
    """The request is not signed."""

    code: ClassVar[str] = "signature_missing"


class SignatureInvalid(Unauthorised):
    """Not a signature at all: wrong length, no such point, or a recovery byte other than 27 and 28."""

    code: ClassVar[str] = "signature_invalid"


class SignatureMalleable(Unauthorised):
    """``s`` lies in the upper half: the same signature could be sent in two forms (EIP-2)."""

    code: ClassVar[str] = "signature_malleable"


class PlaceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/orders``. ``price``, ``quantity`` and ``trigger_price`` are decimals on the market's grid."""

    account: str
    market: str
    side: Literal["buy", "sell"]
    price: str
    quantity: str
    client_id: str
    expires_at: str
    type: OrderTypeName = "limit"
    time_in_force: TimeInForceName = "gtc"
    post_only: bool = False
    slide: bool = False
    reduce_only: bool = False
    protected: bool = False
    self_trade: SelfTradeName = "none"
    label: int = 0
    good_till: str = "0"
    trigger_price: str = "0"
    signature: str = ""

    @property
    def instructions(self) -> int:
        """The instruction bits of docs/reference/engine.md."""
        return (
            self.post_only * _POST_ONLY
            + self.slide * _SLIDE
            + self.reduce_only * _REDUCE_ONLY
            + self.protected * _PROTECTED
        )


class CancelRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/orders/cancel``."""

    account: str
    order_id: str
    expires_at: str
    signature: str = ""


class AmendRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/orders/amend``. ``market`` is the order's; ``quantity`` is what is to be left of it."""

    account: str
    market: str
    order_id: str
    price: str
    quantity: str
    client_id: str
    expires_at: str
    signature: str = ""


class CancelAllRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/orders/cancel-all``. ``market`` "": all markets; ``label`` 0: whatever their label."""

    account: str
    expires_at: str
    market: str = ""
    side: Literal["buy", "sell", "both"] = "both"
    label: int = 0
    signature: str = ""


class ScheduleCancelRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/orders/schedule-cancel``. ``at``: nanoseconds since 1970, "0" clears it."""

    account: str
    at: str
    client_id: str
    expires_at: str
    signature: str = ""


class ProtectionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/protections``. ``window`` and ``frozen`` are nanoseconds; ``quantity`` "0" turns it off."""

    account: str
    market: str
    window: str
    quantity: str
    frozen: str
    client_id: str
    expires_at: str
    signature: str = ""


class WithdrawalRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/withdrawals``. ``amount`` is in the token's base units."""

    account: str
    asset: int
    amount: str
    recipient: str
    client_id: str
    expires_at: str
    signature: str = ""


class DelegationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/agents``: a key that may trade for the account. Times: unix seconds."""

    account: str
    agent: str
    valid_from: str
    valid_until: str
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    signature: Annotated[str, msgspec.Meta(max_length=1_026)] = ""


class TypedMessage(msgspec.Struct, frozen=True):
    """One EIP-712 message: ``types`` and ``values`` as ``stab3l.chain.signer`` takes them, addresses as 20 bytes."""

    types: Mapping[str, Sequence[Mapping[str, str]]]
    values: Mapping[str, Any]

    def digest(self, domain: Mapping[str, Any]) -> bytes:
        """What its signer signs."""
        return typed_hash(domain, self.types, self.values)


def signer_of(digest: bytes, signature: bytes) -> bytes:
    """The address that signed this digest. Raises `SignatureInvalid` when no key can have."""
    try:
        return recover_bytes(digest, signature)
    except Unauthorised as error:
        raise SignatureInvalid(error.message) from None


def signing_domain(network: Network) -> dict[str, Any]:
    """The EIP-712 domain of a network: its primary chain and the Custody there."""
    return {
        "name": "stab3l",
        "version": "1",
        "chainId": network.primary.chain_id,
        "verifyingContract": network.primary.contracts["Custody"],
    }


def _types(name: str, fields: str) -> dict[str, list[dict[str, str]]]:
    pairs = [part.split() for part in fields.split(",")]
    return {name: [{"name": field, "type": kind} for kind, field in pairs]}


ORDER_TYPE: Final = _types(
    "Order",
    "address account,uint32 market,uint64 clientId,uint64 expiresAt,uint64 ticks,uint64 lots,"
    "uint8 side,uint8 orderType,uint8 timeInForce,uint8 instructions,uint8 selfTrade,uint16 label,"
    "uint64 goodTill,uint64 triggerTicks",
)
AMEND_TYPE: Final = _types(
    "Amend", "address account,uint64 order,uint64 clientId,uint64 expiresAt,uint64 ticks,uint64 lots"
)
CANCEL_ALL_TYPE: Final = _types("CancelAll", "address account,uint32 market,uint16 label,uint8 side,uint64 expiresAt")
SCHEDULE_CANCEL_TYPE: Final = _types("ScheduleCancel", "address account,uint64 clientId,uint64 expiresAt,uint64 at")
PROTECTION_TYPE: Final = _types(
    "Protection",
    "address account,uint32 market,uint64 clientId,uint64 expiresAt,uint64 window,uint64 maxLots,uint64 frozen",
)
CANCEL_TYPE: Final = _types("Cancel", "address account,uint64 order,uint64 expiresAt")
WITHDRAWAL_TYPE: Final = _types(
    "Withdrawal",
    "address account,uint32 asset,uint64 clientId,uint64 expiresAt,uint256 amount,address recipient",
)


DELEGATION_TYPE: Final = _types("Delegation", "address account,address agent,uint64 validFrom,uint64 validUntil")


def delegation_message(request: DelegationRequest) -> TypedMessage:
    """The EIP-712 ``Delegation`` of a request."""
    values = {
        "account": address_of("account", request.account),
        "agent": address_of("agent", request.agent),
        "validFrom": u64("valid_from", request.valid_from),
        "validUntil": u64("valid_until", request.valid_until),
    }
    return TypedMessage(DELEGATION_TYPE, values)


def order_message(request: PlaceRequest, *, market: int, ticks: int, lots: int, trigger_ticks: int = 0) -> TypedMessage:
    """The EIP-712 ``Order`` of a request whose names and decimals were resolved to the engine's integers."""
    values = {
        "account": address_of("account", request.account),
        "market": market,
        "clientId": u64("client_id", request.client_id),
        "expiresAt": u64("expires_at", request.expires_at),
        "ticks": ticks,
        "lots": lots,
        "side": int(SIDES[request.side]),
        "orderType": int(ORDER_TYPES[request.type]),
        "timeInForce": int(TIMES_IN_FORCE[request.time_in_force]),
        "instructions": request.instructions,
        "selfTrade": int(SELF_TRADES[request.self_trade]),
        "label": unsigned("label", str(request.label), U16_MAX),
        "goodTill": u64("good_till", request.good_till),
        "triggerTicks": trigger_ticks,
    }
    return TypedMessage(ORDER_TYPE, values)


def cancel_message(request: CancelRequest) -> TypedMessage:
    """The EIP-712 ``Cancel`` of a request."""
    values = {
        "account": address_of("account", request.account),
        "order": u64("order_id", request.order_id),
        "expiresAt": u64("expires_at", request.expires_at),
    }
    return TypedMessage(CANCEL_TYPE, values)


def amend_message(request: AmendRequest, *, ticks: int, lots: int) -> TypedMessage:
    """The EIP-712 ``Amend`` of a request whose decimals were resolved on the order's market."""
    values = {
        "account": address_of("account", request.account),
        "order": u64("order_id", request.order_id),
        "clientId": u64("client_id", request.client_id),
        "expiresAt": u64("expires_at", request.expires_at),
        "ticks": ticks,
        "lots": lots,
    }
    return TypedMessage(AMEND_TYPE, values)


def cancel_all_message(request: CancelAllRequest, *, market: int = ALL_MARKETS) -> TypedMessage:
    """The EIP-712 ``CancelAll`` of a request whose market was resolved."""
    values = {
        "account": address_of("account", request.account),
        "market": market,
        "label": unsigned("label", str(request.label), U16_MAX),
        "side": int(SIDE_CHOICES[request.side]),
        "expiresAt": u64("expires_at", request.expires_at),
    }
    return TypedMessage(CANCEL_ALL_TYPE, values)


def schedule_cancel_message(request: ScheduleCancelRequest) -> TypedMessage:
    """The EIP-712 ``ScheduleCancel`` of a request."""
    values = {
        "account": address_of("account", request.account),
        "clientId": u64("client_id", request.client_id),
        "expiresAt": u64("expires_at", request.expires_at),
        "at": u64("at", request.at),
    }
    return TypedMessage(SCHEDULE_CANCEL_TYPE, values)


def protection_message(request: ProtectionRequest, *, market: int, max_lots: int) -> TypedMessage:
    """The EIP-712 ``Protection`` of a request whose market and quantity were resolved."""
    values = {
        "account": address_of("account", request.account),
        "market": market,
        "clientId": u64("client_id", request.client_id),
        "expiresAt": u64("expires_at", request.expires_at),
        "window": u64("window", request.window),
        "maxLots": max_lots,
        "frozen": u64("frozen", request.frozen),
    }
    return TypedMessage(PROTECTION_TYPE, values)


def withdrawal_message(request: WithdrawalRequest) -> TypedMessage:
    """The EIP-712 ``Withdrawal`` of a request."""
    values = {
        "account": address_of("account", request.account),
        "asset": unsigned("asset", str(request.asset), U32_MAX),
        "clientId": u64("client_id", request.client_id),
        "expiresAt": u64("expires_at", request.expires_at),
        "amount": unsigned("amount", request.amount, U128_MAX),
        "recipient": address_of("recipient", request.recipient),
    }
    return TypedMessage(WITHDRAWAL_TYPE, values)


def u64(field: str, text: str) -> int:
    """A 64-bit unsigned integer written as decimal digits. Raises `NumberInvalid`."""
    return unsigned(field, text, U64_MAX)


def unsigned(field: str, text: str, maximum: int) -> int:
    """An unsigned integer up to ``maximum`` written as decimal digits. Raises `NumberInvalid`."""
    plain = 0 < len(text) <= len(str(maximum)) and text.isascii() and text.isdigit() and (text == "0" or text[0] != "0")
    if not plain or int(text) > maximum:
        raise NumberInvalid(
            f"{field} {text[:48]!r} is not a decimal integer from 0 to {maximum}",
            field=field,
            value=text[:48],
            maximum=str(maximum),
        )
    return int(text)


def fitting(field: str, value: int, maximum: int) -> int:
    """The value itself, if it is from 0 to ``maximum``. Raises `NumberInvalid`."""
    return value if 0 <= value <= maximum else unsigned(field, str(value), maximum)


def address_of(field: str, text: str) -> bytes:
    """The 20 bytes of a hexadecimal address; case does not matter. Raises `AddressInvalid`."""
    if _ADDRESS.fullmatch(text):
        return bytes.fromhex(text[2:])
    raise AddressInvalid(f"{field} {text[:48]!r} is not an address", field=field, value=text[:48])


def signature_of(text: str) -> bytes:
    """The 65 bytes ``r ++ s ++ v`` of a hexadecimal signature.

    Raises:
        SignatureMissing: empty.
        SignatureInvalid: not 65 bytes, or ``v`` is neither 27 nor 28.
        SignatureMalleable: ``s`` above half of the group order.
    """
    if not text:
        raise SignatureMissing("the request is not signed: sign its EIP-712 message and send it as signature")
    if not _HEXADECIMAL.fullmatch(text):
        raise SignatureInvalid("the signature is not 0x and hexadecimal digits")
    signature = bytes.fromhex(text[2:])
    if len(signature) != SIGNATURE_BYTES:
        raise SignatureInvalid(f"the signature has {len(signature)} bytes, not {SIGNATURE_BYTES}", count=len(signature))
    if signature[64] not in (27, 28):
        raise SignatureInvalid(f"the recovery byte is {signature[64]}, not 27 or 28", recovery=signature[64])
    if int.from_bytes(signature[32:64], "big") > S_MAX:
        raise SignatureMalleable("s is in the upper half of the group order: send the lower twin (EIP-2)")
    return signature
