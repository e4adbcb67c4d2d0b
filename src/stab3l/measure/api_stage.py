"""What ``stab3l bench api`` measures: a real gateway and a real API process, two funded traders, signed orders.

The API process has one core for itself; gateway and load share the rest, so that a rate is a rate per core.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import msgspec
import psutil

from stab3l.api.answers import Markets
from stab3l.chain.signer import Signer
from stab3l.client.orders import ListedMarket, listed_market, order_to_sign, signature_of_all, signed_order
from stab3l.client.views import Batch, Operation
from stab3l.clock import SystemClock, monotonic_s
from stab3l.config import PRIMARY_CHAIN_ID, ChainConfig, MarketConfig, Network
from stab3l.engine.wire import (
    Deposit,
    Instruction,
    ListMarket,
    OrderType,
    Place,
    RegisterAsset,
    SelfTrade,
    Side,
    TimeInForce,
    encode,
    encode_batch,
)
from stab3l.errors import Unavailable
from stab3l.exchange.gateway_client import GatewayClient, operator_client
from stab3l.exchange.tokens import ensure_tokens
from stab3l.measure.gateway import free_port

SYMBOL: Final = "sSTB-USDC"
SSTB, USDC, CUSTODY = (f"0x{digit * 40}" for digit in "abc")
FUNDS: Final = 10**15
"""Whole tokens: nobody runs short while measuring."""
START_WITHIN_S: Final = 120
SETTINGS: Final = {
    "STAB3L_EXCHANGE_DURABILITY": "page_cache",
    "STAB3L_LOG_LEVEL": "error",
    "STAB3L_API_RATE_FACTOR": "0",
}
SOCKETS_MAX: Final = 8_192
LIFE_NS: Final = 3_600 * 10**9
BATCH: Final = 50
"""Orders under one signature."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """The running processes and what it takes to load them."""

    network: Network
    gateway: GatewayClient
    url: str
    streams: tuple[str, int]
    """Where its stream port listens."""
    api: psutil.Process
    market: ListedMarket
    traders: tuple[Signer, Signer]
    core: str

    @property
    def address(self) -> tuple[str, int]:
        """Where the API listens."""
        host, port = self.url.removeprefix("http://").split(":")
        return host, int(port)


@asynccontextmanager
async def stage(home: Path, prepare: Callable[[Path], Awaitable[None]] | None = None) -> AsyncIterator[Stage]:
    """Starts gateway and API in an empty home, lists one market, funds two traders. ``prepare``: before they start.

    Raises:
        Unavailable: one of them did not start.
    """
    network = _network(home)
    _allow_many_sockets()
    if prepare is not None:
        await prepare(home / "index.sqlite")
    cores = sorted(os.sched_getaffinity(0))
    traders = (Signer(b"\x01" * 32), Signer(b"\x02" * 32))
    streams = ("127.0.0.1", free_port())
    environment = {**os.environ, **SETTINGS, "STAB3L_API_STREAM_PORT": str(streams[1])}
    ensure_tokens(home)
    exchange = _process(home, "gateway", ["exchange", "serve"], environment, cores[1:] or cores)
    async with exchange, operator_client(home, network.gateway) as gateway:
        await _until(gateway.status, "the gateway")
        await gateway.submit(_listing(network.markets[0]))
        await gateway.submit(_deposits(*traders))
        port = network.api_url.rpartition(":")[2]
        api = ["api", "serve", "--port", port]
        async with _process(home, "api", api, environment, cores[:1]) as process, httpx.AsyncClient() as http:
            answer = await _until(lambda: http.get(f"{network.api_url}/v1/markets"), "the API")
            listed = listed_market(_markets(answer.content), SYMBOL)
            if len(cores) > 1:
                os.sched_setaffinity(0, cores[1:])
            core = f"API on one core of {len(cores)}, gateway (journal: page_cache) and load on the rest"
            try:
                yield Stage(network, gateway, network.api_url, streams, process, listed, traders, core)
            finally:
                os.sched_setaffinity(0, cores)


def unsigned_order(account: int, client_id: int, side: Side, ticks: int) -> bytes:
    """A limit order for one lot, as the operator's own connection may send it."""
    expires = SystemClock().now() + LIFE_NS
    place = Place(
        account, 0, client_id, expires, ticks, 1, side, OrderType.LIMIT, TimeInForce.GTC,
        Instruction(0), SelfTrade.NONE, 0, 0, 0,
    )  # fmt: skip
    return encode(place, bytes(65))


def signed_bodies(at: Stage, count: int, first_id: int) -> Iterator[bytes]:
    """Bodies of orders that trade with each other: one sells, the other buys, at one price."""
    now = SystemClock().now()
    for number in range(count):
        side = "sell" if number % 2 == 0 else "buy"
        yield msgspec.json.encode(
            signed_order(
                at.traders[number % 2],
                at.market,
                side="sell" if side == "sell" else "buy",
                price="0.06",
                quantity="0.01",
                client_id=first_id + number,
                now=now,
                life_ns=LIFE_NS,
            )
        )


def signed_batches(at: Stage, count: int, first_id: int) -> Iterator[bytes]:
    """Bodies of batches of `BATCH` orders under one signature each; those of one trader trade with the other's."""
    expires_at = SystemClock().now() + LIFE_NS
    for number in range(count // BATCH):
        signer, requests, messages = at.traders[number % 2], [], []
        for place in range(BATCH):
            request, message = order_to_sign(
                signer.address,
                at.market,
                side="sell" if number % 2 == 0 else "buy",
                price="0.06",
                quantity="0.01",
                client_id=first_id + number * BATCH + place,
                expires_at=expires_at,
            )
            requests.append(Operation("place", request))
            messages.append(message)
        yield msgspec.json.encode(Batch(requests, signature_of_all(signer, at.market.domain, messages)))


@asynccontextmanager
async def _process(
    home: Path, name: str, arguments: list[str], environment: dict[str, str], cores: list[int]
) -> AsyncIterator[psutil.Process]:
    command = [sys.executable, "-m", "stab3l", *arguments, "--home", str(home)]
    with (home / f"{name}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=log, stderr=log)
    handle = psutil.Process(process.pid)
    handle.cpu_affinity(cores)
    try:
        yield handle
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _until(answered: Callable[[], object], what: str) -> httpx.Response:
    deadline = monotonic_s() + START_WITHIN_S
    while monotonic_s() < deadline:
        try:
            answer: httpx.Response = await answered()  # type: ignore[misc]
            if not isinstance(answer, httpx.Response) or answer.is_success:
                return answer
        except (Unavailable, httpx.TransportError):
            pass
        await asyncio.sleep(0.1)
    raise Unavailable(f"{what} to be measured did not start")


def _allow_many_sockets() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = SOCKETS_MAX if hard == resource.RLIM_INFINITY else min(SOCKETS_MAX, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def _markets(content: bytes) -> Markets:
    return msgspec.json.decode(content, type=Markets)


def _network(home: Path) -> Network:
    chain = ChainConfig(
        chain_id=PRIMARY_CHAIN_ID,
        name="primary",
        rpc_url="http://127.0.0.1:1",
        confirmations=1,
        block_seconds=1,
        deploy_block=0,
        contracts={"Custody": CUSTODY, "sSTBToken": SSTB, "USDC": USDC},
    )
    market = MarketConfig(
        symbol=SYMBOL,
        base=(PRIMARY_CHAIN_ID, SSTB),
        quote=(PRIMARY_CHAIN_ID, USDC),
        lot=10**16,
        tick=1,
        maker_fee_ppm=500,
        taker_fee_ppm=2_500,
        max_lots=10**9,
    )
    network = Network(
        chains=(chain,),
        markets=(market,),
        gateway=f"127.0.0.1:{free_port()}",
        api_url=f"http://127.0.0.1:{free_port()}",
        verifier_urls=(),
        provider_url="http://127.0.0.1:1",
        database_url=f"sqlite:///{home / 'index.sqlite'}",
    )
    home.mkdir(parents=True)
    (home / "network.json").write_text(network.model_dump_json())
    return network


def _listing(market: MarketConfig) -> bytes:
    assets = [RegisterAsset(PRIMARY_CHAIN_ID, bytes.fromhex(token[2:]), d) for token, d in ((SSTB, 18), (USDC, 6))]
    fees = (market.maker_fee_ppm, market.taker_fee_ppm)
    return encode_batch([*assets, ListMarket(0, 1, market.lot, market.tick, *fees, market.max_lots)])


def _deposits(*owners: Signer) -> bytes:
    made: list[Deposit] = []
    for owner in owners:
        for asset, amount in ((0, FUNDS * 10**18), (1, FUNDS * 10**6)):
            address = bytes.fromhex(owner.address[2:])
            made.append(Deposit(PRIMARY_CHAIN_ID, len(made) + 1, asset, 0, address, amount, bytes(32)))
    return encode_batch(made)
