"""The WebSocket over loopback, on the server that production uses."""

from __future__ import annotations

import asyncio
import socket as sockets
from typing import Any

import msgspec
import pytest
from api_venue import SYMBOL, Venue, network
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from stab3l.api.desk import Desk
from stab3l.api.exchange import Status
from stab3l.api.serve import serve_desk
from stab3l.client import ApiProblem, AsyncClient, calls
from stab3l.client.book import LocalBook
from stab3l.client.orders import (
    signed_amend,
    signed_cancel,
    signed_cancel_all,
    signed_order,
    signed_protection,
    signed_schedule_cancel,
)
from stab3l.errors import Corrupt
from stab3l.testing.gateway import ReferenceGateway

pytestmark = pytest.mark.anyio


async def receive(socket: ClientConnection, **wanted: Any) -> dict[str, Any]:
    """The next message with these values."""
    async with asyncio.timeout(60):
        while True:
            message: dict[str, Any] = msgspec.json.decode(await socket.recv())
            if wanted.items() <= message.items():
                return message


async def ask(socket: ClientConnection, **message: Any) -> dict[str, Any]:
    """Sends a message and takes its answer."""
    await socket.send(msgspec.json.encode(message).decode())
    return await receive(socket, id=message["id"])


def socket_of(url: str) -> connect:
    return connect(url.replace("http", "ws") + "/v1/ws")


async def test_a_snapshot_comes_first_and_updates_make_the_same_book(venue: Venue, url: str) -> None:
    await venue.place(venue.maker, side="sell", price="0.07")
    async with AsyncClient(url).stream() as stream:
        await stream.subscribe("book", SYMBOL)
        book, messages = LocalBook(), stream.messages()
        book.apply(await anext(messages))
        assert book.asks == [("0.07", "1")]
        for step in range(5):
            await venue.place(venue.maker, side="sell", price=f"0.06{step}")
        await venue.place(venue.trader, price="0.0601", quantity="1")
        async with asyncio.timeout(60):
            while len(book.asks) != 5:
                book.apply(await anext(messages))
        rest = (await venue.client.get(f"/v1/markets/{SYMBOL}/book")).json()
        assert book.asks == [(price, quantity) for price, quantity in rest["asks"]]


async def test_trades_arrive_numbered_without_gaps(venue: Venue, url: str) -> None:
    async with socket_of(url) as socket:
        await ask(socket, id=1, op="subscribe", channel="trades", market=SYMBOL)
        for _ in range(3):
            await venue.place(venue.maker, side="sell")
            await venue.place(venue.trader)
        seen = [await receive(socket, channel="trades", type="update") for _ in range(3)]
        assert [one["seq"] for one in seen] == ["1", "2", "3"]
        assert [trade["trade_id"] for one in seen for trade in one["trades"]] == ["1", "2", "3"]


async def test_the_status_is_published_while_somebody_listens(venue: Venue, url: str) -> None:
    async with socket_of(url) as socket:
        await ask(socket, id=1, op="subscribe", channel="status")
        await venue.place(venue.maker, side="sell")
        async with asyncio.timeout(60):
            while True:
                message = await receive(socket, channel="status", type="update")
                if message["status"]["sequence"] == str(venue.gateway.exchange.sequence):
                    break


async def test_signed_requests_work_over_the_socket_as_over_rest(venue: Venue, url: str) -> None:
    given: dict[str, Any] = {"side": "buy", "price": "0.06", "quantity": "1", "now": venue.clock.at}
    order = signed_order(venue.trader, venue.market, client_id=1, **given)
    async with AsyncClient(url) as rest, rest.stream() as stream:
        placed = await stream.send(calls.place(order))
        assert (await rest.send(calls.place(order))).order_id == placed.order_id
        cancel = signed_cancel(venue.trader, venue.market.domain, order_id=int(placed.order_id), now=venue.clock.at)
        assert (await stream.send(calls.cancel(cancel))).remaining == "1"
        with pytest.raises(ApiProblem) as refused:
            await stream.send(calls.cancel(cancel))
        assert refused.value.problem == "order_unknown"


async def test_what_was_left_for_the_end_is_cancelled_when_the_socket_breaks(venue: Venue, url: str) -> None:
    kept = await venue.place(venue.maker, side="sell", price="0.07")
    await venue.place(venue.trader, price="0.05")
    cancel = signed_cancel_all(venue.trader, venue.market.domain, now=venue.clock.at)
    async with AsyncClient(url).stream() as dropped:
        await dropped.cancel_on_disconnect(signed_cancel_all(venue.maker, venue.market.domain, now=venue.clock.at))
        await dropped.cancel_on_disconnect(None)
    async with AsyncClient(url).stream() as stream:
        await stream.cancel_on_disconnect(cancel)
        before = venue.gateway.exchange.sequence
    assert await venue.desk.feed.reached(before + 1, 5)
    gone = (await venue.client.get(f"/v1/accounts/{venue.trader.address}")).json()["open_orders"]
    left = (await venue.client.get(f"/v1/accounts/{venue.maker.address}")).json()["open_orders"]
    assert gone == []
    assert [one["order_id"] for one in left] == [kept["order_id"]]


async def test_every_change_works_over_the_socket(venue: Venue, url: str) -> None:
    now, domain = venue.clock.at, venue.market.domain
    order = await venue.place(venue.trader, price="0.05")
    async with AsyncClient(url).stream() as stream:
        amendment = signed_amend(
            venue.trader,
            venue.market,
            order_id=int(order["order_id"]),
            price="0.05",
            quantity="2",
            client_id=70,
            now=now,
        )
        assert (await stream.send(calls.amend(amendment))).remaining == "2"
        schedule = signed_schedule_cancel(venue.trader, domain, at=now + 9, client_id=71, now=now)
        assert (await stream.send(calls.schedule_cancel(schedule))).cancel_at == str(now + 9)
        protection = signed_protection(
            venue.trader, venue.market, window_ns=1, quantity="1", frozen_ns=1, client_id=72, now=now
        )
        assert (await stream.send(calls.protect(protection))).quantity == "1"
        cancelled = await stream.send(calls.cancel_all(signed_cancel_all(venue.trader, domain, now=now)))
        assert cancelled.order_ids == [order["order_id"]]


async def test_orders_of_one_socket_are_sequenced_in_the_order_sent(venue: Venue, url: str) -> None:
    async with socket_of(url) as socket:
        for number in range(1, 61):
            body = venue.order(venue.trader if number % 2 else venue.maker, price="0.05")
            message = {"id": number, "op": "place", "request": body}
            await socket.send(msgspec.json.encode(message).decode())
        answers = [await receive(socket, type="answer") for _ in range(60)]
        order_ids = [int(one["result"]["order_id"]) for one in sorted(answers, key=lambda one: int(one["id"]))]
        assert order_ids == sorted(order_ids)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "json_malformed"),
        ('{"op": "fly"}', "op_unknown"),
        ('{"op": "subscribe", "channel": "gossip"}', "channel_unknown"),
        ('{"op": "subscribe", "channel": "book", "market": "X"}', "market_unknown"),
        ('{"op": "place", "request": {"account": 1}}', "body_invalid"),
        ('{"op": "place", "extra": 1}', "body_invalid"),
        ('{"op": "place"}', "body_invalid"),
    ],
)
async def test_a_bad_message_gets_a_problem_and_the_socket_lives(url: str, text: str, code: str) -> None:
    async with socket_of(url) as socket:
        await socket.send(text)
        assert (await receive(socket, type="problem"))["problem"]["code"] == code
        assert (await ask(socket, id="still here", op="ping"))["type"] == "answer"


async def test_a_message_above_16_kib_closes_the_socket(url: str) -> None:
    async with socket_of(url) as socket:
        await socket.send('{"op": "' + "x" * 16_384 + '"}')
        with pytest.raises(ConnectionClosed) as closed:
            await receive(socket, type="never")
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1009, "message_too_large")


async def test_a_client_that_does_not_read_holds_nobody_up(venue: Venue, url: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4_096)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, (host, int(port)))
    async with connect(url.replace("http", "ws") + "/v1/ws", sock=raw, max_queue=1) as silent:
        await silent.send(msgspec.json.encode({"op": "subscribe", "channel": "book", "market": SYMBOL}).decode())
        async with socket_of(url) as reader:
            await ask(reader, id=1, op="subscribe", channel="trades", market=SYMBOL)
            for _ in range(100):
                await venue.place(venue.maker, side="sell")
                await venue.place(venue.trader)
            last = ""
            async with asyncio.timeout(60):
                while last != "100":
                    last = (await receive(reader, channel="trades", type="update"))["seq"]


class DamagedGateway(ReferenceGateway):
    """A gateway whose answers make no sense."""

    async def status(self) -> Status:
        raise Corrupt("the exchange says what cannot be")


async def test_an_api_that_cannot_follow_the_exchange_ends_instead_of_serving_stale_data(venue: Venue) -> None:
    desk = Desk.of(network(), DamagedGateway(venue.clock), venue.history, venue.desk.access, venue.clock, {})
    with sockets.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(ExceptionGroup) as ended:
        await serve_desk(desk, "127.0.0.1", port)
    assert ended.value.subgroup(Corrupt) is not None
