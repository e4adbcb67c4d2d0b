"""An API around the reference exchange, in memory or served over loopback."""

from __future__ import annotations

import asyncio
import socket as sockets
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))

from api_venue import Venue, opened

from stab3l.api.serve import granian_server
from stab3l.client.rest import RestClient


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    async with opened() as venue:
        yield venue


@pytest.fixture
async def url(venue: Venue) -> AsyncIterator[str]:
    """The venue's API on a free port."""
    with sockets.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = granian_server(venue.app, "127.0.0.1", port)
    serving = asyncio.create_task(server.serve())
    url = f"http://127.0.0.1:{port}"
    async with RestClient(url) as client:
        await client.status()
    yield url
    server.stop()
    await serving
