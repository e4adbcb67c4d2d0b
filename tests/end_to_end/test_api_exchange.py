"""The API in front of the real gateway and the native engine: orders, proofs, and processes that are killed."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from api_process import ApiProcess
from api_venue import SYMBOL, deposits, listing, network
from gateway_process import GatewayProcess

from stab3l.audit.reference_trees import root_of_proof
from stab3l.audit.verification import verify
from stab3l.chain.signer import Signer
from stab3l.client import ApiProblem, AsyncClient, calls
from stab3l.client.orders import ListedMarket, listed_market, signed_order, signed_withdrawal
from stab3l.client.public_streams import PublicStreams
from stab3l.client.retries import RetryPolicy
from stab3l.clock import SystemClock
from stab3l.engine.wire import Seal, encode
from stab3l.units import BaseUnits

pytestmark = pytest.mark.anyio
MAKER, TRADER = Signer(b"\1" * 32), Signer(b"\2" * 32)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Exchange:
    """Both processes and a client."""

    gateway: GatewayProcess
    api: ApiProcess
    client: AsyncClient
    market: ListedMarket
    clock: SystemClock = field(default_factory=SystemClock)

    def order(self, signer: Signer, client_id: int, **changes: Any) -> Any:
        given: dict[str, Any] = {"side": "buy", "price": "0.06", "quantity": "1", "now": self.clock.now()}
        return signed_order(signer, self.market, client_id=client_id, **given | changes)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayProcess]:
    process = GatewayProcess(tmp_path / "home")
    process.home.mkdir()
    described = network().model_copy(
        update={"gateway": process.address, "database_url": f"sqlite:///{process.home / 'read.db'}"}
    )
    (process.home / "network.json").write_text(described.model_dump_json())
    with process:
        yield process


@pytest.fixture
async def exchange(gateway: GatewayProcess) -> AsyncIterator[Exchange]:
    async with gateway.operator() as operator:
        await operator.submit(listing())
        await operator.submit(deposits(MAKER, TRADER))
    api = ApiProcess(gateway.home)
    api.start()
    try:
        async with AsyncClient(api.url, retries=RetryPolicy(120)) as client:
            market = listed_market(await client.markets(), SYMBOL)
            yield Exchange(gateway, api, client, market)
    finally:
        if api.process is not None and api.process.poll() is None:
            api.end(signal.SIGKILL)


async def test_orders_trade_and_withdrawals_are_proved_through_every_layer(exchange: Exchange) -> None:
    client = exchange.client
    async with client.stream() as stream:
        await stream.subscribe("trades", SYMBOL)
        await client.send(calls.place(exchange.order(MAKER, 1, side="sell", quantity="2")))
        taken = await stream.send(calls.place(exchange.order(TRADER, 1, quantity="1.5")))
        assert (taken.state, taken.fills[0].quantity) == ("filled", "1.5")
        async with asyncio.timeout(60):
            async for message in stream.messages():
                if message["trades"]:
                    assert message["trades"][0]["quantity"] == "1.5"
                    break
    withdrawal = signed_withdrawal(
        TRADER,
        exchange.market.domain,
        asset=0,
        amount=BaseUnits(10**18),
        recipient=TRADER.address,
        client_id=2,
        now=exchange.clock.now(),
    )
    queued = await client.send(calls.withdraw(withdrawal))
    assert (await client.send(calls.withdraw(withdrawal))).repeated
    async with exchange.gateway.operator() as operator:
        await operator.submit(encode(Seal()))
        sealed = await operator.sealed()
    proof = await client.withdrawal_proof(int(queued.withdrawal_id))
    assert sealed is not None
    assert root_of_proof(proof.leaf, proof.index, proof.siblings) == proof.root == sealed.withdrawals_root
    with pytest.raises(ApiProblem) as refused:
        await client.send(calls.place(exchange.order(TRADER, 3, quantity="9999999")))
    assert refused.value.problem == "funds_short"


async def test_a_gateway_killed_under_load_loses_no_acknowledged_order_and_doubles_none(exchange: Exchange) -> None:
    orders = [exchange.order(MAKER, number, side="sell", quantity="0.01") for number in range(1, 201)]

    async def kill_soon() -> None:
        await asyncio.sleep(0.15)
        exchange.gateway.kill()
        await asyncio.sleep(0.3)
        await asyncio.to_thread(exchange.gateway.start)

    answers, _ = await asyncio.gather(asyncio.gather(*map(exchange.client.send, map(calls.place, orders))), kill_soon())
    assert len({answer.order_id for answer in answers}) == len(orders)
    resting = (await exchange.client.account(MAKER.address)).open_orders
    assert {one.order_id for one in resting} == {answer.order_id for answer in answers}


async def test_an_api_that_was_killed_comes_back_and_knows_repeated_requests(exchange: Exchange) -> None:
    order = exchange.order(MAKER, 1, side="sell")
    first = await exchange.client.send(calls.place(order))
    exchange.api.end(signal.SIGKILL)
    exchange.api.start()
    again = await exchange.client.send(calls.place(order))
    assert (again.order_id, again.repeated) == (first.order_id, True)


async def test_an_api_that_is_told_to_stop_stops_cleanly(exchange: Exchange) -> None:
    async with exchange.client.stream() as stream:
        await stream.subscribe("status")
        assert await asyncio.to_thread(exchange.api.end, signal.SIGTERM) == 0
    assert "Traceback" not in (exchange.api.home / "api.log").read_text()


async def test_anyone_can_verify_the_exchange_over_http_without_a_key(exchange: Exchange) -> None:
    client = exchange.client
    await client.send(calls.place(exchange.order(MAKER, 1, side="sell")))
    await client.send(calls.place(exchange.order(TRADER, 1)))
    async with exchange.gateway.operator() as operator:
        await operator.submit(encode(Seal()))
    async with PublicStreams(exchange.api.url) as streams:
        report = await verify(streams, laws=True)
    status = await client.status()
    assert report.divergence is None
    assert report.events > report.commands > 0
    assert (str(report.last_sequence), "0x" + report.state_root.hex()) == (status.sequence, status.state_root)
