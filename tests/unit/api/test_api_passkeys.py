"""Passkeys, by an authenticator of software: real keys, real signatures, the browser's formats."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import cbor2
import pytest
from api_venue import Venue
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from test_api_access import signed_in, siwe_message
from test_api_orders import code

from stab3l.api.access.siwe import personal_digest
from stab3l.chain.errors import ContractRejected

pytestmark = pytest.mark.anyio
ORIGIN = {"origin": "http://localhost:3000"}
SITE = "localhost"


def text(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Authenticator:
    """One passkey."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = hashlib.sha256(b"passkey").digest()
        self.count = 0

    def made(self, options: dict[str, Any], origin: str = ORIGIN["origin"]) -> dict[str, Any]:
        """The answer to ``navigator.credentials.create``."""
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(cose)
        data = self._data(0x45) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options, origin)
        response = {"clientDataJSON": text(client), "attestationObject": text(attestation)}
        return {"id": text(self.id), "rawId": text(self.id), "type": "public-key", "response": response}

    def signed(self, options: dict[str, Any], origin: str = ORIGIN["origin"], flags: int = 0x05) -> dict[str, Any]:
        """The answer to ``navigator.credentials.get``."""
        self.count += 1
        data, client = self._data(flags), self._client("webauthn.get", options, origin)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {"clientDataJSON": text(client), "authenticatorData": text(data), "signature": text(signature)}
        return {"id": text(self.id), "rawId": text(self.id), "type": "public-key", "response": response}

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(SITE.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any], origin: str) -> bytes:
        return json.dumps({"type": kind, "challenge": options["challenge"], "origin": origin}).encode()


async def registered(venue: Venue) -> Authenticator:
    """The trader's passkey."""
    headers = await signed_in(venue, venue.trader) | ORIGIN
    options = (await venue.client.post("/v1/account/passkeys/options", headers=headers)).json()["options"]
    assert options["rp"]["id"] == SITE
    authenticator = Authenticator()
    body = {"name": "phone", "credential": authenticator.made(options)}
    answer = await venue.client.post("/v1/account/passkeys", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return authenticator


async def options(venue: Venue) -> dict[str, Any]:
    """Options to sign in."""
    found: dict[str, Any] = (await venue.client.post("/v1/auth/passkey/options", headers=ORIGIN)).json()["options"]
    return found


async def test_a_passkey_signs_in_to_everything_but_withdrawals(venue: Venue) -> None:
    authenticator = await registered(venue)
    credential = authenticator.signed(await options(venue))
    answer = await venue.post("/v1/auth/passkey", {"credential": credential})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["account"], answer.json()["scopes"]) == (venue.trader.address, ["manage", "read", "trade"])
    assert code(await venue.post("/v1/auth/passkey", {"credential": credential})) == "nonce_invalid"


async def test_a_passkey_of_another_site_key_or_person_is_refused(venue: Venue) -> None:
    authenticator = await registered(venue)
    evil = authenticator.signed(await options(venue), origin="https://evil.example")
    assert code(await venue.post("/v1/auth/passkey", {"credential": evil})) == "passkey_invalid"
    unseen = authenticator.signed(await options(venue), flags=0x01)
    assert code(await venue.post("/v1/auth/passkey", {"credential": unseen})) == "passkey_invalid"
    other = Authenticator()
    assert code(await venue.post("/v1/auth/passkey", {"credential": other.signed(await options(venue))})) == (
        "passkey_invalid"
    )
    unknown = authenticator.signed(await options(venue)) | {"id": "bm9uZQ"}
    assert code(await venue.post("/v1/auth/passkey", {"credential": unknown})) == "passkey_invalid"
    assert code(await venue.post("/v1/auth/passkey", {"credential": {}})) == "passkey_invalid"


async def test_a_copied_passkey_is_found_out_by_its_count(venue: Venue) -> None:
    authenticator = await registered(venue)
    for _ in range(2):
        await venue.post("/v1/auth/passkey", {"credential": authenticator.signed(await options(venue))})
    authenticator.count = 0
    copied = authenticator.signed(await options(venue))
    assert code(await venue.post("/v1/auth/passkey", {"credential": copied})) == "passkey_invalid"


class ContractWallet:
    """A chain on which one contract says whether it signed (EIP-1271)."""

    def __init__(self, signature: bytes) -> None:
        self._signature = signature

    async def call(self, contract: Any, function: str, *args: Any, block: Any = None) -> Any:
        """Its word; it reverts for what it did not sign."""
        if function != "isValidSignature" or args[1] != self._signature:
            raise ContractRejected("not signed", error_name="Unknown", arguments={})
        return bytes.fromhex("1626ba7e")


async def test_a_contract_wallet_signs_in_by_its_own_word(venue: Venue) -> None:
    venue.desk.access.sessions._wallets._chains = {412346: ContractWallet(b"by the owners")}  # type: ignore[dict-item]
    message = await siwe_message(venue, venue.trader)
    good = {"message": message, "signature": "0x" + b"by the owners".hex()}
    bad = good | {"signature": "0x" + venue.stranger.sign_hash(personal_digest(message)).hex()}
    assert code(await venue.post("/v1/auth/siwe", bad)) == "signer_mismatch"
    assert (await venue.post("/v1/auth/siwe", good)).json()["account"] == venue.trader.address
