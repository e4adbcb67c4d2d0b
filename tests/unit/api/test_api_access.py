"""Signing in and what may call for an account; and every way to cheat at it that we know of."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest
from api_venue import Venue, opened
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey
from prometheus_client import REGISTRY
from test_api_orders import code

from stab3l.api.access.agents import VALIDITY
from stab3l.api.access.request_signing import signed_headers
from stab3l.api.access.siwe import personal_digest
from stab3l.api.signed import (
    DELEGATION_TYPE,
    CancelAllRequest,
    PlaceRequest,
    TypedMessage,
    WithdrawalRequest,
    cancel_all_message,
    order_message,
    withdrawal_message,
)
from stab3l.chain.signatures import recover_typed
from stab3l.chain.signer import Signer
from stab3l.client.orders import signed_withdrawal
from stab3l.engine.wire import ALL_MARKETS, decode_records
from stab3l.units import NANOSECONDS_PER_SECOND, BaseUnits, Nanoseconds

pytestmark = pytest.mark.anyio
OWN = ("", "/balances", "/orders", "/fills", "/ledger", "/portfolio", "/deposits", "/withdrawals", "/fees", "/usage")
LISTED = ("/sessions", "/api-keys", "/agents", "/passkeys")


async def siwe_message(venue: Venue, signer: Signer, **changes: str) -> str:
    """A sign-in message as a wallet shows it."""
    told = (await venue.client.get("/v1/auth/nonce?origin=http://api")).json() | {"version": "1"} | changes
    return (
        f"{told['domain']} wants you to sign in with your Ethereum account:\n{told.get('address', signer.address)}\n\n"
        f"{told['statement']}\n\nURI: {told['uri']}\nVersion: {told['version']}\nChain ID: {told['chain_id']}\n"
        f"Nonce: {told['nonce']}\nIssued At: {told['issued_at']}"
    )


async def sign_in(venue: Venue, signer: Signer, text: str) -> Any:
    """The answer to a signed message."""
    signature = signer.sign_hash(personal_digest(text))
    return await venue.post("/v1/auth/siwe", {"message": text, "signature": "0x" + signature.hex()})


async def tokens(venue: Venue, signer: Signer) -> dict[str, Any]:
    """A fresh session's tokens."""
    answer = await sign_in(venue, signer, await siwe_message(venue, signer))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def signed_in(venue: Venue, signer: Signer) -> dict[str, str]:
    """Headers of a fresh session."""
    return {"authorization": f"Bearer {(await tokens(venue, signer))['access_token']}"}


async def test_a_wallet_signs_in_and_sees_its_own_account(venue: Venue) -> None:
    pair = await tokens(venue, venue.trader)
    assert (pair["account"], pair["scopes"]) == (venue.trader.address, ["manage", "read", "trade", "withdraw"])
    own = await venue.client.get("/v1/account", headers={"authorization": f"Bearer {pair['access_token']}"})
    assert own.json()["address"] == venue.trader.address
    assert own.headers["ratelimit-policy"].startswith('"read";q=1200')


async def test_a_message_signs_in_once(venue: Venue) -> None:
    text = await siwe_message(venue, venue.trader)
    assert (await sign_in(venue, venue.trader, text)).status_code == 200
    assert code(await sign_in(venue, venue.trader, text)) == "nonce_invalid"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"domain": "evil.example"}, "siwe_domain"),
        ({"uri": "https://evil.example"}, "siwe_domain"),
        ({"uri": "http://api.evil.example"}, "siwe_domain"),
        ({"chain_id": "1"}, "siwe_invalid"),
        ({"version": "2"}, "siwe_invalid"),
        ({"nonce": "0123456789abcdef"}, "nonce_invalid"),
        ({"issued_at": "2031-01-01T00:00:00Z"}, "siwe_expired"),
        ({"issued_at": "2027-01-15T08:00:00Z\nExpiration Time: 2027-01-15T07:59:00Z"}, "siwe_expired"),
        ({"issued_at": "2027-01-15T08:00:00Z\nNot Before: 2027-01-15T09:00:00Z"}, "siwe_expired"),
        ({"issued_at": "2027-01-15T08:00:00Z\nNonce: again1234"}, "siwe_invalid"),
        ({"issued_at": "yesterday"}, "siwe_invalid"),
        ({"address": "0x" + "ab" * 20}, "siwe_invalid"),
    ],
)
async def test_a_message_for_another_site_chain_or_time_is_refused(
    venue: Venue, changes: dict[str, str], expected: str
) -> None:
    assert code(await sign_in(venue, venue.trader, await siwe_message(venue, venue.trader, **changes))) == expected


async def test_a_message_of_another_wallet_or_an_old_nonce_is_refused(venue: Venue) -> None:
    text = await siwe_message(venue, venue.trader)
    assert code(await sign_in(venue, venue.stranger, text)) == "signer_mismatch"
    venue.clock.at = Nanoseconds(venue.clock.at + 601 * NANOSECONDS_PER_SECOND)
    assert code(await sign_in(venue, venue.trader, text)) == "nonce_invalid"


async def test_a_refresh_token_counts_once_and_a_stolen_one_ends_the_session(venue: Venue) -> None:
    first = await tokens(venue, venue.trader)
    second = (await venue.post("/v1/auth/refresh", {"refresh_token": first["refresh_token"]})).json()
    assert second["session_id"] == first["session_id"]
    assert code(await venue.post("/v1/auth/refresh", {"refresh_token": first["refresh_token"]})) == "refresh_invalid"
    assert code(await venue.post("/v1/auth/refresh", {"refresh_token": second["refresh_token"]})) == "refresh_invalid"
    own = await venue.client.get("/v1/account", headers={"authorization": f"Bearer {second['access_token']}"})
    assert code(own) == "session_ended"


async def test_logging_out_ends_the_token_at_once(venue: Venue) -> None:
    headers = await signed_in(venue, venue.trader)
    assert (await venue.client.post("/v1/auth/logout", headers=headers)).status_code == 204
    assert code(await venue.client.get("/v1/account", headers=headers)) == "session_ended"


async def test_a_token_expires(venue: Venue) -> None:
    headers = await signed_in(venue, venue.trader)
    venue.clock.at = Nanoseconds(venue.clock.at + 600 * NANOSECONDS_PER_SECOND)
    assert code(await venue.client.get("/v1/account", headers=headers)) == "token_expired"


async def forged(venue: Venue, signer: Signer) -> list[str]:
    """Tokens that look like a good one and are not."""
    good = (await tokens(venue, signer))["access_token"]
    head, body, signature = good.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    public = venue.desk.access.tokens.public_keys()["keys"][0]

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    other = OKPKey.generate_key("Ed25519", {"kid": public["kid"]})
    secret = OctKey.import_key(base64.urlsafe_b64decode(public["x"] + "=="))
    header = {"typ": "at+jwt", "kid": public["kid"]}
    everybody = claims | {"sub": venue.maker.address}
    return [
        f"{part({'alg': 'none', **header})}.{body}.",
        f"{part({'alg': 'none', **header})}.{body}.{signature}",
        jwt.encode({"alg": "HS256", **header}, claims, secret, algorithms=["HS256"]),
        jwt.encode({"alg": "Ed25519", **header}, claims, other, algorithms=["Ed25519"]),
        jwt.encode({"alg": "Ed25519", **header, "jwk": other.as_dict()}, claims, other, algorithms=["Ed25519"]),
        f"{head}.{part(everybody)}.{signature}",
        f"{head}.{part(claims | {'scope': 'read trade withdraw manage admin'})}.{signature}",
        f"{part({'alg': 'Ed25519', 'typ': 'JWT', 'kid': public['kid']})}.{body}.{signature}",
        good + "x",
        "a.b.c",
        "",
        "é",
    ]  # fmt: skip


async def test_forged_tokens_are_refused(venue: Venue) -> None:
    for token in await forged(venue, venue.trader):
        answer = await venue.client.get("/v1/account", headers={"authorization": f"Bearer {token}".encode()})
        assert (answer.status_code, code(answer)) == (401, "token_invalid"), token


async def test_a_token_of_another_network_is_refused(venue: Venue) -> None:
    async with opened() as other:
        headers = await signed_in(other, other.trader)
    assert code(await venue.client.get("/v1/account", headers=headers)) == "token_invalid"


async def test_old_keys_check_what_they_signed_after_a_rotation(venue: Venue) -> None:
    before = await signed_in(venue, venue.trader)
    venue.desk.access.tokens._keys.rotate(venue.clock.at // NANOSECONDS_PER_SECOND + 31 * 86_400)
    assert (await venue.client.get("/v1/account", headers=before)).status_code == 200
    kids = [key["kid"] for key in (await venue.client.get("/.well-known/jwks.json")).json()["keys"]]
    assert len(kids) == 2
    assert not any("d" in key for key in (await venue.client.get("/.well-known/jwks.json")).json()["keys"])


@pytest.mark.parametrize("path", OWN + LISTED)
async def test_an_own_path_needs_a_credential(venue: Venue, path: str) -> None:
    answer = await venue.client.get(f"/v1/account{path}")
    assert (answer.status_code, code(answer)) == (401, "credential_missing")
    assert answer.headers["www-authenticate"].startswith("Bearer")


class Key:
    """An API key of an account."""

    def __init__(self, venue: Venue, key_id: str, key: Ed25519PrivateKey) -> None:
        self.venue, self.key_id, self.key = venue, key_id, key

    @classmethod
    async def made(cls, venue: Venue, signer: Signer, *scopes: str, **more: Any) -> Key:
        """Registered by a wallet session."""
        key = Ed25519PrivateKey.generate()
        public = "0x" + key.public_key().public_bytes_raw().hex()
        body = {"name": "bot", "public_key": public, "scopes": list(scopes)} | more
        headers = await signed_in(venue, signer)
        answer = await venue.client.post("/v1/account/api-keys", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return cls(venue, answer.json()["key_id"], key)

    def headers(self, sent: str, path: str, content: bytes = b"", **changes: Any) -> dict[str, str]:
        """Of a signed request."""
        now = self.venue.clock.at // 1_000_000
        given = {"timestamp_ms": now, "method": sent, "host": "api", "target": path, "body": content} | changes
        return signed_headers(self.key_id, self.key, **given) | {"content-type": "application/json"}

    async def get(self, path: str, **changes: Any) -> Any:
        """A signed GET."""
        return await self.venue.client.get(path, headers=self.headers("GET", path, **changes))

    async def post(self, target: str, body: Any, headers: dict[str, str] | None = None) -> Any:
        """A signed POST."""
        content = msgspec.json.encode(body)
        headers = headers or self.headers("POST", target, content)
        return await self.venue.client.post(target, content=content, headers=headers)


async def test_an_api_key_reads_what_it_may(venue: Venue) -> None:
    key = await Key.made(venue, venue.trader, "read")
    found = await key.get("/v1/account/orders?state=open&limit=5")
    assert (found.status_code, found.json()["items"]) == (200, [])


async def test_a_request_that_the_key_did_not_sign_is_refused(venue: Venue) -> None:
    key = await Key.made(venue, venue.trader, "read")
    late = venue.clock.at // 1_000_000 - 11_000
    for changes, expected in (
        ({"timestamp_ms": late}, "timestamp_outside"),
        ({"method": "POST"}, "request_signature_invalid"),
        ({"target": "/v1/account/fills"}, "request_signature_invalid"),
        ({"host": "evil.example"}, "request_signature_invalid"),
        ({"body": b"x"}, "request_signature_invalid"),
    ):
        assert code(await key.get("/v1/account/orders", **changes)) == expected


async def test_a_revoked_or_expired_key_and_a_repeated_request_are_refused(venue: Venue) -> None:
    key = await Key.made(venue, venue.trader, "read", "manage")
    target = "/v1/account/passkeys/options"
    repeated = key.headers("POST", target)
    first = await venue.client.post(target, headers=repeated)
    assert first.status_code == 200, first.text
    assert code(await venue.client.post(target, headers=repeated)) == "request_repeated"
    gone = f"/v1/account/api-keys/{key.key_id}"
    assert (await venue.client.delete(gone, headers=await signed_in(venue, venue.trader))).status_code == 204
    assert code(await key.get("/v1/account/balances")) == "key_revoked"
    soon = str(venue.clock.at // NANOSECONDS_PER_SECOND + 5)
    short = await Key.made(venue, venue.trader, "read", expires_at=soon)
    venue.clock.at = Nanoseconds(venue.clock.at + 5 * NANOSECONDS_PER_SECOND)
    assert code(await short.get("/v1/account/balances")) == "key_revoked"


async def test_a_key_is_bound_to_its_networks(venue: Venue) -> None:
    key = await Key.made(venue, venue.trader, "read", allowed_ips=["10.0.0.0/8"])
    assert code(await key.get("/v1/account/balances")) == "ip_not_allowed"
    assert (
        await (await Key.made(venue, venue.trader, "read", allowed_ips=["127.0.0.1"])).get("/v1/account")
    ).is_success


async def test_no_scope_can_be_escalated(venue: Venue) -> None:
    key = await Key.made(venue, venue.trader, "read", "manage")
    public = "0x" + Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    for scopes in (["trade"], ["read", "withdraw"]):
        body = {"name": "more", "public_key": public, "scopes": scopes}
        assert code(await key.post("/v1/account/api-keys", body)) == "scope_missing"
    assert code(await key.post("/v1/orders", venue.order(venue.trader))) == "scope_missing"
    reader = await Key.made(venue, venue.trader, "read")
    assert code(await reader.post("/v1/account/passkeys/options", {})) == "scope_missing"
    trader = await Key.made(venue, venue.trader, "trade")
    assert code(await trader.get("/v1/account/balances")) == "scope_missing"
    assert (await trader.post("/v1/orders", venue.order(venue.trader))).status_code == 201
    order = msgspec.to_builtins(
        signed_withdrawal(
            venue.trader, venue.market.domain, asset=1, amount=BaseUnits(1), recipient=venue.trader.address,
            client_id=900, now=venue.clock.at,
        )
    )  # fmt: skip
    assert code(await trader.post("/v1/withdrawals", order)) == "scope_missing"


async def test_nobody_reaches_what_is_anothers(venue: Venue) -> None:
    """IDOR: every path with an id, by another account's credential; and an order of another under one's own."""
    own, other = await signed_in(venue, venue.trader), await signed_in(venue, venue.maker)
    key = await Key.made(venue, venue.trader, "read")
    session = (await venue.client.get("/v1/account/sessions", headers=own)).json()["items"][0]["session_id"]
    await venue.post("/v1/agents", delegation(venue, venue.trader, venue.stranger))
    for path, expected in (
        (f"/v1/account/api-keys/{key.key_id}", "key_unknown"),
        (f"/v1/account/sessions/{session}", "session_unknown"),
        (f"/v1/account/agents/{venue.stranger.address}", "agent_unknown"),
        ("/v1/account/passkeys/any", "passkey_unknown"),
    ):
        assert code(await venue.client.delete(path, headers=other)) == expected
    assert (await key.get("/v1/account")).json()["address"] == venue.trader.address
    for path in OWN + LISTED:
        for mark in (f"?account={venue.trader.address}", f"?address={venue.trader.address}"):
            answer = await venue.client.get(f"/v1/account{path}{mark}", headers=other)
            assert code(answer) == "query_invalid"
        told = (await venue.client.get(f"/v1/account{path}", headers=other)).text
        assert venue.trader.address not in told
    answer = await venue.client.post("/v1/orders", json=venue.order(venue.trader), headers=other)
    assert code(answer) == "account_other"


def delegation(venue: Venue, owner: Signer, agent: Signer, **changes: Any) -> dict[str, Any]:
    """The body of a signed delegation."""
    now = venue.clock.at // NANOSECONDS_PER_SECOND
    given = {"account": owner.address, "agent": agent.address, "valid_from": str(now), "valid_until": str(now + 3_600)}
    given |= changes
    values = {
        "account": bytes.fromhex(given["account"][2:]), "agent": bytes.fromhex(given["agent"][2:]),
        "validFrom": int(given["valid_from"]), "validUntil": int(given["valid_until"]),
    }  # fmt: skip
    signature = owner.sign_typed(venue.market.domain, DELEGATION_TYPE, values)
    return given | {"name": "bot", "signature": "0x" + signature.hex()}


def by_agent(venue: Venue, agent: Signer, request: Any, message: TypedMessage) -> dict[str, Any]:
    """A request of somebody else's account, signed by an agent."""
    signature = agent.sign_typed(venue.market.domain, message.types, message.values)
    body: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(request, signature="0x" + signature.hex()))
    return body


def order_by_agent(venue: Venue, agent: Signer, **changes: Any) -> dict[str, Any]:
    """An order of the trader's account, signed by an agent."""
    request = msgspec.convert(venue.order(venue.trader, **changes), PlaceRequest)
    grid = venue.market.grid
    message = order_message(request, market=0, ticks=grid.ticks(request.price), lots=grid.lots(request.quantity))
    return by_agent(venue, agent, request, message)


async def test_an_agent_trades_and_never_withdraws(venue: Venue) -> None:
    assert code(await venue.post("/v1/orders", order_by_agent(venue, venue.stranger))) == "signer_mismatch"
    given = delegation(venue, venue.trader, venue.stranger)
    assert (await venue.post("/v1/agents", given)).status_code == 201
    order = order_by_agent(venue, venue.stranger)
    assert (await venue.post("/v1/orders", order)).status_code == 201
    every = CancelAllRequest(venue.trader.address, str(venue.clock.at + NANOSECONDS_PER_SECOND))
    body = by_agent(venue, venue.stranger, every, cancel_all_message(every, market=ALL_MARKETS))
    assert len((await venue.post("/v1/orders/cancel-all", body)).json()["order_ids"]) == 1
    expires = str(venue.clock.at + NANOSECONDS_PER_SECOND)
    away = WithdrawalRequest(venue.trader.address, 1, "1", venue.stranger.address, "901", expires)
    body = by_agent(venue, venue.stranger, away, withdrawal_message(away))
    assert code(await venue.post("/v1/withdrawals", body)) == "signer_mismatch"


async def test_the_journal_proves_an_agents_order_by_itself(venue: Venue) -> None:
    given = delegation(venue, venue.trader, venue.stranger)
    await venue.post("/v1/agents", given)
    order = order_by_agent(venue, venue.stranger)
    await venue.post("/v1/orders", order)
    frame = await anext(venue.gateway.inputs(venue.gateway.exchange.sequence))
    record = decode_records(frame.payload)[-1]
    signature, validity, owners = record.evidence[:65], record.evidence[65:81], record.evidence[81:]
    assert "0x" + signature.hex() == order["signature"]
    start, end = VALIDITY.unpack(validity)
    values = {"account": _bytes(venue.trader), "agent": _bytes(venue.stranger), "validFrom": start, "validUntil": end}
    assert recover_typed(venue.market.domain, DELEGATION_TYPE, values, owners) == venue.trader.address


async def test_a_revoked_or_expired_agent_is_refused_for_good(venue: Venue) -> None:
    await venue.post("/v1/agents", delegation(venue, venue.trader, venue.stranger))
    gone = f"/v1/account/agents/{venue.stranger.address}"
    assert (await venue.client.delete(gone, headers=await signed_in(venue, venue.trader))).status_code == 204
    assert code(await venue.post("/v1/orders", order_by_agent(venue, venue.stranger))) == "signer_mismatch"
    again = delegation(venue, venue.trader, venue.stranger, valid_until=str(venue.clock.at // 10**9 + 7_200))
    assert code(await venue.post("/v1/agents", again)) == "delegation_invalid"
    other = Signer(bytes([9]) * 32)
    await venue.post("/v1/agents", delegation(venue, venue.trader, other))
    venue.clock.at = Nanoseconds(venue.clock.at + 3_600 * NANOSECONDS_PER_SECOND)
    assert code(await venue.post("/v1/orders", order_by_agent(venue, other))) == "signer_mismatch"


async def test_a_delegation_of_somebody_else_or_without_end_is_refused(venue: Venue) -> None:
    stolen = delegation(venue, venue.stranger, venue.stranger, account=venue.trader.address)
    assert code(await venue.post("/v1/agents", stolen)) == "signer_mismatch"
    for until in (venue.clock.at // 10**9 + 181 * 86_400, venue.clock.at // 10**9):
        body = delegation(venue, venue.trader, venue.stranger, valid_until=str(until))
        assert code(await venue.post("/v1/agents", body)) == "delegation_invalid"


async def test_an_idempotency_key_makes_one_key_of_two_requests(venue: Venue) -> None:
    headers = await signed_in(venue, venue.trader) | {"idempotency-key": "once"}
    public = "0x" + Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    body = {"name": "bot", "public_key": public, "scopes": ["read"]}
    first = await venue.client.post("/v1/account/api-keys", json=body, headers=headers)
    again = await venue.client.post("/v1/account/api-keys", json=body, headers=headers)
    assert (again.status_code, again.json(), again.headers["idempotent-replayed"]) == (201, first.json(), "true")
    other = await venue.client.post("/v1/account/api-keys", json=body | {"name": "x"}, headers=headers)
    assert code(other) == "idempotency_key_reused"
    listed = (await venue.client.get("/v1/account/api-keys", headers=headers)).json()["items"]
    assert len(listed) == 1


async def test_usage_counts_what_an_account_called(venue: Venue) -> None:
    headers = await signed_in(venue, venue.trader)
    for path in ("/v1/account/balances", "/v1/account/balances", "/v1/account/fills?limit=0"):
        await venue.client.get(path, headers=headers)
    found = (await venue.client.get("/v1/account/usage", headers=headers)).json()["items"]
    counts = {one["route"]: (one["requests"], one["errors"]) for one in found}
    assert counts["GET /v1/account/balances"] == (2, 0)
    assert counts["GET /v1/account/fills"] == (1, 1)


async def test_a_quota_is_told_and_kept(venue: Venue) -> None:
    answers = [await venue.client.get("/v1/auth/nonce") for _ in range(61)]
    assert {answer.status_code for answer in answers[:60]} == {200}
    assert (code(answers[60]), answers[60].headers["ratelimit"].startswith('"auth";r=0')) == ("rate_limited", True)
    assert 1 <= int(answers[60].headers["retry-after"]) <= 10
    assert (await venue.client.get("/v1/time")).status_code == 200


async def test_pages_of_other_sites_change_nothing_and_nothing_rides_on_a_cookie(venue: Venue) -> None:
    headers = await signed_in(venue, venue.trader)
    evil = headers | {"origin": "https://evil.example"}
    assert code(await venue.client.post("/v1/auth/logout", headers=evil)) == "origin_refused"
    order = venue.order(venue.trader)
    plain = {"content-type": "text/plain"}
    assert code(await venue.client.post("/v1/orders", content=msgspec.json.encode(order), headers=plain)) == (
        "content_type_unsupported"
    )
    answer = await venue.client.get("/v1/account", headers=headers | {"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
    assert "set-cookie" not in answer.headers
    shared = await venue.client.get("/v1/account", headers=headers | {"origin": "http://localhost:3000"})
    assert shared.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert "access-control-allow-credentials" not in shared.headers


@pytest.mark.parametrize(("origin", "allowed"), [("http://localhost:3000", True), ("https://evil.example", False)])
async def test_a_browser_asks_before_it_lets_a_page_call(venue: Venue, origin: str, allowed: bool) -> None:
    asked = {"origin": origin, "access-control-request-method": "DELETE"}
    asked["access-control-request-headers"] = "authorization"
    answer = await venue.client.options("/v1/account/api-keys/x", headers=asked)
    assert (answer.headers.get("access-control-allow-origin") == origin) == allowed


async def test_requests_are_counted_by_path_and_status(venue: Venue) -> None:
    labels = {"method": "GET", "route": "/v1/markets/{symbol}", "status": "404"}
    before = REGISTRY.get_sample_value("stab3l_api_requests_total", labels) or 0
    await venue.client.get("/v1/markets/none")
    assert REGISTRY.get_sample_value("stab3l_api_requests_total", labels) == before + 1


@pytest.mark.parametrize("path", ["/", "/docs", "/v1/time", "/v1/nothing"])
async def test_nothing_can_be_framed_or_sniffed(venue: Venue, path: str) -> None:
    headers = (await venue.client.get(path)).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("DENY", "nosniff")


@pytest.mark.parametrize("path", ["/v1/orders", "/v1/auth/siwe", "/v1/agents"])
async def test_an_oversized_body_is_refused(venue: Venue, path: str) -> None:
    answer = await venue.client.post(path, content=b"[" * 20_000, headers={"content-type": "application/json"})
    assert (answer.status_code, code(answer)) == (413, "body_too_large")


def _bytes(signer: Signer) -> bytes:
    return bytes.fromhex(signer.address[2:])
