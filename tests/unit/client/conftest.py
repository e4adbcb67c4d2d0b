"""The client against an API around the reference exchange."""

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
    async with served(venue) as url:
        yield url
