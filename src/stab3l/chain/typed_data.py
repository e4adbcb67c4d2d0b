"""EIP-712 hashing, compiled once per set of types (EIP-712, "Definition of hashStruct")."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from stab3l.errors import Invalid
from stab3l.hashing import keccak256

Types = Mapping[str, Sequence[Mapping[str, str]]]
Encoder = Callable[[Any], bytes]
Key = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]

DOMAIN_FIELDS = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
    ("salt", "bytes32"),
)


ENCODERS_KEPT = 256
_encoders: dict[int, tuple[Types, Encoder]] = {}
"""By identity of the types, which are kept alive here so that no other object takes their place."""


def typed_hash(domain: Mapping[str, Any], types: Types, message: Mapping[str, Any]) -> bytes:
    """The 32 bytes that a wallet signs. The primary type is the one that no other type contains.

    Raises:
        Invalid: the message or the domain does not fit the types.
    """
    try:
        return keccak256(b"\x19\x01" + _domain_hash(tuple(domain.items())) + _encoder(types)(message))
    except KeyError as error:
        raise Invalid(f"typed data lacks {error}") from None
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise Invalid(f"typed data does not fit its types: {error}") from None


def domain_hash(domain: Mapping[str, Any]) -> bytes:
    """The hash of a domain, which every message under it begins with. Raises `Invalid` where it is none."""
    try:
        return _domain_hash(tuple(domain.items()))
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise Invalid(f"typed data does not fit its types: {error}") from None


def _encoder(types: Types) -> Encoder:
    """The hash of a message of these types. The types of one place in the code are one object: found by identity."""
    known = _encoders.get(id(types))
    if known is not None and known[0] is types:
        return known[1]
    key = tuple((name, tuple((f["name"], f["type"]) for f in fields)) for name, fields in types.items())
    encoder = _struct(key, _primary(key))
    if len(_encoders) < ENCODERS_KEPT:
        _encoders[id(types)] = (types, encoder)
    return encoder


@lru_cache(maxsize=256)
def _domain_hash(items: tuple[tuple[str, Any], ...]) -> bytes:
    domain = dict(items)
    unknown = domain.keys() - {name for name, _ in DOMAIN_FIELDS}
    if unknown:
        raise ValueError(f"unknown domain fields {sorted(unknown)}")
    fields = tuple(f for f in DOMAIN_FIELDS if f[0] in domain)
    return _struct((("EIP712Domain", fields),), "EIP712Domain")(domain)


@lru_cache(maxsize=256)
def _primary(key: Key) -> str:
    contained = {kind.split("[")[0] for _, fields in key for _, kind in fields}
    roots = [name for name, _ in key if name not in contained and name != "EIP712Domain"]
    if len(roots) != 1:
        raise ValueError(f"one primary type is needed, these are candidates: {roots}")
    return roots[0]


@lru_cache(maxsize=256)
def _struct(key: Key, name: str) -> Encoder:
    types = dict(key)
    head = keccak256(_type_text(types, name).encode())
    fields = [(field, _field(key, kind)) for field, kind in types[name]]
    size = len(fields)

    def hash_struct(message: Any) -> bytes:
        if len(message) != size:
            raise ValueError(f"{name} has {size} fields, not {len(message)}")
        return keccak256(head + b"".join([encode(message[field]) for field, encode in fields]))

    return hash_struct


def _type_text(types: Mapping[str, tuple[tuple[str, str], ...]], name: str) -> str:
    contained: set[str] = set()
    _gather(types, name, contained)
    used = [name, *sorted(contained - {name})]
    return "".join(f"{u}({','.join(f'{kind} {field}' for field, kind in types[u])})" for u in used)


def _gather(types: Mapping[str, tuple[tuple[str, str], ...]], name: str, found: set[str]) -> None:
    for _, kind in types[name]:
        base = kind.split("[")[0]
        if base in types and base not in found:
            found.add(base)
            _gather(types, base, found)


def _field(key: Key, kind: str) -> Encoder:
    if kind.endswith("]"):
        inner = _field(key, kind[: kind.rindex("[")])
        length = kind[kind.rindex("[") + 1 : -1]
        return _array(inner, int(length) if length else None)
    if kind in dict(key):
        return _struct(key, kind)
    if kind in ("string", "bytes"):
        return _text if kind == "string" else _dynamic
    if kind in ("address", "bool"):
        return _address if kind == "address" else _bool
    if match := re.fullmatch(r"(u?)int(\d+)", kind):
        return _integer(int(match[2]), signed=not match[1])
    if match := re.fullmatch(r"bytes(\d+)", kind):
        return _fixed(int(match[1]))
    raise ValueError(f"unknown type {kind}")


def _array(inner: Encoder, length: int | None) -> Encoder:
    def encode(values: Any) -> bytes:
        if length is not None and len(values) != length:
            raise ValueError(f"{length} elements are needed, not {len(values)}")
        return keccak256(b"".join(inner(v) for v in values))

    return encode


def _text(value: Any) -> bytes:
    return keccak256(value.encode())


def _dynamic(value: Any) -> bytes:
    return keccak256(_bytes(value))


def _bytes(value: Any) -> bytes:
    return bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else bytes(memoryview(value))


def _address(value: Any) -> bytes:
    raw = _bytes(value)
    if len(raw) != 20:
        raise ValueError(f"an address has 20 bytes, not {len(raw)}")
    return bytes(12) + raw


def _bool(value: Any) -> bytes:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is not a bool")
    return int(value).to_bytes(32, "big")


def _integer(bits: int, *, signed: bool) -> Encoder:
    if not 8 <= bits <= 256 or bits % 8:
        raise ValueError(f"no integer has {bits} bits")
    least, most = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)

    def encode(value: Any) -> bytes:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"{value!r} is not within {least} and {most}")
        return value.to_bytes(32, "big", signed=signed)

    return encode


def _fixed(size: int) -> Encoder:
    if not 1 <= size <= 32:
        raise ValueError(f"no type has {size} bytes")

    def encode(value: Any) -> bytes:
        raw = _bytes(value)
        if len(raw) != size:
            raise ValueError(f"{size} bytes are needed, not {len(raw)}")
        return raw + bytes(32 - size)

    return encode
