"""Passkeys (WebAuthn level 2): registered by a signed-in account, then enough to sign in by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import sqlalchemy as sa
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from stab3l.api.access.records import Records
from stab3l.api.access.sessions import Nonces, challenge_bytes, challenge_of
from stab3l.api.problems import Problem
from stab3l.chain.address import checksum
from stab3l.clock import Clock, seconds
from stab3l.store import access_tables as t

PASSKEYS_MAX: Final = 20
SITE: Final = "stab3l"


class Passkey(msgspec.Struct, frozen=True):
    """A passkey. Times: unix seconds."""

    passkey_id: str
    name: str
    created_at: str
    last_used_at: str | None


class Passkeys:
    """Passkeys of all accounts, for the site of ``origins``."""

    def __init__(self, records: Records, nonces: Nonces, origins: tuple[str, ...], clock: Clock) -> None:
        self._records = records
        self._nonces = nonces
        self._origins = origins
        self._clock = clock

    def site_of(self, origin: str) -> tuple[str, str]:
        """Origin and relying party id: of the asking page if it is one of ours, else of the first that can be one."""
        hosts = {one: urlsplit(one).hostname or "" for one in self._origins}
        named = {one: host for one, host in hosts.items() if not host.replace(".", "").isdigit()}
        if not named:
            raise Problem("passkey_invalid", "passkeys need a host name: call the API by one")
        chosen = origin if origin in named else next(iter(named))
        return chosen, named[chosen]

    async def registration(self, account: bytes, origin: str) -> dict[str, Any]:
        """Options for ``navigator.credentials.create``."""
        _, site = self.site_of(origin)
        known = await self._rows(account)
        options = generate_registration_options(
            rp_id=site,
            rp_name=SITE,
            user_id=account,
            user_name=str(checksum(account)),
            challenge=challenge_bytes(self._nonces.make("passkey-new", self._now)),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=base64url_to_bytes(row["passkey_id"])) for row in known
            ],
        )
        return dict(msgspec.json.decode(options_to_json(options)))

    async def register(self, account: bytes, name: str, credential: dict[str, Any]) -> Passkey:
        """Keeps a new passkey. Raises `Problem` ``passkey_invalid``, ``nonce_invalid``, ``too_many_keys``."""
        if len(await self._rows(account)) >= PASSKEYS_MAX:
            raise Problem("too_many_keys", f"an account has at most {PASSKEYS_MAX} passkeys", count_max=PASSKEYS_MAX)
        challenge = await self._spent("passkey-new", credential)
        verified = self._verified(
            lambda origin, site: verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=site,
                expected_origin=origin,
                require_user_verification=True,
            )
        )
        row = {
            "passkey_id": bytes_to_base64url(verified.credential_id), "account": str(checksum(account)),
            "name": name, "public_key": verified.credential_public_key, "sign_count": verified.sign_count,
            "created_at": self._now, "used_at": None,
        }  # fmt: skip
        if not await self._records.add(t.passkeys, row):
            raise Problem("passkey_invalid", "this passkey is registered already")
        return _passkey(row)

    def assertion(self, origin: str) -> dict[str, Any]:
        """Options for ``navigator.credentials.get``: any passkey of this site."""
        _, site = self.site_of(origin)
        options = generate_authentication_options(
            rp_id=site,
            challenge=challenge_bytes(self._nonces.make("passkey", self._now)),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return dict(msgspec.json.decode(options_to_json(options)))

    async def sign_in(self, credential: dict[str, Any]) -> bytes:
        """Whose passkey it is. Raises `Problem` ``passkey_invalid``, ``nonce_invalid``."""
        found = await self._records.rows(
            sa.select(t.passkeys).where(t.passkeys.c.passkey_id == str(credential.get("id", ""))[:512])
        )
        if not found:
            raise Problem("passkey_invalid", "this passkey is not registered here")
        row = found[0]
        challenge = await self._spent("passkey", credential)
        verified = self._verified(
            lambda origin, site: verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=site,
                expected_origin=origin,
                credential_public_key=row["public_key"],
                credential_current_sign_count=row["sign_count"],
                require_user_verification=True,
            )
        )
        used = {"sign_count": verified.new_sign_count, "used_at": self._now}
        await self._records.change(t.passkeys, {"passkey_id": row["passkey_id"]}, used)
        return bytes.fromhex(row["account"][2:])

    async def of(self, account: bytes) -> list[Passkey]:
        """An account's passkeys, newest first."""
        return [_passkey(row) for row in await self._rows(account)]

    async def remove(self, account: bytes, passkey_id: str) -> None:
        """Forgets a passkey. Raises `Problem` ``passkey_unknown``."""
        c = t.passkeys.c
        async with self._records.write() as connection:
            where = (c.passkey_id == passkey_id, c.account == str(checksum(account)))
            gone = await connection.change(sa.delete(t.passkeys).where(*where))
        if gone == 0:
            raise Problem("passkey_unknown", "the account has no such passkey")

    @property
    def _now(self) -> int:
        return seconds(self._clock.now())

    async def _rows(self, account: bytes) -> list[dict[str, Any]]:
        c = t.passkeys.c
        query = sa.select(t.passkeys).where(c.account == str(checksum(account))).order_by(c.created_at.desc())
        return await self._records.rows(query)

    async def _spent(self, purpose: str, credential: dict[str, Any]) -> bytes:
        """The credential's challenge, ours and used for the first time."""
        response = credential.get("response")
        client_data = response.get("clientDataJSON") if isinstance(response, dict) else None
        if not isinstance(client_data, str):
            raise Problem("passkey_invalid", "the credential has no client data")
        nonce = challenge_of(client_data)
        expires_at = self._nonces.expiry(purpose, nonce, self._now)
        if not await self._records.spend(f"{purpose}:{nonce}", expires_at, self._now):
            raise Problem("nonce_invalid", "the challenge was used before: ask for another")
        return challenge_bytes(nonce)

    def _verified(self, verify: Any) -> Any:
        """The result for whichever of our origins the credential is for."""
        told = "no site"
        for origin in self._origins:
            try:
                return verify(origin, urlsplit(origin).hostname or "")
            except (WebAuthnException, ValueError, KeyError, TypeError) as error:
                told = str(error)
        raise Problem("passkey_invalid", f"the passkey did not sign this: {told[:200]}")


def _passkey(row: Mapping[str, Any]) -> Passkey:
    used = None if row["used_at"] is None else str(row["used_at"])
    return Passkey(row["passkey_id"], row["name"], str(row["created_at"]), used)
