"""The databases that the store is tested on: SQLite, and PostgreSQL where this machine has one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))

from chain_postgres import Postgres, installed


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with Postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(params=["sqlite", *(["postgresql"] if installed() else [])])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh, empty database on every kind that this machine has."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'read.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.fresh_database()
