"""The gateway from outside: a real process, a real client, batches over gRPC on loopback."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from stab3l.config import Network
from stab3l.errors import Unavailable
from stab3l.exchange.gateway_client import GatewayClient, GatewayUnavailable, operator_client
from stab3l.measure.flow import Batches
from stab3l.measure.report import Result

UNDER_WAY: Final = 32
START_WITHIN_S: Final = 60


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _network(home: Path) -> Network:
    """A network of nothing but a gateway on a free port, described in its home."""
    nowhere = "http://127.0.0.1:1"
    network = Network(
        chains=(),
        markets=(),
        gateway=f"127.0.0.1:{free_port()}",
        api_url=nowhere,
        verifier_urls=(),
        provider_url=nowhere,
        database_url="sqlite://",
    )
    home.mkdir(parents=True)
    (home / "network.json").write_text(network.model_dump_json())
    return network


@asynccontextmanager
async def _gateway(home: Path, durability: str) -> AsyncIterator[GatewayClient]:
    """A gateway process, and a client of it."""
    network = _network(home)
    environment = {**os.environ, "STAB3L_EXCHANGE_DURABILITY": durability}
    with (home / "gateway.log").open("wb") as log:
        command = (sys.executable, "-m", "stab3l", "exchange", "serve", "--home", str(home))
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=log, stderr=log)
    try:
        await _listening(network.gateway, process)
        async with operator_client(home, network.gateway) as client:
            yield client
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _listening(address: str, process: asyncio.subprocess.Process) -> None:
    host, port = address.split(":")
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline and process.returncode is None:
        try:
            _, writer = await asyncio.open_connection(host, int(port))
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise Unavailable("the gateway to be measured did not start")


async def _send_all(client: GatewayClient, batches: list[bytes]) -> None:
    """Submits batches in order, with as many under way as a careful client has."""
    room = asyncio.Semaphore(UNDER_WAY)

    async def send(batch: bytes) -> None:
        try:
            await client.submit(batch)
        finally:
            room.release()

    async with asyncio.TaskGroup() as tasks:
        for batch in batches:
            await room.acquire()
            tasks.create_task(send(batch))


async def orders_per_second(home: Path, flow: Batches, size: int, durability: str) -> Result:
    """Messages a second through the gateway with one client. Raises `Unavailable` when they were not all sequenced."""
    async with _gateway(home, durability) as client:
        await _send_all(client, flow.opening)
        before = (await client.status()).sequence
        begun = time.perf_counter_ns()
        await _send_all(client, flow.measured)
        took = time.perf_counter_ns() - begun
        after = (await client.status()).sequence
    if after - before != flow.messages:
        raise GatewayUnavailable(f"{flow.messages} messages were sent and {after - before} sequenced")
    name = "engine.gateway.orders_per_s" if durability == "page_cache" else "engine.gateway_fdatasync.orders_per_s"
    conditions = f"one gRPC client on loopback, batches of {size}, {UNDER_WAY} under way, {durability}, hash chains"
    return Result(name, flow.messages * 10**9 // took, "1/s", conditions)
