"""What passes between a provider with an enclave and the committee, and the typed message that a member signs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Annotated, Any, Final

import msgspec

from stab3l.hashing import keccak256

QUOTE_BYTES_MAX: Final = 16_384
COLLATERAL_LENGTH_MAX: Final = 262_144
REPORT_DATA_BYTES: Final = 64

ENROLMENT_TYPES: Final[Mapping[str, list[dict[str, str]]]] = {
    "Enrolment": [
        {"name": "provider", "type": "address"},
        {"name": "challenge", "type": "bytes32"},
        {"name": "keyX", "type": "bytes32"},
        {"name": "keyY", "type": "bytes32"},
        {"name": "chip", "type": "bytes32"},
        {"name": "status", "type": "uint8"},
        {"name": "expiresAt", "type": "uint64"},
    ]
}
"""EIP-712 type that a verifier signs (contracts/src/issuance/TeeProof.sol)."""


class TcbStatus(IntEnum):
    """As Intel's PCS names them; the contract's enum."""

    UpToDate = 0
    SWHardeningNeeded = 1
    ConfigurationNeeded = 2
    ConfigurationAndSWHardeningNeeded = 3
    OutOfDate = 4
    OutOfDateConfigurationNeeded = 5
    Revoked = 6


class EnrolmentRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A provider asks for the signature of its enclave's enrolment. The challenge is read from the chain."""

    provider: Annotated[str, msgspec.Meta(pattern="^0x[0-9a-fA-F]{40}$")]
    key_x: bytes
    key_y: bytes
    quote: Annotated[bytes, msgspec.Meta(max_length=QUOTE_BYTES_MAX)]
    collateral: Annotated[str, msgspec.Meta(max_length=COLLATERAL_LENGTH_MAX)]
    """JSON, as Intel's PCS gave it at the time of the quote."""


class EnrolmentSignature(msgspec.Struct, frozen=True):
    """A member's signature and what it found in the quote."""

    signer: str
    signature: bytes
    chip: bytes
    status: int
    expires_at: int


def report_data_of(provider: str, key_x: bytes, key_y: bytes, challenge: bytes) -> bytes:
    """What the quote must carry: ``keccak256(abi.encode(provider, keyX, keyY, challenge))``, padded to 64 bytes."""
    address = bytes(12) + bytes.fromhex(provider.removeprefix("0x"))
    return keccak256(address + key_x + key_y + challenge).ljust(REPORT_DATA_BYTES, b"\0")


def enrolment_message(
    request: EnrolmentRequest, challenge: bytes, chip: bytes, status: int, expires_at: int
) -> dict[str, Any]:
    """The EIP-712 message."""
    values = (request.provider, challenge, request.key_x, request.key_y, chip, status, expires_at)
    return dict(zip((field["name"] for field in ENROLMENT_TYPES["Enrolment"]), values, strict=True))
