"""An API around the reference exchange, in memory or served over loopback."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))

from api_venue import Venue, opened, served


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
    async with served(venue) as url:
        yield url
