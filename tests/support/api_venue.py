"""An API around the reference exchange: one market, two funded traders, a stranger without an account."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
from litestar import Litestar

from stab3l.api.answers import Markets
from stab3l.api.app import create_app
from stab3l.api.desk import Desk
from stab3l.api.serve import granian_server
from stab3l.chain.signer import Signer
from stab3l.client import AsyncClient
from stab3l.client.orders import ListedMarket, listed_market, signed_order
from stab3l.config import PRIMARY_CHAIN_ID, ChainConfig, MarketConfig, Network
from stab3l.engine.wire import Deposit, ListMarket, RegisterAsset, Seal, encode, encode_batch
from stab3l.testing.gateway import ReferenceGateway
from stab3l.testing.history import GivenHistory
from stab3l.units import Nanoseconds

SSTB, USDC, CUSTODY = (f"0x{digit * 40}" for digit in "abc")
SYMBOL = "sSTB-USDC"
START = Nanoseconds(1_800_000_000 * 10**9)
DEPOSIT_SSTB, DEPOSIT_USDC = 10_000 * 10**18, 10_000 * 10**6


@dataclass(slots=True)
class HandClock:
    """A clock that is set by hand."""

    at: Nanoseconds = START

    def now(self) -> Nanoseconds:
        """The time that was set."""
        return self.at


def network() -> Network:
    """One chain, one market: 0.01 sSTB per lot, 0.0001 USDC per sSTB and tick."""
    contracts = {"Custody": CUSTODY, "sSTBToken": SSTB, "USDC": USDC}
    chain = ChainConfig(
        chain_id=PRIMARY_CHAIN_ID,
        name="primary",
        rpc_url="http://127.0.0.1:1",
        confirmations=1,
        block_seconds=1,
        deploy_block=0,
        contracts=contracts,
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
    return Network(
        chains=(chain,),
        markets=(market,),
        gateway="127.0.0.1:1",
        api_url="http://127.0.0.1:1",
        verifier_urls=(),
        provider_url="http://127.0.0.1:1",
        database_url="sqlite+aiosqlite://",
    )


@dataclass
class Venue:
    """The API under test and what the test holds of it."""

    gateway: ReferenceGateway
    history: GivenHistory
    clock: HandClock
    desk: Desk
    app: Litestar
    client: httpx.AsyncClient
    maker: Signer
    trader: Signer
    stranger: Signer
    market: ListedMarket
    transport: httpx.ASGITransport
    client_ids: dict[str, int] = field(default_factory=dict)

    def order(self, signer: Signer, **changes: Any) -> dict[str, Any]:
        """The body of a signed order: 1 sSTB at 0.06 unless changed before signing."""
        used = self.client_ids[signer.address] = self.client_ids.get(signer.address, 0) + 1
        given = {"side": "buy", "price": "0.06", "quantity": "1", "client_id": used, "now": self.clock.at} | changes
        body: dict[str, Any] = msgspec.to_builtins(signed_order(signer, self.market, **given))
        return body

    async def post(self, path: str, body: Any) -> httpx.Response:
        """Posts a JSON body."""
        return await self.client.post(path, json=body)

    async def place(self, signer: Signer, **changes: Any) -> dict[str, Any]:
        """Places an order that is taken."""
        answer = await self.post("/v1/orders", self.order(signer, **changes))
        assert answer.status_code == 201, answer.text
        placed: dict[str, Any] = answer.json()
        return placed

    async def balances(self, signer: Signer) -> dict[str, tuple[int, int]]:
        """(available, held) by symbol."""
        account = (await self.client.get(f"/v1/accounts/{signer.address}")).json()
        return {one["symbol"]: (int(one["available"]), int(one["held"])) for one in account["balances"]}

    async def seal(self) -> None:
        """Closes a block."""
        await self.gateway.submit(encode(Seal()))


def listing() -> bytes:
    """Registers the assets and lists the market."""
    setting = network().markets[0]
    assets = [RegisterAsset(PRIMARY_CHAIN_ID, bytes.fromhex(token[2:]), d) for token, d in ((SSTB, 18), (USDC, 6))]
    market = ListMarket(0, 1, setting.lot, setting.tick, setting.maker_fee_ppm, setting.taker_fee_ppm, setting.max_lots)
    return encode_batch([*assets, market])


def deposits(*owners: Signer) -> bytes:
    """Both assets for each owner."""
    ordinal, made = 0, []
    for owner in owners:
        for asset, amount in ((0, DEPOSIT_SSTB), (1, DEPOSIT_USDC)):
            ordinal += 1
            address = bytes.fromhex(owner.address[2:])
            made.append(Deposit(PRIMARY_CHAIN_ID, ordinal, asset, 0, address, amount, bytes(32)))
    return encode_batch(made)


@asynccontextmanager
async def opened() -> AsyncIterator[Venue]:
    """A venue with a fresh exchange."""
    clock = HandClock()
    gateway, history = ReferenceGateway(clock), GivenHistory()
    maker, trader, stranger = (Signer(bytes([n]) * 32) for n in (1, 2, 3))
    await gateway.submit(listing())
    await gateway.submit(deposits(maker, trader))
    desk = Desk.of(network(), gateway, history, clock)
    app = create_app(desk)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
    running = asyncio.create_task(desk.run())
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        markets = msgspec.json.decode((await client.get("/v1/markets")).content, type=Markets)
        market = listed_market(markets, SYMBOL)
        try:
            yield Venue(gateway, history, clock, desk, app, client, maker, trader, stranger, market, transport)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def served(venue: Venue) -> AsyncIterator[str]:
    """The venue's API on a free port of loopback, on the server that production uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = granian_server(venue.app, "127.0.0.1", port)
    serving = asyncio.create_task(server.serve())
    url = f"http://127.0.0.1:{port}"
    async with AsyncClient(url) as client:
        await client.status()
    yield url
    server.stop()
    await serving
