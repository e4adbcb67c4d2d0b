"""``stab3l bench api``: orders over REST, WebSocket and gRPC to the journal, fan-out, queries, console, and peers."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import uvloop

from stab3l.clock import monotonic_s
from stab3l.engine.wire import Side
from stab3l.errors import Unavailable
from stab3l.exchange.gateway_client import GatewayClient
from stab3l.measure.api_console import console
from stab3l.measure.api_fanout import fanout
from stab3l.measure.api_load import (
    Connection,
    HttpConnection,
    SocketConnection,
    Told,
    close,
    closed,
    connected,
    http_request,
    opened,
    socket_frame,
)
from stab3l.measure.api_past import build, latencies
from stab3l.measure.api_stage import BATCH as ORDERS_A_BATCH
from stab3l.measure.api_stage import SYMBOL, Stage, signed_batches, signed_bodies, stage, unsigned_order
from stab3l.measure.gateway import free_port
from stab3l.measure.peers import python_of
from stab3l.measure.report import Result, document

METHOD: Final = (
    "throughput in closed loop, from the client's send to the answer that the order is in the journal, the median of "
    "rounds; latency in open loop at half of that rate, from each request's scheduled time; every order is signed "
    "(EIP-712), alone or with its batch, checked, sequenced and journaled before it counts, and half of them trade; "
    "orders_per_core_s leaves out the load generator and the gateway, which are processes of their own"
)
PER_CORE: Final = (
    "orders / (user + system seconds of the API process, all its threads, in all rounds of the closed loop)"
)
PEERS: Final = {
    "fastapi_uvicorn": ("fastapi==0.121.3", "uvicorn[standard]==0.38.0"),
    "granian": (),
}
PROGRAMS: Final = Path(__file__).parents[3] / "bench" / "peers" / "api"
BATCH: Final = 50
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Way:
    """How orders are entered: ``orders`` in a request, ``window`` requests under way on each of ``connections``."""

    name: str
    orders: int
    connections: int
    window: int
    told: str

    async def connect(self, at: Stage) -> list[Connection]:
        """Fresh connections."""
        if self.window == 1:
            return await connected(HttpConnection, at.address, self.connections)
        return await connected(SocketConnection, at.streams, self.connections)

    def requests(self, at: Stage, count: int, first_id: int) -> list[bytes]:
        """Requests with ``count`` orders in all, signed."""
        if self.window == 1:
            return [http_request("/v1/orders", body) for body in signed_bodies(at, count, first_id)]
        operation, bodies = "place", signed_bodies(at, count, first_id)
        if self.orders > 1:
            operation, bodies = "batch", signed_batches(at, count, first_id)
        return [
            socket_frame(b'{"id":%d,"op":"%s","request":%s}' % (number, operation.encode(), body))
            for number, body in enumerate(bodies, 1)
        ]


REST: Final = Way("rest", 1, 64, 1, "one order a request, 64 connections")
SINGLE: Final = Way(
    "ws.single", 1, 8, 64, "one order and signature a message; 8 sockets of the stream port, 64 under way each"
)
SOCKET: Final = Way(
    "ws",
    ORDERS_A_BATCH,
    8,
    4,
    f"{ORDERS_A_BATCH} orders and one signature a message; 8 sockets of the stream port, 4 under way each",
)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured; the whole takes under four minutes."""

    rest_orders: int = 12_000
    single_orders: int = 20_000
    socket_orders: int = 100_000
    grpc_orders: int = 200_000
    sockets: int = 1_000
    fanout_s: float = 8.0
    trades: int = 10_000_000
    build_s: int = 45
    queries: int = 300
    rounds: int = 3
    loads: int = 9


QUICK: Final = Scale(1_500, 2_000, 10_000, 20_000, 100, 2.0, 100_000, 5, 50, 1, 2)


def measure(scale: Scale, say: Say) -> dict[str, Any]:
    """Everything, as one JSON object. Raises `Unavailable` when a process does not start or refuses orders."""
    with TemporaryDirectory(prefix="stab3l-bench-") as folder:
        return document(METHOD, uvloop.run(_measure(scale, Path(folder), say)))


async def _measure(scale: Scale, folder: Path, say: Say) -> list[Result]:
    numbers, found, past = itertools.count(1), list[Result](), [0, 0.0]

    async def prepare(file: Path) -> None:
        begun = monotonic_s()
        past[:] = await build(file, scale.trades, scale.build_s, say), monotonic_s() - begun

    async with stage(folder / "home", prepare) as at:
        for way, count in ((REST, scale.rest_orders), (SINGLE, scale.single_orders), (SOCKET, scale.socket_orders)):
            found += await _orders(at, way, count, scale.rounds, numbers, say)
        found += await _grpc(at, scale, numbers, say)
        found += await _fanout(at, scale, numbers, say)
        say("queries")
        owner = at.traders[0].address
        found += await latencies(at.address, SYMBOL, owner, scale.queries, int(past[0]), past[1])
        found += await console(at, next(numbers) * 1_000_000, scale.loads, say)
    for name, requirements in PEERS.items():
        say(f"peer: {name}")
        found.append(await _peer(name, requirements, scale))
    return found


async def _orders(at: Stage, way: Way, count: int, rounds: int, numbers: Any, say: Say) -> list[Result]:
    """Closed loop for the rate and the processor time, open loop at half of that rate for the latency."""
    told, spent = [], 0.0
    for number in range(1, rounds + 1):
        say(f"{way.name}: signing {count} orders")
        requests = way.requests(at, count, next(numbers) * 1_000_000)
        connections = await way.connect(at)
        say(f"{way.name}: round {number}/{rounds}")
        before = sum(at.api.cpu_times()[:2])
        told.append(await closed(connections, requests, way.window))
        spent += sum(at.api.cpu_times()[:2]) - before
        close(connections)
    rate = int(statistics.median(one.rate for one in told) * way.orders)
    requests = way.requests(at, count // 3, next(numbers) * 1_000_000)
    connections = await way.connect(at)
    say(f"{way.name}: open loop at {rate // 2}/s")
    late = await opened(connections, requests, max(rate // 2 // way.orders, 1), pipelined=way.window > 1)
    close(connections)
    per_core = int(count * rounds / spent)
    busy = f"the API's core {100 * rate // per_core} % busy"
    return [
        Result(f"api.{way.name}.orders_per_s", rate, "1/s", f"{way.told}; {at.core}; {busy}"),
        Result(f"api.{way.name}.orders_per_core_s", per_core, "1/s", f"{way.told}; {PER_CORE}"),
        *_quantiles(f"api.{way.name}", late, f"{way.told}; {at.core}; {rate // 2} orders/s"),
    ]


def _quantiles(name: str, told: Told, conditions: str) -> list[Result]:
    return [Result(f"{name}.p{p}_us", told.quantile_us(p * 10), "us", conditions) for p in (50, 99)]


async def _fanout(at: Stage, scale: Scale, numbers: Any, say: Say) -> list[Result]:
    accounts = await _accounts(at)

    def orders(count: int) -> list[bytes]:
        return _batches(accounts, count, next(numbers) * 1_000_000, size=1)

    return await fanout(at, scale.sockets, scale.fanout_s, orders, say)


async def _accounts(at: Stage) -> list[int]:
    return [int(await at.gateway.account_of(bytes.fromhex(one.address[2:])) or 0) for one in at.traders]


async def _grpc(at: Stage, scale: Scale, numbers: Any, say: Say) -> list[Result]:
    say("grpc")
    accounts = await _accounts(at)
    batches = _batches(accounts, scale.grpc_orders, next(numbers) * 1_000_000)
    begun = time.perf_counter()
    await _submit_all(at.gateway, batches, 32)
    rate = int(scale.grpc_orders / (time.perf_counter() - begun))
    single = _batches(accounts, min(scale.grpc_orders // 40, 5_000), next(numbers) * 1_000_000, size=1)
    late = await _submit_opened(at.gateway, single, 1_000)
    conditions = "unsigned, one client without the API; journal: page_cache"
    return [
        Result("api.grpc.orders_per_s", rate, "1/s", f"{conditions}; batches of {BATCH}, 32 under way"),
        *_quantiles("api.grpc", late, f"{conditions}; one order a batch, 1000 orders/s"),
    ]


def _batches(accounts: list[int], count: int, first_id: int, size: int = BATCH) -> list[bytes]:
    records = [
        unsigned_order(accounts[number % 2], first_id + number, Side.SELL if number % 2 == 0 else Side.BUY, 600)
        for number in range(count)
    ]
    return [b"".join(records[at : at + size]) for at in range(0, count, size)]


async def _submit_all(gateway: GatewayClient, batches: list[bytes], window: int) -> None:
    room = asyncio.Semaphore(window)

    async def send(batch: bytes) -> None:
        async with room:
            await gateway.submit(batch)

    async with asyncio.TaskGroup() as tasks:
        for batch in batches:
            tasks.create_task(send(batch))


async def _submit_opened(gateway: GatewayClient, batches: list[bytes], rate: int) -> Told:
    latencies: list[int] = []

    async def send(batch: bytes, due: int) -> None:
        await gateway.submit(batch)
        latencies.append(time.perf_counter_ns() - due)

    begun = time.perf_counter_ns()
    async with asyncio.TaskGroup() as tasks:
        for number, batch in enumerate(batches):
            due = begun + number * 10**9 // rate
            await asyncio.sleep(max(due - time.perf_counter_ns(), 0) / 10**9)
            tasks.create_task(send(batch, due))
    return Told(len(batches), (time.perf_counter_ns() - begun) / 10**9, latencies)


async def _peer(name: str, requirements: tuple[str, ...], scale: Scale) -> Result:
    python = await asyncio.to_thread(python_of, name, requirements, lambda _: None)
    async with _served(name, python) as address:
        body = b'{"account":"0x0","market":"sSTB-USDC","side":"buy","price":"0.06","quantity":"1","client_id":"1"}'
        rates = []
        for _ in range(scale.rounds):
            connections = await connected(HttpConnection, address, 64)
            told = await closed(connections, [http_request("/echo", body)] * scale.rest_orders, 1)
            rates.append(told.rate)
            close(connections)
    conditions = "one worker on one core: JSON in, validated, JSON out; no signature, no journal"
    return Result(f"peer.{name}.requests_per_s", int(statistics.median(rates)), "1/s", conditions)


@asynccontextmanager
async def _served(name: str, python: Path) -> AsyncIterator[tuple[str, int]]:
    port = free_port()
    command = [str(python), str(PROGRAMS / f"{name}.py"), str(port)]
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdout=quiet, stderr=quiet)
    try:
        for _ in range(200):
            try:
                connections = await connected(HttpConnection, ("127.0.0.1", port), 1)
                close(connections)
                break
            except OSError:
                await asyncio.sleep(0.05)
        else:
            raise Unavailable(f"the peer {name} did not start", peer=name)
        yield "127.0.0.1", port
    finally:
        process.terminate()
        await process.wait()
