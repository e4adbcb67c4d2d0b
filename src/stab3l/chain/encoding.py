"""Values to bytes and back as contracts do it (Solidity ABI specification, "Formal Specification of the Encoding").

A type's codec is put together once and kept. Decoding takes only what encoding makes: padding is zero, every integer
is within its type, nothing lies outside the data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from stab3l.chain.address import address_bytes, checksum
from stab3l.errors import Corrupt

WORD: Final = 32
_ARRAY: Final = re.compile(r"(.+)\[([1-9][0-9]*)?\]")
_INTEGER: Final = re.compile(r"(u?)int([1-9][0-9]*)")
_FIXED: Final = re.compile(r"bytes([1-9][0-9]*)")


@dataclass(frozen=True, slots=True)
class Codec:
    """How one type is written and read. ``size``: bytes that it takes in place, a dynamic type's offset included."""

    size: int
    dynamic: bool
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes, int], Any]


def encode(kinds: Sequence[str], values: Sequence[Any]) -> bytes:
    """``abi.encode`` of values of these canonical types.

    Raises:
        ValueError, TypeError: a value does not fit its type, or there is no such type.
    """
    return _parameters(tuple(kinds)).encode(values)


def decode(kinds: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """The values: addresses checksummed, tuples and arrays as tuples, ``bytes`` as bytes.

    Text that is no UTF-8 is shown with replacement characters, for anyone may write it into a contract.

    Raises:
        Corrupt: the data are no encoding of these types.
        ValueError: there is no such type.
    """
    values: tuple[Any, ...] = _parameters(tuple(kinds)).decode(data, 0)
    return values


@cache
def _parameters(kinds: tuple[str, ...]) -> Codec:
    return _sequence([_codec(kind) for kind in kinds])


@cache
def _codec(kind: str) -> Codec:
    if match := _ARRAY.fullmatch(kind):
        inner = _codec(match[1])
        return _sequence([inner] * int(match[2])) if match[2] else _list(inner)
    if kind.startswith("(") and kind.endswith(")"):
        return _parameters(tuple(_members(kind[1:-1])))
    if kind in _PLAIN:
        return _PLAIN[kind]
    if match := _INTEGER.fullmatch(kind):
        return _integer(int(match[2]), signed=not match[1])
    if match := _FIXED.fullmatch(kind):
        return _fixed(int(match[1]))
    raise ValueError(f"unknown type {kind!r}")


def _members(kinds: str) -> Iterator[str]:
    depth = start = 0
    for place, sign in enumerate(kinds):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and not depth:
            yield kinds[start:place]
            start = place + 1
    if kinds:
        yield kinds[start:]


def _sequence(parts: Sequence[Codec]) -> Codec:
    """Tuples and arrays of fixed length: heads in place, then the tails that the dynamic ones point to."""
    dynamic = any(part.dynamic for part in parts)
    size = sum(part.size for part in parts)

    def encode_all(values: Sequence[Any]) -> bytes:
        if len(values) != len(parts):
            raise ValueError(f"{len(parts)} values are needed, not {len(values)}")
        return _heads_and_tails(parts, size, values)

    def decode_all(data: bytes, base: int) -> tuple[Any, ...]:
        values = []
        at = base
        for part in parts:
            values.append(part.decode(data, base + _number(data, at) if part.dynamic else at))
            at += part.size
        return tuple(values)

    return Codec(WORD if dynamic else size, dynamic, encode_all, decode_all)


def _heads_and_tails(parts: Sequence[Codec], size: int, values: Sequence[Any]) -> bytes:
    heads, tails = [], []
    end = size
    for part, value in zip(parts, values, strict=True):
        encoded = part.encode(value)
        if part.dynamic:
            heads.append(_word(end))
            tails.append(encoded)
            end += len(encoded)
        else:
            heads.append(encoded)
    return b"".join(heads + tails)


def _list(inner: Codec) -> Codec:
    """Arrays of any length: the length, then as a tuple of that many."""

    def encode_list(values: Sequence[Any]) -> bytes:
        size = inner.size * len(values)
        return _word(len(values)) + _heads_and_tails([inner] * len(values), size, values)

    def decode_list(data: bytes, at: int) -> tuple[Any, ...]:
        length = _number(data, at)
        base = at + WORD
        if not inner.size or length > (len(data) - base) // inner.size:
            raise Corrupt(f"{length} elements do not fit into {len(data)} bytes", length=length)
        places = range(base, base + length * inner.size, inner.size)
        if inner.dynamic:
            return tuple([inner.decode(data, base + _number(data, place)) for place in places])
        return tuple([inner.decode(data, place) for place in places])

    return Codec(WORD, True, encode_list, decode_list)


def _integer(bits: int, *, signed: bool) -> Codec:
    if bits % 8 or bits > 256:
        raise ValueError(f"no integer has {bits} bits")
    least, most = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)

    def encode_integer(value: Any) -> bytes:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"{value!r} is not within {least} and {most}")
        return value.to_bytes(WORD, "big", signed=signed)

    def decode_integer(data: bytes, at: int) -> int:
        value = int.from_bytes(_cut(data, at, WORD), "big", signed=signed)
        if not least <= value <= most:
            raise Corrupt(f"{value} is not within {least} and {most}", value=value)
        return value

    return Codec(WORD, False, encode_integer, decode_integer)


def _fixed(size: int) -> Codec:
    if size > WORD:
        raise ValueError(f"no type has {size} bytes")
    padding = bytes(WORD - size)

    def encode_fixed(value: Any) -> bytes:
        raw = _raw(value)
        if len(raw) != size:
            raise ValueError(f"{size} bytes are needed, not {len(raw)}")
        return raw + padding

    def decode_fixed(data: bytes, at: int) -> bytes:
        word = _cut(data, at, WORD)
        if word[size:] != padding:
            raise Corrupt(f"more than {size} bytes are set in 0x{word.hex()}")
        return word[:size]

    return Codec(WORD, False, encode_fixed, decode_fixed)


def _encode_bytes(value: Any) -> bytes:
    raw = _raw(value)
    return _word(len(raw)) + raw + bytes(-len(raw) % WORD)


def _decode_bytes(data: bytes, at: int) -> bytes:
    length = _number(data, at)
    padded = _cut(data, at + WORD, length + -length % WORD)
    if any(padded[length:]):
        raise Corrupt(f"the padding after {length} bytes is not zero", length=length)
    return padded[:length]


def _encode_text(value: Any) -> bytes:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return _encode_bytes(value.encode())


def _decode_text(data: bytes, at: int) -> str:
    return _decode_bytes(data, at).decode(errors="replace")


def _encode_bool(value: Any) -> bytes:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is not a bool")
    return _word(value)


def _decode_bool(data: bytes, at: int) -> bool:
    value = _number(data, at)
    if value > 1:
        raise Corrupt(f"{value} is not a bool", value=value)
    return value == 1


def _encode_address(value: Any) -> bytes:
    return bytes(12) + address_bytes(value)


def _decode_address(data: bytes, at: int) -> str:
    word = _cut(data, at, WORD)
    if any(word[:12]):
        raise Corrupt(f"0x{word.hex()} is not an address")
    return checksum(word[12:])


_PLAIN: Final = {
    "address": Codec(WORD, False, _encode_address, _decode_address),
    "bool": Codec(WORD, False, _encode_bool, _decode_bool),
    "bytes": Codec(WORD, True, _encode_bytes, _decode_bytes),
    "string": Codec(WORD, True, _encode_text, _decode_text),
}


def _raw(value: Any) -> bytes:
    if not isinstance(value, bytes | bytearray | memoryview):
        raise TypeError(f"{value!r} is not bytes")
    return bytes(value)


def _word(number: int) -> bytes:
    return number.to_bytes(WORD, "big")


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(_cut(data, at, WORD), "big")


def _cut(data: bytes, at: int, size: int) -> bytes:
    """These bytes, all of them."""
    if at + size > len(data):
        raise Corrupt(f"{size} bytes at {at} lie outside {len(data)} bytes", at=at, size=size)
    return data[at : at + size]
