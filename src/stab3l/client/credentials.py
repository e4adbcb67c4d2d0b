"""Who a request says it comes from, beside the signature in its body: a bearer token or an API key. No I/O.

Order entry needs neither, since its EIP-712 signature is the authority; private reads need one of them.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from stab3l.chain.typed_data import Types
from stab3l.client.orders import TypedSigner
from stab3l.clock import Clock, SystemClock
from stab3l.errors import NotFound, Unauthorised

NANOSECONDS_PER_MILLISECOND = 10**6


class Credential(Protocol):
    """What adds itself to a request's headers."""

    def headers(self, method: str, host: str, target: str, body: bytes) -> Mapping[str, str]:
        """The headers for one request; ``host`` as the Host header says it, ``target`` path and query."""
        ...


class BearerToken:
    """An access token of a session."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __repr__(self) -> str:
        return "BearerToken(...)"

    def headers(self, method: str, host: str, target: str, body: bytes) -> Mapping[str, str]:
        """The Authorization header."""
        return {"authorization": f"Bearer {self._token}"}


class ApiKey:
    """An Ed25519 key that signs each request; the private half never leaves this object."""

    def __init__(self, key_id: str, key: Ed25519PrivateKey, clock: Clock | None = None) -> None:
        self.key_id = key_id
        self._key = key
        self._clock = clock or SystemClock()

    def __repr__(self) -> str:
        return f"ApiKey({self.key_id})"

    @classmethod
    def generate(cls, key_id: str = "") -> Self:
        """A fresh key; register its ``public_key`` and set ``key_id`` to what the API calls it."""
        return cls(key_id, Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path, key_id: str, password: bytes | None = None) -> Self:
        """A key from a PEM file. Raises `NotFound`, `Unauthorised`."""
        try:
            key = load_pem_private_key(path.read_bytes(), password)
        except FileNotFoundError:
            raise NotFound(f"{path} is missing", path=str(path)) from None
        except (TypeError, ValueError, UnsupportedAlgorithm):
            raise Unauthorised(f"{path} is no key that this password opens", path=str(path)) from None
        if not isinstance(key, Ed25519PrivateKey):
            raise Unauthorised(f"{path} is no Ed25519 key", path=str(path))
        return cls(key_id, key)

    def save(self, path: Path, password: bytes) -> None:
        """Writes the key, encrypted, mode 0600; never over a file that is there."""
        content = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)

    @property
    def public_key(self) -> str:
        """0x and 64 hexadecimal digits, as the API takes it."""
        return "0x" + self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def headers(self, method: str, host: str, target: str, body: bytes) -> Mapping[str, str]:
        """Key, time and signature of one request."""
        timestamp = str(self._clock.now() // NANOSECONDS_PER_MILLISECOND)
        signature = self._key.sign(request_text(timestamp, method, host, target, body))
        return {
            "stab3l-key": self.key_id,
            "stab3l-timestamp": timestamp,
            "stab3l-signature": base64.b64encode(signature).decode(),
        }


def request_text(timestamp: str, method: str, host: str, target: str, body: bytes) -> bytes:
    """What an API key signs (docs/reference/api.md, "API keys")."""
    digest = hashlib.sha256(body).hexdigest()
    return "\n".join(("stab3l-request", timestamp, method.upper(), host.lower(), target, digest)).encode()


class AgentSigner:
    """A key that trades for someone else: signs for ``owner`` with its own key. It can never withdraw."""

    def __init__(self, agent: TypedSigner, owner: str) -> None:
        self._agent = agent
        self.address = owner

    @property
    def agent(self) -> str:
        """The agent's own address, as the owner delegates to it."""
        return self._agent.address

    def sign_typed(self, domain: Mapping[str, Any], types: Types, message: Mapping[str, Any]) -> bytes:
        """The agent's signature over the owner's message."""
        return self._agent.sign_typed(domain, types, message)
