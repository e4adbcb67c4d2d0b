"""An API around the reference exchange: one market, two funded traders, a stranger without an account."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import msgspec
import sqlalchemy as sa

from stab3l.api.access.door import Access
from stab3l.api.answers import Markets
from stab3l.api.app import create_app
from stab3l.api.chronicle import History
from stab3l.api.desk import Desk
from stab3l.api.front import Front
from stab3l.api.settings import ApiSettings
from stab3l.chain.signer import Signer
from stab3l.client import AsyncClient
from stab3l.client.orders import ListedMarket, listed_market, signed_order
from stab3l.config import PRIMARY_CHAIN_ID, ChainConfig, MarketConfig, Network
from stab3l.engine.wire import Deposit, ListMarket, RegisterAsset, Seal, encode, encode_batch
from stab3l.errors import Unavailable
from stab3l.http.server import STOP_S, granian_server
from stab3l.store.database import ACCESS, READ_MODEL, Schema, open_database
from stab3l.testing.gateway import ReferenceGateway
from stab3l.units import Nanoseconds
from stab3l.watch.exchange_feed import ExchangeFeed
from stab3l.watch.queries import feed_position

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


@cache
def template(schema: Schema) -> bytes:
    """A migrated, empty database: migrating takes longer than a test."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.sqlite"

        async def make() -> None:
            async with await open_database(f"sqlite:///{path}", schema) as database, database.write() as connection:
                await connection.execute(sa.text("PRAGMA user_version = 1"))

        # In a thread of its own: a loop may be running here.
        thread = threading.Thread(target=lambda: asyncio.run(make()))
        thread.start()
        thread.join()
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        return path.read_bytes()


class VenueHistory(History):
    """The history of a venue, which can be ``down``."""

    down = False

    async def ask(self, query: Any, *args: Any, **options: Any) -> Any:
        """A question; unavailable while it is down."""
        if self.down:
            raise Unavailable("the history's database is down", retry_after_s=2)
        return await super().ask(query, *args, **options)


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
        database_url="sqlite://",
    )


@dataclass
class Venue:
    """The API under test and what the test holds of it."""

    gateway: ReferenceGateway
    history: VenueHistory
    clock: HandClock
    desk: Desk
    app: Front
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

    async def indexed(self) -> None:
        """Waits until the index has everything that the exchange said; only for venues that were opened with it."""
        end = self.gateway.exchange.sequence + 1
        async with asyncio.timeout(60):
            while await self.history.ask(feed_position) < end:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

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


@contextmanager
def home() -> Iterator[tuple[Network, Path]]:
    """A folder with empty databases, and the network of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        (path / "read.sqlite").write_bytes(template(READ_MODEL))
        (path / "access.sqlite").write_bytes(template(ACCESS))
        yield network().model_copy(update={"database_url": f"sqlite:///{path / 'read.sqlite'}"}), path


@asynccontextmanager
async def opened(
    *,
    indexed: bool = False,
    settings: ApiSettings | None = None,
    chains: Mapping[int, Any] | None = None,
    console: Path | None = None,
) -> AsyncIterator[Venue]:
    """A venue with a fresh exchange; ``indexed``: the index follows it; no ``console``: it serves the plain page."""
    clock = HandClock()
    gateway = ReferenceGateway(clock)
    maker, trader, stranger = (Signer(bytes([n]) * 32) for n in (1, 2, 3))
    await gateway.submit(listing())
    await gateway.submit(deposits(maker, trader))
    with home() as (setting, path):
        settings = settings or ApiSettings(origins="http://api,http://localhost:3000")
        access = Access(setting, path, settings, chains or {}, clock)
        async with VenueHistory(setting, {}) as history, access:
            desk = Desk.of(setting, gateway, history, access, clock, chains or {})
            app = create_app(desk, console or path / "no console")
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
            running = [asyncio.create_task(desk.run())]
            if indexed:
                feed = ExchangeFeed(await open_database(setting.database_url), gateway)
                running.append(asyncio.create_task(feed.run()))
            async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
                markets = msgspec.json.decode((await client.get("/v1/markets")).content, type=Markets)
                market = listed_market(markets, SYMBOL)
                try:
                    yield Venue(gateway, history, clock, desk, app, client, maker, trader, stranger, market, transport)
                finally:
                    for task in running:
                        task.cancel()
                    await asyncio.gather(*running, return_exceptions=True)
                    if indexed:
                        await feed.database.close()


@asynccontextmanager
async def served(venue: Venue) -> AsyncIterator[str]:
    """The venue's API on a free port of loopback, on the server that production uses."""
    server = granian_server(venue.app, "127.0.0.1", 0)
    serving = asyncio.create_task(server.serve())
    url = f"http://127.0.0.1:{server.port}"
    async with AsyncClient(url) as client:
        await client.status()
    yield url
    server.stop()
    await asyncio.wait([serving], timeout=STOP_S)
    # As production does: a client that stays cannot keep the server from ending.
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
