"""API keys: Ed25519 public keys that an account registers, and the requests that they sign."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from stab3l.api.access.identity import Identity
from stab3l.api.access.records import Records
from stab3l.api.access.request_signing import SIGNATURE_BYTES, canonical_request, verifies
from stab3l.api.problems import Problem
from stab3l.chain.address import checksum
from stab3l.clock import Clock, seconds
from stab3l.errors import NotFound
from stab3l.store import access_tables as t

KEYS_MAX: Final = 50
SKEW_MS: Final = 10_000


class ApiKey(msgspec.Struct, frozen=True):
    """An API key. Times: unix seconds; ``allowed_ips``: networks that may use it, empty: all."""

    key_id: str
    name: str
    public_key: str
    scopes: list[str]
    allowed_ips: list[str]
    tier: str
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked: bool


class SignedRequest(msgspec.Struct, frozen=True):
    """A request that an API key signed, as it came."""

    key_id: str
    timestamp_ms: str
    signature: str
    method: str
    host: str
    target: str
    body: bytes
    address: str
    """The caller's IP address."""


class ApiKeys:
    """API keys of all accounts. ``hosts``: the hosts that this API is called by."""

    def __init__(self, records: Records, hosts: frozenset[str], clock: Clock) -> None:
        self._records = records
        self._hosts = hosts
        self._clock = clock

    async def add(
        self,
        account: bytes,
        *,
        name: str,
        public_key: bytes,
        scopes: list[str],
        allowed_ips: list[str],
        expires_at: int | None,
    ) -> ApiKey:
        """Registers a key. Raises `Problem` ``too_many_keys``, ``key_invalid``."""
        now = seconds(self._clock.now())
        if expires_at is not None and expires_at <= now:
            raise Problem("key_invalid", "expires_at has passed", expires_at=expires_at, now=now)
        try:
            networks = [str(ip_network(one, strict=False)) for one in allowed_ips]
        except ValueError as error:
            raise Problem("key_invalid", f"allowed_ips: {error}") from None
        if sum(not key.revoked for key in await self.of(account)) >= KEYS_MAX:
            raise Problem("too_many_keys", f"an account has at most {KEYS_MAX} keys", count_max=KEYS_MAX)
        row = {
            "key_id": secrets.token_hex(12), "account": str(checksum(account)), "name": name,
            "public_key": public_key, "scopes": " ".join(sorted(set(scopes))), "allowed_ips": " ".join(networks),
            "tier": "standard", "created_at": now, "expires_at": expires_at, "used_at": None, "revoked": False,
        }  # fmt: skip
        await self._records.add(t.api_keys, row)
        return _key(row)

    async def of(self, account: bytes | None) -> list[ApiKey]:
        """An account's keys, or everybody's, newest first, revoked ones too."""
        c = t.api_keys.c
        query = sa.select(t.api_keys).order_by(c.created_at.desc())
        if account is not None:
            query = query.where(c.account == str(checksum(account)))
        return [_key(row) for row in await self._records.rows(query)]

    async def give_tier(self, key_id: str, tier: str) -> None:
        """Gives a key other quotas. Raises `stab3l.errors.NotFound`."""
        if await self._records.change(t.api_keys, {"key_id": key_id}, {"tier": tier}) == 0:
            raise NotFound(f"there is no API key {key_id[:64]}: stab3l operator keys lists them", key=key_id[:64])

    async def revoke(self, account: bytes, key_id: str) -> None:
        """Ends a key. Raises `Problem` ``key_unknown``."""
        where = {"key_id": key_id, "account": str(checksum(account))}
        if await self._records.change(t.api_keys, where, {"revoked": True}) == 0:
            raise Problem("key_unknown", "the account has no such key")

    async def check(self, request: SignedRequest) -> Identity:
        """Whose request it is. Raises `Problem`: every way in which it can be wrong."""
        row = await self._records.one(t.api_keys, key_id=request.key_id[:64])
        now_ms = self._clock.now() // 1_000_000
        if row is None or row["revoked"] or (row["expires_at"] is not None and row["expires_at"] * 1_000 <= now_ms):
            raise Problem("key_revoked", "the key is not known, has expired or was revoked", key=request.key_id[:64])
        self._check_time(request.timestamp_ms, now_ms)
        if request.host.lower() not in self._hosts:
            raise Problem("request_signature_invalid", f"this API is not called by {request.host[:80]}")
        try:
            signature = base64.b64decode(request.signature, validate=True)
        except ValueError:
            signature = b""
        message = canonical_request(request.timestamp_ms, request.method, request.host, request.target, request.body)
        if len(signature) != SIGNATURE_BYTES or not verifies(bytes(row["public_key"]), signature, message):
            raise Problem(
                "request_signature_invalid", "the key did not sign this request: see docs/reference/access.md"
            )
        if row["allowed_ips"] and not _inside(request.address, row["allowed_ips"].split()):
            raise Problem("ip_not_allowed", f"the key may not be used from {request.address}", address=request.address)
        if request.method not in ("GET", "HEAD"):
            await self._once(signature, now_ms)
        return Identity(
            bytes.fromhex(row["account"][2:]), frozenset(row["scopes"].split()), "key", row["key_id"], row["tier"]
        )

    def _check_time(self, text: str, now_ms: int) -> None:
        if not (text.isascii() and text.isdigit() and len(text) <= 16) or abs(int(text) - now_ms) > SKEW_MS:
            raise Problem(
                "timestamp_outside", f"the timestamp is not within {SKEW_MS} ms of now", now_ms=now_ms, value=text[:20]
            )

    async def _once(self, signature: bytes, now_ms: int) -> None:
        now = now_ms // 1_000
        if not await self._records.spend(f"request:{signature.hex()[:64]}", now + 2 * SKEW_MS // 1_000 + 1, now):
            raise Problem("request_repeated", "this signed request came before: sign it anew")


def _inside(address: str, networks: list[str]) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in ip_network(network) for network in networks)


def _key(row: Mapping[str, Any]) -> ApiKey:
    return ApiKey(
        key_id=row["key_id"],
        name=row["name"],
        public_key="0x" + bytes(row["public_key"]).hex(),
        scopes=row["scopes"].split(),
        allowed_ips=row["allowed_ips"].split(),
        tier=row["tier"],
        created_at=str(row["created_at"]),
        expires_at=None if row["expires_at"] is None else str(row["expires_at"]),
        last_used_at=None if row["used_at"] is None else str(row["used_at"]),
        revoked=bool(row["revoked"]),
    )
