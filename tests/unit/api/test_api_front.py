"""The short way to endpoints of fixed paths: it answers just as the way through the application's router."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from api_venue import Venue
from litestar import Litestar

from stab3l.api import front
from stab3l.api.app import ENDPOINTS
from stab3l.api.endpoints import Endpoint

pytestmark = pytest.mark.anyio
ORIGIN = {"Origin": "http://localhost:3000"}
FIXED = [one for one in ENDPOINTS if "{" not in one.path]
DRAWN = ("/v1/auth/nonce", "/v1/auth/passkey/options")
"""Paths whose answers are drawn, or depend on the page that asks."""
CHANGING = ("date", "x-request-id", "ratelimit", "vary", "server")
"""Headers that differ from one request to the next, or say that a page of another origin asked."""


def told(answer: httpx.Response) -> tuple[int, dict[str, str]]:
    """Status and headers, without those that differ in any case."""
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name not in CHANGING and not name.startswith("access-control")
    }
    return answer.status_code, headers


async def both(venue: Venue, method: str, path: str, **options: Any) -> tuple[httpx.Response, httpx.Response]:
    """The answers by the short and by the long way."""
    sent = dict(options.pop("headers", {}))
    short = await venue.client.request(method, path, headers=sent, **options)
    long = await venue.client.request(method, path, headers=sent | ORIGIN, **options)
    return short, long


@pytest.fixture
def routed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that the router was asked for."""
    asked: list[str] = []
    plain = Litestar.__call__

    async def counted(self: Litestar, scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        await plain(self, scope, receive, send)

    monkeypatch.setattr(Litestar, "__call__", counted)
    return asked


@pytest.mark.parametrize("endpoint", FIXED, ids=lambda one: f"{one.method} {one.path}")
async def test_both_ways_answer_alike(venue: Venue, routed: list[str], endpoint: Endpoint) -> None:
    short, long = await both(venue, endpoint.method, endpoint.path)
    assert routed == [endpoint.path]
    if endpoint.path in DRAWN:
        for one in (short, long):
            assert int(one.headers.pop("content-length")) == len(one.content)
    else:
        assert short.content == long.content
    assert told(short) == told(long)


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({"content-type": "application/json"}, b"{"),
        ({"content-type": "application/json"}, b"{}"),
        ({"content-type": "application/json"}, b"[" * 20_000),
        ({"content-type": "application/json", "content-length": "0"}, b""),
        ({"content-type": "text/plain"}, b"{}"),
        ({"content-type": "application/json", "authorization": "Bearer no"}, b"{}"),
        ({"content-type": "application/json", "content-length": "9" * 30}, b"{}"),
    ],
)
async def test_both_ways_refuse_alike(venue: Venue, headers: dict[str, str], content: bytes) -> None:
    short, long = await both(venue, "POST", "/v1/orders", headers=headers, content=content)
    assert short.status_code >= 400
    assert told(short) == told(long)
    assert short.json() == long.json()


async def test_an_order_is_taken_once_whichever_way_it_comes(venue: Venue) -> None:
    short, long = await both(venue, "POST", "/v1/orders", json=venue.order(venue.maker))
    assert (short.status_code, long.status_code) == (201, 200)
    assert short.json()["order_id"] == long.json()["order_id"]
    assert short.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/orders", {"host": "a b"}, 400),
        ("/v1/orders/", {}, 415),
        ("/v1/time", {}, 405),
    ],
)
async def test_what_needs_the_routers_judgement_gets_it(
    venue: Venue, routed: list[str], path: str, headers: dict[str, str], status: int
) -> None:
    answer = await venue.client.post(path, headers=headers)
    assert routed == [path]
    assert answer.status_code == status


async def test_a_body_in_many_pieces_is_read_whole(venue: Venue, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[str] = []
    plain = front.serve_endpoint

    async def counted(endpoint: Endpoint, *others: Any) -> Any:
        served.append(endpoint.path)
        return await plain(endpoint, *others)

    monkeypatch.setattr(front, "serve_endpoint", counted)

    async def pieces(body: bytes) -> AsyncIterator[bytes]:
        for at in range(0, len(body), 100):
            yield body[at : at + 100]

    async with httpx.AsyncClient(base_url=url, headers={"content-type": "application/json"}) as client:
        for announced in (True, False):
            body = json.dumps(venue.order(venue.maker)).encode()
            length = {"content-length": str(len(body))} if announced else {}
            answer = await client.post("/v1/orders", content=pieces(body), headers=length)
            assert answer.status_code == 201, answer.text
        too_much = await client.post("/v1/orders", content=pieces(b" " * 20_000))
        assert (too_much.status_code, too_much.json()["code"]) == (413, "body_too_large")
        assert (await client.get("/v1/time")).status_code == 200
    assert served == ["/v1/orders"] * 3 + ["/v1/time"]
