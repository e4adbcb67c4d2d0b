"""Transactions with a priority fee, signed: type 2 (EIP-1559) in recursive length prefix (Yellow Paper, appendix B)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import coincurve

from stab3l.errors import Invalid
from stab3l.hashing import keccak256

TYPE: Final = b"\x02"
ADDRESS_BYTES: Final = 20
NONCE_MAX: Final = 2**64 - 2
"""EIP-2681: the last nonce is never used up."""
GAS_MAX: Final = 2**64 - 1
WORD_MAX: Final = 2**256 - 1

Item = bytes | int | tuple["Item", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """What is signed. Prices in wei for each unit of gas, ``value`` in wei; ``to`` None creates a contract.

    Raises:
        Invalid: a field is out of its range, or the tip is more than the price it is part of.
    """

    chain_id: int
    nonce: int
    tip_max: int
    price_max: int
    gas: int
    to: bytes | None
    value: int
    data: bytes

    def __post_init__(self) -> None:
        _within("chain_id", self.chain_id, 1, WORD_MAX)
        _within("nonce", self.nonce, 0, NONCE_MAX)
        _within("price_max", self.price_max, 0, WORD_MAX)
        _within("tip_max", self.tip_max, 0, self.price_max)
        _within("gas", self.gas, 0, GAS_MAX)
        _within("value", self.value, 0, WORD_MAX)
        if self.to is not None and len(self.to) != ADDRESS_BYTES:
            raise Invalid(f"an address has 20 bytes, not {len(self.to)}", to=self.to)

    def fields(self) -> tuple[Item, ...]:
        """In the order of EIP-1559; the access list is empty."""
        paid = (self.chain_id, self.nonce, self.tip_max, self.price_max, self.gas)
        return (*paid, self.to or b"", self.value, self.data, ())


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """The bytes that a node takes, and the hash under which it knows them."""

    raw: bytes
    hash: bytes


def sign(transaction: Transaction, key: coincurve.PrivateKey) -> SignedTransaction:
    """Signs with a deterministic nonce (RFC 6979) and the lower of both s (EIP-2)."""
    fields = transaction.fields()
    signature = key.sign_recoverable(keccak256(TYPE + encoded(fields)), hasher=None)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    raw = TYPE + encoded((*fields, signature[64], r, s))
    return SignedTransaction(raw, keccak256(raw))


def encoded(item: Item) -> bytes:
    """Recursive length prefix of bytes, of an integer from 0 (big-endian, no zeros in front), or of a list of them."""
    if isinstance(item, tuple):
        body = b"".join([encoded(part) for part in item])
        return _prefix(0xC0, len(body)) + body
    if isinstance(item, int):
        item = item.to_bytes((item.bit_length() + 7) // 8, "big")
    return item if len(item) == 1 and item[0] < 0x80 else _prefix(0x80, len(item)) + item


def _prefix(base: int, length: int) -> bytes:
    if length < 56:
        return bytes((base + length,))
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((base + 55 + len(size),)) + size


def _within(name: str, value: int, least: int, most: int) -> None:
    if isinstance(value, bool) or not least <= value <= most:
        raise Invalid(f"{name} {value} is not within {least} and {most}", **{name: value})
