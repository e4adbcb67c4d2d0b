"""Paths of signing in and of what may call for an account: sessions, API keys, agents, passkeys, usage."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
import sqlalchemy as sa

from stab3l.api.access.agents import Agent, agent_address
from stab3l.api.access.keys import ApiKey
from stab3l.api.access.passkeys import Passkey
from stab3l.api.access.sessions import PASSKEY_SCOPES, Nonce, TokenPair, signature_bytes
from stab3l.api.cursors import ListQuery, cursor_of, position_of
from stab3l.api.endpoints import Call, Nothing, Page, Routes
from stab3l.api.problems import Problem
from stab3l.api.signed import DelegationRequest
from stab3l.chain.address import checksum
from stab3l.store import access_tables as t

SIGN_IN: Final = Routes("Sign-in")
CALLERS: Final = Routes("Keys and sessions")
ScopeName = Literal["read", "trade", "withdraw", "manage"]
KeyName = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class NonceQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For which of the API's origins the message is to be; the page's own when it is left out."""

    origin: Annotated[str, msgspec.Meta(max_length=200)] = ""


class SiweRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signed EIP-4361 message; ``signature``: 0x and hexadecimal digits (EIP-191, or for a contract EIP-1271)."""

    message: Annotated[str, msgspec.Meta(max_length=4_000)]
    signature: Annotated[str, msgspec.Meta(max_length=1_026)]


class RefreshRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The refresh token of the last answer."""

    refresh_token: Annotated[str, msgspec.Meta(max_length=200)]


class PasskeyOptions(msgspec.Struct, frozen=True):
    """Options for the browser, as WebAuthn level 3 writes them in JSON."""

    options: dict[str, Any]


class NewPasskey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the browser made: ``credential.toJSON()``."""

    name: KeyName
    credential: dict[str, Any]


class PasskeyAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the browser signed: ``credential.toJSON()``."""

    credential: dict[str, Any]


class NewApiKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An Ed25519 public key and what it may. ``allowed_ips``: networks; ``expires_at``: unix seconds."""

    name: KeyName
    public_key: Annotated[str, msgspec.Meta(pattern="^0x[0-9a-fA-F]{64}$")]
    scopes: Annotated[list[ScopeName], msgspec.Meta(min_length=1, max_length=4)]
    allowed_ips: Annotated[list[Annotated[str, msgspec.Meta(max_length=50)]], msgspec.Meta(max_length=20)] = []
    expires_at: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,12}$")] | None = None


class SessionView(msgspec.Struct, frozen=True):
    """A session. ``kind``: wallet or passkey; ``agent``: the browser's name; times in unix seconds."""

    session_id: str
    kind: str
    scopes: list[str]
    agent: str
    created_at: str
    last_used_at: str
    expires_at: str
    current: bool


class UsageView(msgspec.Struct, frozen=True):
    """Requests of an account in the hour that begins at ``hour`` (unix seconds)."""

    hour: str
    route: str
    requests: int
    errors: int


class KeySetView(msgspec.Struct, frozen=True):
    """A JWK Set (RFC 7517)."""

    keys: list[dict[str, Any]]


@SIGN_IN.get("/.well-known/jwks.json")
async def key_set(call: Call[Nothing, Nothing]) -> KeySetView:
    """The public keys that access tokens are checked with."""
    return KeySetView(call.desk.access.tokens.public_keys()["keys"])


@SIGN_IN.get("/v1/auth/nonce", cost="auth")
async def nonce(call: Call[NonceQuery, Nothing]) -> Nonce:
    """What a sign-in message is made from; the nonce counts once, within ten minutes."""
    return call.desk.access.sessions.nonce(call.query.origin or call.origin)


@SIGN_IN.post(
    "/v1/auth/siwe",
    problems=("siwe_invalid", "siwe_domain", "siwe_expired", "nonce_invalid", "signature_invalid", "signer_mismatch"),
)
async def siwe(call: Call[Nothing, SiweRequest]) -> TokenPair:
    """Signs in by a wallet's signature."""
    signature = signature_bytes(call.body.signature)
    return await call.desk.access.sessions.sign_in(call.body.message, signature, call.user_agent)


@SIGN_IN.post("/v1/auth/refresh", problems=("refresh_invalid",))
async def refresh(call: Call[Nothing, RefreshRequest]) -> TokenPair:
    """The next tokens of a session; the refresh token shown is not good any more."""
    return await call.desk.access.sessions.refresh(call.body.refresh_token)


@SIGN_IN.post("/v1/auth/logout", scope="read", status=204, problems=("session_unknown",))
async def logout(call: Call[Nothing, Nothing]) -> None:
    """Ends the session that the access token is of."""
    caller = call.identity
    if caller.kind != "session":
        raise Problem("session_unknown", "a signed request is of no session")
    await call.desk.access.sessions.end(caller.account, caller.id)


@SIGN_IN.post("/v1/auth/passkey/options", problems=("passkey_invalid",))
async def passkey_options(call: Call[Nothing, Nothing]) -> PasskeyOptions:
    """Options to sign in with a passkey; the browser offers those of this site."""
    return PasskeyOptions(call.desk.access.passkeys.assertion(call.origin))


@SIGN_IN.post("/v1/auth/passkey", problems=("passkey_invalid", "nonce_invalid"))
async def passkey_sign_in(call: Call[Nothing, PasskeyAnswer]) -> TokenPair:
    """Signs in with a passkey: it may read, trade and manage, never withdraw."""
    access = call.desk.access
    account = await access.passkeys.sign_in(call.body.credential)
    return await access.sessions.open(account, "passkey", PASSKEY_SCOPES, call.user_agent)


@CALLERS.get("/v1/account/sessions", scope="read")
async def sessions(call: Call[Nothing, Nothing]) -> Page[SessionView]:
    """The account's open sessions, newest first."""
    rows = await call.desk.access.sessions.of(call.account)
    return Page([_session_view(row, call.identity.id) for row in rows])


@CALLERS.delete("/v1/account/sessions/{session}", scope="manage", problems=("session_unknown",))
async def end_session(call: Call[Nothing, Nothing]) -> None:
    """Ends a session."""
    await call.desk.access.sessions.end(call.account, call.path["session"])


@CALLERS.get("/v1/account/api-keys", scope="read")
async def api_keys(call: Call[Nothing, Nothing]) -> Page[ApiKey]:
    """The account's API keys, newest first."""
    return Page(await call.desk.access.keys.of(call.account))


@CALLERS.post(
    "/v1/account/api-keys", scope="manage", status=201, problems=("scope_missing", "key_invalid", "too_many_keys")
)
async def add_api_key(call: Call[Nothing, NewApiKey]) -> ApiKey:
    """Registers an Ed25519 public key; it may do no more than the credential that registers it."""
    body = call.body
    for scope in body.scopes:
        call.identity.require(scope)
    return await call.desk.access.keys.add(
        call.account,
        name=body.name,
        public_key=bytes.fromhex(body.public_key[2:]),
        scopes=list(body.scopes),
        allowed_ips=body.allowed_ips,
        expires_at=None if body.expires_at is None else int(body.expires_at),
    )


@CALLERS.delete("/v1/account/api-keys/{key}", scope="manage", problems=("key_unknown",))
async def revoke_api_key(call: Call[Nothing, Nothing]) -> None:
    """Ends an API key."""
    await call.desk.access.keys.revoke(call.account, call.path["key"])


@CALLERS.post(
    "/v1/agents",
    status=201,
    accepts="manage",
    problems=(
        "address_invalid", "number_invalid", "signature_invalid", "signer_mismatch", "delegation_invalid",
        "too_many_keys", "account_other",
    ),
)  # fmt: skip
async def add_agent(call: Call[Nothing, DelegationRequest]) -> Agent:
    """Lets a key trade for an account: the owner's signed ``Delegation``. It can never withdraw."""
    return await call.desk.access.agents.add(call.body)


@CALLERS.get("/v1/account/agents", scope="read")
async def agents(call: Call[Nothing, Nothing]) -> Page[Agent]:
    """The account's agent keys, newest first."""
    return Page(await call.desk.access.agents.of(call.account))


@CALLERS.delete("/v1/account/agents/{agent}", scope="manage", problems=("address_invalid", "agent_unknown"))
async def revoke_agent(call: Call[Nothing, Nothing]) -> None:
    """Takes an agent's right away, for good."""
    await call.desk.access.agents.revoke(call.account, agent_address(call.path["agent"]))


@CALLERS.post("/v1/account/passkeys/options", scope="manage", problems=("passkey_invalid",))
async def new_passkey_options(call: Call[Nothing, Nothing]) -> PasskeyOptions:
    """Options to make a passkey for the account."""
    return PasskeyOptions(await call.desk.access.passkeys.registration(call.account, call.origin))


@CALLERS.post(
    "/v1/account/passkeys", scope="manage", status=201, problems=("passkey_invalid", "nonce_invalid", "too_many_keys")
)
async def add_passkey(call: Call[Nothing, NewPasskey]) -> Passkey:
    """Keeps a passkey that the browser made."""
    return await call.desk.access.passkeys.register(call.account, call.body.name, call.body.credential)


@CALLERS.get("/v1/account/passkeys", scope="read")
async def passkeys(call: Call[Nothing, Nothing]) -> Page[Passkey]:
    """The account's passkeys, newest first."""
    return Page(await call.desk.access.passkeys.of(call.account))


@CALLERS.delete("/v1/account/passkeys/{passkey}", scope="manage", problems=("passkey_unknown",))
async def remove_passkey(call: Call[Nothing, Nothing]) -> None:
    """Forgets a passkey."""
    await call.desk.access.passkeys.remove(call.account, call.path["passkey"])


@CALLERS.get("/v1/account/usage", scope="read", problems=("cursor_invalid",))
async def usage(call: Call[ListQuery, Nothing]) -> Page[UsageView]:
    """How often the account called, by hour and path, newest first."""
    c, limit = t.usage.c, call.query.limit
    (skip,) = position_of(call.query.cursor, (0,))
    await call.desk.access.usage.flush()
    query = sa.select(t.usage).where(c.account == str(checksum(call.account)))
    query = query.order_by(c.hour.desc(), c.route).offset(min(skip, 2**31)).limit(limit)
    rows = await call.desk.access.records.rows(query)
    views = [UsageView(str(row["hour"]), row["route"], row["requests"], row["errors"]) for row in rows]
    return Page(views, cursor_of(skip + limit) if len(rows) == limit else None)


def _session_view(row: dict[str, Any], current: str) -> SessionView:
    return SessionView(
        session_id=row["session_id"],
        kind=row["kind"],
        scopes=row["scopes"].split(),
        agent=row["agent"],
        created_at=str(row["created_at"]),
        last_used_at=str(row["used_at"]),
        expires_at=str(row["expires_at"]),
        current=row["session_id"] == current,
    )
