"""Who signed: recovery of EIP-712 signatures, strict as the contracts are (OpenZeppelin ``ECDSA``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stab3l._engine import signers
from stab3l.chain.address import checksum
from stab3l.chain.typed_data import Types, typed_hash
from stab3l.errors import Unauthorised

SIGNATURE_BYTES = 65
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
S_MAX = CURVE_ORDER // 2
"""A larger s is the second, malleable form of the same signature (EIP-2)."""
NOBODY = bytes(20)


def recover_typed(domain: Mapping[str, Any], types: Types, message: Mapping[str, Any], signature: bytes) -> str:
    """Checksummed address that signed this typed message.

    Raises:
        Unauthorised: the signature is not 65 bytes, malleable, or no signature at all.
        Invalid: the message does not fit the types.
    """
    return recover(typed_hash(domain, types, message), signature)


def recover(digest: bytes, signature: bytes) -> str:
    """Checksummed address that signed these 32 bytes; raises as ``recover_typed`` does."""
    return str(checksum(recover_bytes(digest, signature)))


def recover_bytes(digest: bytes, signature: bytes) -> bytes:
    """The 20 bytes of the address that signed these 32 bytes; raises as ``recover_typed`` does."""
    if len(signature) != SIGNATURE_BYTES:
        raise Unauthorised(f"a signature has 65 bytes, not {len(signature)}", length=len(signature))
    if signature[64] not in (27, 28):
        raise Unauthorised(f"a signature ends with 27 or 28, not {signature[64]}", v=signature[64])
    if int.from_bytes(signature[32:64], "big") > S_MAX:
        raise Unauthorised("the signature has a high s: it is the malleable form of another one")
    signer = signers(digest, signature)
    if signer == NOBODY:
        raise Unauthorised("no key can have made this signature")
    return signer
