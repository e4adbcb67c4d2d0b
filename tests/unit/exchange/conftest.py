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


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayProcess]:
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


@pytest.fixture
async def setting(operator: GatewayClient) -> Setting:
    return await Setting.made(operator)
