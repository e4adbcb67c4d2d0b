"""What a wallet signs besides orders: the sign-in message (EIP-4361) and the delegation to an agent. No I/O."""

from __future__ import annotations

from typing import Any, Final, Protocol, runtime_checkable

from stab3l.api.signed import address_of
from stab3l.client.views import DelegationRequest, Nonce
from stab3l.hashing import keccak256

DELEGATION_TYPE: Final = {
    "Delegation": [
        {"name": "account", "type": "address"},
        {"name": "agent", "type": "address"},
        {"name": "validFrom", "type": "uint64"},
        {"name": "validUntil", "type": "uint64"},
    ]
}


@runtime_checkable
class HashSigner(Protocol):
    """A signer that also signs plain messages."""

    address: str

    def sign_hash(self, digest: bytes) -> bytes:
        """65 bytes r, s, v over 32 bytes."""
        ...


def delegation_message(request: DelegationRequest) -> dict[str, Any]:
    """The EIP-712 ``Delegation`` of a request."""
    return {
        "account": address_of("account", request.account),
        "agent": address_of("agent", request.agent),
        "validFrom": int(request.valid_from),
        "validUntil": int(request.valid_until),
    }


def sign_in_message(nonce: Nonce, address: str) -> str:
    """The text that is signed to sign in (EIP-4361)."""
    return "\n".join(
        (
            f"{nonce.domain} wants you to sign in with your Ethereum account:",
            address,
            "",
            nonce.statement,
            "",
            f"URI: {nonce.uri}",
            "Version: 1",
            f"Chain ID: {nonce.chain_id}",
            f"Nonce: {nonce.nonce}",
            f"Issued At: {nonce.issued_at}",
            f"Expiration Time: {nonce.expires_at}",
        )
    )


def personal_hash(message: str) -> bytes:
    """What a wallet's ``personal_sign`` signs (EIP-191, version 0x45)."""
    content = message.encode()
    return keccak256(b"\x19Ethereum Signed Message:\n" + str(len(content)).encode() + content)
