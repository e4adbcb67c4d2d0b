"""Requests signed by an API key. Pure: client and server share it.

The signature is Ed25519 (RFC 8032) over the text that `canonical_request` makes; it travels in three headers.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_HEADER: Final = "Stab3l-Key"
TIMESTAMP_HEADER: Final = "Stab3l-Timestamp"
SIGNATURE_HEADER: Final = "Stab3l-Signature"
SIGNATURE_BYTES: Final = 64


def canonical_request(timestamp_ms: str, method: str, host: str, target: str, body: bytes) -> bytes:
    """What is signed. ``target``: path and query as sent; ``host``: the Host header."""
    digest = hashlib.sha256(body).hexdigest()
    return "\n".join(("stab3l-request", timestamp_ms, method.upper(), host.lower(), target, digest)).encode()


def signed_headers(
    key_id: str, key: Ed25519PrivateKey, *, timestamp_ms: int, method: str, host: str, target: str, body: bytes = b""
) -> dict[str, str]:
    """The three headers of a request."""
    signature = key.sign(canonical_request(str(timestamp_ms), method, host, target, body))
    return {
        KEY_HEADER: key_id,
        TIMESTAMP_HEADER: str(timestamp_ms),
        SIGNATURE_HEADER: base64.b64encode(signature).decode(),
    }


def verifies(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the key signed the message."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
