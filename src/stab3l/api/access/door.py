"""The way into the API: what every request passes before its handler, and what is remembered of it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

import structlog

from stab3l.api.access.agents import Agents
from stab3l.api.access.identity import Identity
from stab3l.api.access.keys import ApiKeys, SignedRequest
from stab3l.api.access.limits import RateLimits
from stab3l.api.access.passkeys import Passkeys
from stab3l.api.access.records import Records
from stab3l.api.access.request_signing import KEY_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER
from stab3l.api.access.sessions import Nonces, Sessions
from stab3l.api.access.tokens import TokenKeys, Tokens
from stab3l.api.access.usage import Usage
from stab3l.api.access.wallets import Wallets
from stab3l.api.problems import Problem
from stab3l.api.reading import HttpRequest
from stab3l.api.responses import Answer
from stab3l.api.settings import ApiSettings, listed, origins_of
from stab3l.api.signed import signing_domain
from stab3l.chain.port import Chain
from stab3l.clock import Clock
from stab3l.config import Network
from stab3l.errors import Stab3lError

IDEMPOTENCY_S: Final = 86_400
IDEMPOTENCY_KEY: Final = "Idempotency-Key"
TOKEN_KEYS: Final = "api-tokens.json"
NONCE_KEY: Final = "api-nonces.key"

_log = structlog.get_logger(__name__)


class Access:
    """Everything about who calls; one for a process."""

    def __init__(
        self, network: Network, home: Path, settings: ApiSettings, chains: Mapping[int, Chain], clock: Clock
    ) -> None:
        self.origins = origins_of(network.api_url, settings.origins)
        self._proxies = [ip_network(one) for one in listed(settings.trusted_proxies)]
        self._clock = clock
        self.records = Records(settings.database_of(home))
        keys = home / "keys"
        self.tokens = Tokens(TokenKeys(keys / TOKEN_KEYS), self.origins[0])
        nonces, wallets = Nonces(_secret(keys / NONCE_KEY)), Wallets(chains)
        chain_ids = (network.primary.chain_id, *(one.chain_id for one in network.chains))
        self.sessions = Sessions(
            self.records, self.tokens, nonces, wallets, self.origins, tuple(dict.fromkeys(chain_ids)), clock
        )
        self.passkeys = Passkeys(self.records, nonces, self.origins, clock)
        self.keys = ApiKeys(self.records, frozenset(urlsplit(one).netloc.lower() for one in self.origins), clock)
        self.agents = Agents(self.records, wallets, signing_domain(network), network.primary.chain_id, clock)
        self.limits = RateLimits(settings.rate_store, settings.rate_factor)
        self.usage = Usage(self.records, clock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.usage.flush()
        await self.records.close()

    async def run(self) -> None:
        """Writes usage until cancelled."""
        await self.usage.run()

    def admission(self, request: HttpRequest, method: str, headers: dict[str, str]) -> Admission:
        """One request's way in. ``headers`` are those of its answer."""
        return Admission(self, request, method, headers)

    def count(self, method: str, route: str, status: int, took_s: float, caller: Identity | None) -> None:
        """Remembers a request that was answered."""
        self.usage.count(method, route, status, took_s, caller)

    def check_origin(self, origin: str) -> None:
        """Raises `Problem` ``origin_refused`` for a page of another site."""
        if origin and origin not in self.origins:
            raise Problem("origin_refused", f"pages of {origin[:80]} may not call this API", origin=origin[:80])

    def address_of(self, peer: str, forwarded: str) -> str:
        """The caller's address: the peer's, or behind trusted proxies the last one that none of them is."""
        if not self._proxies:
            return peer
        address = peer
        for hop in reversed([*listed(forwarded), peer]):
            address = hop
            if not self._is_proxy(hop):
                break
        return address

    async def identify_token(self, token: str) -> Identity:
        """Whose access token it is. Raises `Problem`."""
        identity = self.tokens.check(token, self.sessions.now)
        await self.sessions.check(identity)
        return identity

    def _is_proxy(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._proxies)


class Admission:
    """What one request passes: origin, credential, limit, scope. ``caller`` is known after `admit`."""

    def __init__(self, access: Access, request: HttpRequest, method: str, headers: dict[str, str]) -> None:
        self._access = access
        self._request = request
        self._method = method
        self._headers = headers
        self.caller: Identity | None = None
        self._cost, self._body_bytes_max = "read", 0

    async def charge(self, count: int) -> None:
        """Counts the request, or more of its kind. Raises `Problem` ``rate_limited``."""
        caller = self.caller
        who, tier = (f"{caller.kind}:{caller.id}", caller.tier) if caller else (self._address(), "anonymous")
        if count:
            await self._access.limits.take(self._cost, tier, who, self._headers, count)

    async def admit(self, cost: str, scope: str | None, accepts: str | None, body_bytes_max: int) -> Identity | None:
        """The caller, or None for one without a credential. Raises `Problem`."""
        self._headers["X-Request-Id"] = secrets.token_hex(8)
        self._body_bytes_max = body_bytes_max
        if self._method != "GET":
            self._access.check_origin(self._request.header("origin"))
        try:
            self.caller = await self._identify()
        except Stab3lError:
            await self._access.limits.take("auth", "anonymous", self._address(), self._headers)
            raise
        self._cost = cost
        await self.charge(1)
        if scope is not None:
            if self.caller is None:
                raise Problem("credential_missing", "this path needs an access token or a signed request")
            self.caller.require(scope)
        elif accepts is not None and self.caller is not None:
            self.caller.require(accepts)
        return self.caller

    async def once(self, make: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer, made at most once for one ``Idempotency-Key`` of a caller. Raises `Problem`."""
        key, caller = self._request.headers.get(IDEMPOTENCY_KEY.lower()), self.caller
        if key is None or caller is None:
            return await make()
        if not 1 <= len(key) <= 64 or not key.isascii() or not key.isprintable():
            raise Problem("idempotency_key_invalid", "an Idempotency-Key has 1 to 64 printable characters")
        records, who, now = self._access.records, f"{caller.kind}:{caller.id}", self._access.sessions.now
        told = f"{self._method} {self._request.path}?{self._request.query}\n".encode()
        digest = hashlib.sha256(told + await self._request.body(self._body_bytes_max)).digest()
        found = await records.begin_answer(who, key, digest, now, IDEMPOTENCY_S)
        if found is not None:
            return self._again(found, digest)
        status, media_type, content = 0, "", b""
        try:
            answer = await make()
            status, media_type, content = answer.status, answer.media_type, answer.content
        finally:
            # Shielded: whether the caller stays or not, the key must not stay "in progress" for a day.
            await asyncio.shield(records.end_answer(who, key, status, media_type, content))
        return answer

    def _again(self, found: Mapping[str, Any], digest: bytes) -> Answer:
        if bytes(found["request_hash"]) != digest:
            raise Problem("idempotency_key_reused", "this Idempotency-Key came with another request before")
        if not found["status"]:
            raise Problem("idempotency_in_progress", "the first request with this Idempotency-Key is not done yet")
        headers = self._headers | {"Idempotent-Replayed": "true"}
        return Answer(found["status"], bytes(found["content"]), found["media_type"], headers)

    async def _identify(self) -> Identity | None:
        headers = self._request.headers
        key_id, authorisation = headers.get(KEY_HEADER.lower()), headers.get("authorization")
        if key_id is not None and authorisation is not None:
            raise Problem("token_invalid", "one credential is enough: a token or a signed request")
        if authorisation is not None:
            kind, _, token = authorisation.partition(" ")
            if kind.lower() != "bearer" or not token:
                raise Problem("token_invalid", "the Authorization header is not Bearer and an access token")
            return await self._access.identify_token(token)
        if key_id is None:
            return None
        return await self._access.keys.check(
            SignedRequest(
                key_id=key_id,
                timestamp_ms=self._request.header(TIMESTAMP_HEADER),
                signature=self._request.header(SIGNATURE_HEADER),
                method=self._method,
                host=self._request.header("host"),
                target=self._request.target,
                body=b"" if self._method == "GET" else await self._request.body(self._body_bytes_max),
                address=self._address(),
            )
        )

    def _address(self) -> str:
        return self._access.address_of(self._request.peer, self._request.header("x-forwarded-for"))


def _secret(path: Path) -> bytes:
    """32 random bytes that the processes of a home share, made by whoever comes first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}-{secrets.token_hex(4)}")
    if not path.exists():
        with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            _log.info("nonce_key_made_elsewhere", path=str(path))
        finally:
            draft.unlink()
    return path.read_bytes()
