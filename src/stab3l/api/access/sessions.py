"""Signing in by a wallet's message or a passkey: a session with a short access token and a rotating refresh token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from stab3l.api.access import siwe
from stab3l.api.access.identity import SCOPES, Identity
from stab3l.api.access.records import Records
from stab3l.api.access.tokens import LIFE_S, Tokens
from stab3l.api.access.wallets import Wallets
from stab3l.api.problems import Problem
from stab3l.chain.address import checksum
from stab3l.clock import Clock, seconds
from stab3l.store import access_tables as t

NONCE_S: Final = 600
REFRESH_S: Final = 30 * 86_400
SESSIONS_SHOWN: Final = 100
PASSKEY_SCOPES: Final = frozenset({"read", "trade", "manage"})
STATEMENT: Final = "Sign in to stab3l. This costs nothing and moves nothing."


class Nonce(msgspec.Struct, frozen=True):
    """What a sign-in message is made from (EIP-4361); times by RFC 3339."""

    nonce: str
    domain: str
    uri: str
    chain_id: int
    statement: str
    issued_at: str
    expires_at: str


class TokenPair(msgspec.Struct, frozen=True):
    """A session's tokens. ``expires_in``: seconds that the access token lives."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    account: str
    scopes: list[str]
    session_id: str


class Nonces:
    """Things that count once and for a while, made without keeping anything: a keyed hash says that they are ours."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def make(self, purpose: str, now: int) -> str:
        """A nonce of letters and digits only."""
        body = f"{now + NONCE_S:x}x{secrets.token_hex(12)}"
        return f"{body}x{self._seal(purpose, body)}"

    def expiry(self, purpose: str, nonce: str, now: int) -> int:
        """When it ends. Raises `Problem` ``nonce_invalid`` for one that is not ours, or has."""
        body, _, seal = nonce.rpartition("x")
        if not body or not hmac.compare_digest(self._seal(purpose, body), seal):
            raise Problem("nonce_invalid", "the nonce is not one that this network gave")
        expires_at = int(body.partition("x")[0], 16)
        if expires_at <= now:
            raise Problem("nonce_invalid", "the nonce has expired", expires_at=expires_at, now=now)
        return expires_at

    def _seal(self, purpose: str, body: str) -> str:
        return hmac.new(self._secret, f"{purpose}:{body}".encode(), hashlib.sha256).hexdigest()[:32]


class Sessions:
    """Sessions of all accounts."""

    def __init__(
        self,
        records: Records,
        tokens: Tokens,
        nonces: Nonces,
        wallets: Wallets,
        origins: tuple[str, ...],
        chain_ids: tuple[int, ...],
        clock: Clock,
    ) -> None:
        self._records = records
        self._tokens = tokens
        self.nonces = nonces
        self._wallets = wallets
        self._origins = origins
        self._chain_ids = chain_ids
        self._clock = clock

    @property
    def now(self) -> int:
        """Unix seconds."""
        return seconds(self._clock.now())

    def nonce(self, origin: str) -> Nonce:
        """A nonce and what belongs beside it, for the site that asks."""
        now, here = self.now, origin if origin in self._origins else self._origins[0]
        until = now + NONCE_S
        return Nonce(
            nonce=self.nonces.make("siwe", now),
            domain=here.rpartition("://")[2],
            uri=here,
            chain_id=self._chain_ids[0],
            statement=STATEMENT,
            issued_at=_rfc3339(now),
            expires_at=_rfc3339(until),
        )

    async def sign_in(self, text: str, signature: bytes, agent: str) -> TokenPair:
        """A session for who signed a message. Raises `Problem`: every way in which it can be wrong."""
        message, now = siwe.parse(text), self.now
        siwe.check(message, origins=self._origins, chain_ids=set(self._chain_ids), now=now)
        expires_at = self.nonces.expiry("siwe", message.nonce, now)
        account = bytes.fromhex(message.address[2:])
        digest = siwe.personal_digest(text)
        if not await self._wallets.signed(message.chain_id, account, digest, signature):
            raise Problem("signer_mismatch", f"the message is not signed by {message.address}", account=message.address)
        if not await self._records.spend(f"siwe:{message.nonce}", expires_at, now):
            raise Problem("nonce_invalid", "the nonce was used before: ask for another")
        return await self.open(account, "wallet", frozenset(SCOPES), agent)

    async def open(self, account: bytes, kind: str, scopes: frozenset[str], agent: str) -> TokenPair:
        """A new session."""
        now, session_id, refresh = self.now, secrets.token_hex(12), secrets.token_urlsafe(32)
        row = {
            "session_id": session_id, "account": str(checksum(account)), "kind": kind,
            "scopes": " ".join(sorted(scopes)), "agent": agent[:200], "created_at": now, "used_at": now,
            "expires_at": now + REFRESH_S, "refresh_hash": _hash(refresh), "revoked": False,
        }  # fmt: skip
        await self._records.add(t.sessions, row)
        return self._pair(row, refresh)

    async def refresh(self, refresh: str) -> TokenPair:
        """The next tokens of a session. Raises `Problem` ``refresh_invalid``; an old token ends the session."""
        now, old = self.now, _hash(refresh)
        found = await self._records.rows(sa.select(t.sessions).where(t.sessions.c.refresh_hash == old))
        if not found:
            await self._end_if_spent(old)
            raise Problem("refresh_invalid", "the refresh token is not good: sign in again")
        row, fresh = found[0], secrets.token_urlsafe(32)
        if row["revoked"] or row["expires_at"] <= now:
            raise Problem("refresh_invalid", "the session has ended: sign in again")
        if not await self._records.rotate_refresh(row["session_id"], old, _hash(fresh), now, row["expires_at"]):
            await self._end_if_spent(old)
            raise Problem("refresh_invalid", "the refresh token was used at the same time elsewhere: sign in again")
        return self._pair(row, fresh)

    async def check(self, identity: Identity) -> None:
        """Raises `Problem` ``session_ended`` when the token's session was ended."""
        row = await self._records.one(t.sessions, session_id=identity.id)
        if row is None or row["revoked"]:
            raise Problem("session_ended", "the session has ended: sign in again")

    async def end(self, account: bytes, session_id: str) -> None:
        """Ends a session of an account. Raises `Problem` ``session_unknown``."""
        where = {"session_id": session_id, "account": str(checksum(account))}
        if await self._records.change(t.sessions, where, {"revoked": True}) == 0:
            raise Problem("session_unknown", "the account has no such session")

    async def of(self, account: bytes) -> list[dict[str, Any]]:
        """An account's sessions that have not ended, newest first."""
        c = t.sessions.c
        where = (c.account == str(checksum(account)), c.revoked.is_(False), c.expires_at > self.now)
        return await self._records.rows(
            sa.select(t.sessions).where(*where).order_by(c.created_at.desc()).limit(SESSIONS_SHOWN)
        )

    async def _end_if_spent(self, old: bytes) -> None:
        spent = await self._records.rows(
            sa.select(t.spent_refresh_tokens).where(t.spent_refresh_tokens.c.refresh_hash == old)
        )
        if spent:
            await self._records.change(t.sessions, {"session_id": spent[0]["session_id"]}, {"revoked": True})

    def _pair(self, row: dict[str, Any], refresh: str) -> TokenPair:
        scopes = frozenset(row["scopes"].split())
        identity = Identity(bytes.fromhex(row["account"][2:]), scopes, "session", row["session_id"])
        token = self._tokens.issue(identity, self.now)
        return TokenPair(token, "Bearer", LIFE_S, refresh, row["account"], sorted(scopes), row["session_id"])


def signature_bytes(text: str) -> bytes:
    """A wallet's signature in hexadecimal. Raises `Problem` ``signature_invalid``."""
    try:
        if not text.startswith("0x"):
            raise ValueError
        return bytes.fromhex(text[2:])
    except ValueError:
        raise Problem("signature_invalid", "the signature is not 0x and hexadecimal digits") from None


def challenge_bytes(nonce: str) -> bytes:
    """A nonce as a WebAuthn challenge."""
    return nonce.encode()


def challenge_of(client_data: str) -> str:
    """The challenge in a credential's ``clientDataJSON``. Raises `Problem` ``passkey_invalid``."""
    try:
        document = msgspec.json.decode(base64.urlsafe_b64decode(client_data + "=" * (-len(client_data) % 4)))
        challenge = document["challenge"]
        return base64.urlsafe_b64decode(challenge + "=" * (-len(challenge) % 4)).decode("ascii")
    except (ValueError, KeyError, TypeError, msgspec.DecodeError):
        raise Problem("passkey_invalid", "the credential's client data cannot be read") from None


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _rfc3339(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
