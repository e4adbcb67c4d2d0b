"""A gateway process shared by a module's tests, or one of a test's own."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))

from exchange_setting import Setting
from gateway_process import GatewayProcess

from stab3l.exchange.gateway_client import GatewayClient


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
async def one_event_loop(anyio_backend: str) -> AsyncIterator[None]:
    """gRPC keeps one poller for the whole process, which must not meet the closed event loop of an earlier test."""
    yield  # noqa: PT022


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """Shared by the tests of a module."""
    with GatewayProcess(tmp_path_factory.mktemp("exchange") / "home") as process:
        yield process


@pytest.fixture
def fresh_gateway(tmp_path: Path) -> Iterator[GatewayProcess]:
    """One test's own, with an empty engine."""
    with GatewayProcess(tmp_path / "home") as process:
        yield process


@pytest.fixture
async def operator(gateway: GatewayProcess) -> AsyncIterator[GatewayClient]:
    async with gateway.operator() as client:
        yield client


@pytest.fixture
async def trader(gateway: GatewayProcess) -> AsyncIterator[GatewayClient]:
    async with gateway.trader() as client:
        yield client


@pytest.fixture(scope="module")
async def setting(gateway: GatewayProcess) -> Setting:
    """A listed market and two rich users, shared by the tests of a module."""
    async with gateway.operator() as client:
        return await Setting.made(client)
