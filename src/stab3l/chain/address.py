"""Addresses as people and wallets write them: hex with the checksum in its letters' case (EIP-55)."""

from __future__ import annotations

import re
from functools import lru_cache

from stab3l.hashing import keccak256

ADDRESS_BYTES = 20
_DIGITS = re.compile(r"(?:0[xX])?([0-9a-fA-F]{40})")


def address_bytes(address: object) -> bytes:
    """The 20 bytes of an address given as such, or in hex of any case. Raises ``ValueError`` when it is none."""
    if isinstance(address, str) and (match := _DIGITS.fullmatch(address)):
        return bytes.fromhex(match[1])
    if isinstance(address, bytes) and len(address) == ADDRESS_BYTES:
        return address
    raise ValueError(f"{address!r} is not an address")


@lru_cache(maxsize=65_536)
def checksum(address: str | bytes) -> str:
    """Address with EIP-55 checksum, from 20 bytes or hex of any case. Raises ``ValueError`` when it is none."""
    digits = address_bytes(address).hex()
    case = keccak256(digits.encode()).hex()
    return "0x" + "".join([d.upper() if c >= "8" else d for d, c in zip(digits, case, strict=False)])


def is_address(address: str) -> bool:
    """Whether this is an address in hex; one in mixed case must have the right checksum."""
    match = _DIGITS.fullmatch(address)
    if match is None:
        return False
    digits = match[1]
    return digits in (digits.lower(), digits.upper()) or checksum(address)[2:] == digits
