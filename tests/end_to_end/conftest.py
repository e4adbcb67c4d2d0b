"""What all of these tests share: one event loop for gRPC, and the deployed contracts."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from deployed_chain import Deployments


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
async def one_event_loop(anyio_backend: str) -> AsyncIterator[None]:
    """gRPC keeps one poller for the whole process, which must not meet the closed event loop of an earlier test."""
    yield  # noqa: PT022


@pytest.fixture(scope="session")
def deployments(tmp_path_factory: pytest.TempPathFactory) -> Deployments:
    """The contracts on each chain, deployed once for all tests of the session."""
    return Deployments.in_folder(tmp_path_factory.mktemp("deployments"))
