"""Where a process listens is read strictly, and is its own; connections that stand still are ended."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import psutil
import pytest

from stab3l.errors import Unavailable
from stab3l.http import listening
from stab3l.http.server import AddressInvalid, granian_server, listening_address


def test_host_and_port_come_from_the_url() -> None:
    assert listening_address("http://127.0.0.1:8123") == ("127.0.0.1", 8123)
    assert listening_address("http://[::1]:8123/") == ("::1", 8123)


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:80", "http://127.0.0.1", "https://x:1", "http://:80", "http://x:99999", "http://[::1:1"]
)
def test_a_url_without_an_address_is_refused(url: str) -> None:
    with pytest.raises(AddressInvalid):
        listening_address(url)


def test_a_port_that_another_has_is_not_shared() -> None:
    with listening.listening_socket("127.0.0.1", 0) as first, pytest.raises(Unavailable, match="in use"):
        granian_server(None, *first.getsockname())


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(Unavailable, match=r"192\.0\.2\.1"):
        listening.listening_socket("192.0.2.1", 0)


async def endless(scope: Any, receive: Any, send: Any) -> None:
    """Sends until nobody takes it."""
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    while True:
        async with asyncio.timeout(1):
            await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_whoever_takes_nothing_does_not_keep_the_connection(
    anyio_backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "UNTAKEN_MS", 1_000)
    server = granian_server(endless, "127.0.0.1", 0)
    serving = asyncio.create_task(server.serve())
    with socket.create_connection(("127.0.0.1", server.port)) as sleeper:
        sleeper.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await asyncio.to_thread(sleeper.recv, 1)
        async with asyncio.timeout(60):
            while connections_to(server.port):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    server.stop()
    async with asyncio.timeout(60):
        await serving


def connections_to(port: int) -> int:
    """How many a server of this process has."""
    open_ones = psutil.Process().net_connections("tcp")
    return sum(one.laddr.port == port and one.status == psutil.CONN_ESTABLISHED for one in open_ones)
