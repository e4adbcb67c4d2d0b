"""The stream port: the same socket on a server of its own, and what becomes of clients that do not behave."""

from __future__ import annotations

import asyncio
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
import pytest
from api_venue import SYMBOL, Venue
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from stab3l.api import socket_clients
from stab3l.api.outbox import Outbox
from stab3l.api.socket_clients import frame_of
from stab3l.api.stream_server import serve_streams

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def serving(venue: Venue) -> AsyncIterator[int]:
    """The stream port of a venue, which answers."""
    with sockets.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = int(probe.getsockname()[1])
    task = asyncio.create_task(serve_streams(venue.desk, "127.0.0.1", number))
    async with asyncio.timeout(60):
        while True:
            try:
                (await asyncio.open_connection("127.0.0.1", number))[1].close()
                break
            except OSError:
                await asyncio.sleep(0.01)
    yield number
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def port(venue: Venue) -> AsyncIterator[int]:
    async with serving(venue) as number:
        yield number


def socket_at(port: int, **options: Any) -> connect:
    return connect(f"ws://127.0.0.1:{port}/v1/ws", **options)


async def hear(socket: ClientConnection, **wanted: Any) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            message: dict[str, Any] = msgspec.json.decode(await socket.recv())
            if wanted.items() <= message.items():
                return message


async def ask(socket: ClientConnection, **message: Any) -> dict[str, Any]:
    await socket.send(msgspec.json.encode({"id": 1, **message}).decode())
    return await hear(socket, id=1)


async def test_all_clients_hear_the_same_and_orders_are_taken(venue: Venue, port: int) -> None:
    async with socket_at(port) as one, socket_at(port) as other:
        for socket in (one, other):
            assert (await ask(socket, op="subscribe", channel="trades", market=SYMBOL))["type"] == "subscribed"
        await venue.place(venue.maker, side="sell")
        taken = await ask(one, op="place", request=venue.order(venue.trader))
        assert taken["result"]["state"] == "filled"
        told = [await hear(socket, channel="trades", type="update") for socket in (one, other)]
        assert told[0] == told[1]
        assert told[0]["trades"][0]["price"] == "0.06"


async def test_messages_in_pieces_are_read_and_binary_ones_refused(port: int) -> None:
    async with socket_at(port) as socket:
        await socket.send(['{"id": 7, ', '"op": "ping"', "}"])
        assert (await hear(socket, id=7))["type"] == "answer"
        await socket.send(b"binary")
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1003


async def test_another_path_and_a_page_of_another_site_get_no_socket(port: int) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"ws://127.0.0.1:{port}/v1/other"):
            pass
    assert refused.value.response.status_code == 404
    with pytest.raises(InvalidStatus) as refused:
        async with socket_at(port, origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("text", ["x" * 20_000, "x" * (socket_clients.MESSAGE_BYTES_MAX + 1)])
async def test_too_large_a_message_ends_the_socket(port: int, text: str) -> None:
    async with socket_at(port) as socket:
        with suppress(ConnectionClosed):
            await socket.send(text)
        with pytest.raises(ConnectionClosed) as closed:
            await hear(socket, type="never")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


async def test_a_request_that_does_not_come_ends_the_connection(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_clients, "HANDSHAKE_S", 0.2)
    async with serving(venue) as number:
        reader, writer = await asyncio.open_connection("127.0.0.1", number)
        writer.write(b"GET /v1/ws HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        async with asyncio.timeout(60):
            with suppress(ConnectionError):
                assert await reader.read() == b""
        writer.close()


async def test_who_does_not_read_trades_is_cut_and_holds_up_nobody(venue: Venue, port: int) -> None:
    async with socket_at(port) as good:
        await ask(good, op="subscribe", channel="trades", market=SYMBOL)
        async with socket_at(port, max_queue=1) as bad:
            await ask(bad, op="subscribe", channel="trades", market=SYMBOL)
            topic = venue.desk.live._topics["trades", SYMBOL]
            assert len(topic.subscribers) == 2
            bad.transport.pause_reading()
            padding = "x" * 200_000
            async with asyncio.timeout(60):
                while len(topic.subscribers) == 2:
                    topic.publish(topic.seq + 1, lambda seq, before: {"channel": "trades", "seq": seq, "p": padding})
                    await hear(good, channel="trades")
        assert (await ask(good, op="ping"))["type"] == "answer"


async def test_what_is_offered_keeps_its_order_behind_what_waits() -> None:
    outbox, taken, sent = Outbox(lambda market: b"snapshot"), list[bytes](), list[bytes]()
    reads = [True]

    def offer(message: bytes) -> bool:
        if reads[0]:
            taken.append(message)
        return reads[0]

    async def send(message: bytes) -> None:
        sent.append(message)

    outbox.offer_to(offer)
    outbox.put(b"1")
    reads[0] = False
    outbox.put(b"2")
    reads[0] = True
    outbox.put(b"3")
    draining = asyncio.create_task(outbox.drain(send))
    while len(sent) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0)
    outbox.put(b"4")
    draining.cancel()
    assert (taken, sent, outbox.sent) == ([b"1", b"4"], [b"2", b"3"], 4)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_a_frame_is_what_the_standard_says(size: int) -> None:
    message = b"x" * size
    assert frame_of(message) == Frame(Opcode.TEXT, message).serialize(mask=False)
