"""A fake chain with the system's contracts, and an empty read model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from watched_chain import WatchedChain

from stab3l.store.database import Database, open_database


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with await open_database(f"sqlite:///{tmp_path / 'read.db'}") as database:
        yield database


@pytest.fixture
def watched() -> WatchedChain:
    return WatchedChain()
