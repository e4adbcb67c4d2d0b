"""Clients that send slowly or nothing: they are cut, and hold up nobody."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from api_venue import Venue, served

from stab3l.api import reading
from stab3l.http import server

pytestmark = pytest.mark.anyio


async def opened(url: str, text: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which this much was sent."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(text)
    await writer.drain()
    return reader, writer


async def test_headers_that_do_not_come_end_the_connection(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEADER_TIMEOUT_MS", 300)
    async with served(venue) as url, httpx.AsyncClient(base_url=url) as client:
        sleepers = [await opened(url, b"GET /v1/time HTTP/1.1\r\nHost: x\r\nX-Slow: ") for _ in range(20)]
        assert (await client.get("/v1/time")).status_code == 200
        async with asyncio.timeout(60):
            for reader, writer in sleepers:
                assert b"200" not in await reader.read()
                writer.close()


async def test_a_body_that_does_not_come_is_answered_without_it(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BODY_S", 0.2)
    head = b"POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"
    async with served(venue) as url, httpx.AsyncClient(base_url=url) as client:
        reader, writer = await opened(url, head)
        assert (await client.get("/v1/time")).status_code == 200
        async with asyncio.timeout(60):
            assert b"408" in await reader.readline()
        writer.close()
