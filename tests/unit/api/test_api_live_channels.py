"""The live channels: what an account hears, going on where a connection broke, and who may listen."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from api_venue import SYMBOL, Venue
from test_api_access import Key, tokens
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from stab3l.api import live, sockets

pytestmark = pytest.mark.anyio


def socket_of(url: str, **options: Any) -> connect:
    """A connection to the socket."""
    return connect(url.replace("http", "ws") + "/v1/ws", **options)


async def say(socket: ClientConnection, **message: Any) -> None:
    """Sends a message."""
    await socket.send(msgspec.json.encode(message).decode())


async def hear(socket: ClientConnection, **wanted: Any) -> dict[str, Any]:
    """The next message with these fields; others are passed over."""
    async with asyncio.timeout(60):
        while True:
            message: dict[str, Any] = msgspec.json.decode(await socket.recv())
            if all(message.get(name) == value for name, value in wanted.items()):
                return message


async def ask(socket: ClientConnection, **message: Any) -> dict[str, Any]:
    """The answer to a message."""
    await say(socket, id=1, **message)
    return await hear(socket, id=1)


async def logged_in(venue: Venue, socket: ClientConnection) -> None:
    """The trader logs in."""
    answer = await ask(socket, op="login", token=(await tokens(venue, venue.trader))["access_token"])
    assert answer["result"]["account"] == venue.trader.address


async def test_an_account_hears_its_orders_fills_and_balances(venue: Venue, url: str) -> None:
    await venue.place(venue.trader, price="0.01")
    async with socket_of(url) as socket:
        await logged_in(venue, socket)
        told = await ask(socket, op="subscribe", channel="account")
        snapshot = await hear(socket, channel="account", type="snapshot")
        assert (told["type"], told["market"], snapshot["seq"]) == ("subscribed", venue.trader.address, told["seq"])
        assert [order["price"] for order in snapshot["open_orders"]] == ["0.01"]
        await venue.place(venue.maker, side="sell")
        await venue.place(venue.trader)
        heard: list[dict[str, Any]] = []
        last = snapshot["seq"]
        while not any(event["kind"] == "balance" for event in heard):
            update = await hear(socket, channel="account", type="update")
            assert update["prev_seq"] == last
            last, heard = update["seq"], heard + update["events"]
        kinds = [event["kind"] for event in heard]
        assert kinds[: kinds.index("balance")] == ["order", "fill", "order"]
        assert heard[1]["body"]["role"] == "taker"
        assert heard[2]["body"]["state"] == "filled"
        assert venue.maker.address not in str(heard)


async def test_nobody_hears_an_account_without_its_credential(venue: Venue, url: str) -> None:
    async with socket_of(url) as socket:
        refused = await ask(socket, op="subscribe", channel="account")
        assert refused["problem"]["code"] == "credential_missing"
        refused = await ask(socket, op="login", token="x.y.z")
        assert refused["problem"]["code"] == "token_invalid"
        key = await Key.made(venue, venue.trader, "trade")
        host = url.removeprefix("http://")
        signed = key.headers("GET", "/v1/ws", host=host)
        login = {"key": signed["Stab3l-Key"], "timestamp": signed["Stab3l-Timestamp"]}
        refused = await ask(socket, op="login", signature=signed["Stab3l-Signature"], **login)
        assert refused["problem"]["code"] == "request_signature_invalid", "the network is not called by this port"


async def test_a_session_that_ends_is_heard_no_more(venue: Venue, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "CALLER_CHECK_S", 0.05)
    pair = await tokens(venue, venue.trader)
    async with socket_of(url) as socket:
        await ask(socket, op="login", token=pair["access_token"])
        await ask(socket, op="subscribe", channel="account")
        headers = {"authorization": f"Bearer {pair['access_token']}"}
        await venue.client.post("/v1/auth/logout", headers=headers)
        ended = await hear(socket, type="problem")
        assert ended["problem"]["code"] == "session_ended"
        refused = await ask(socket, op="subscribe", channel="account")
        assert refused["problem"]["code"] == "credential_missing"


@pytest.mark.parametrize("channel", ["book", "trades"])
async def test_a_broken_connection_goes_on_where_it_was(venue: Venue, url: str, channel: str) -> None:
    async with socket_of(url) as first, socket_of(url) as second:
        for socket in (first, second):
            told = await ask(socket, op="subscribe", channel=channel, market=SYMBOL)
            snapshot = await hear(socket, channel=channel, type="snapshot")
        await first.close()
        await venue.place(venue.maker, side="sell")
        await venue.place(venue.trader)
        await venue.place(venue.maker, side="sell", price="0.09", quantity="3")
        live_update = await hear(second, channel=channel, type="update")
        async with socket_of(url) as again:
            where = {"channel": channel, "market": SYMBOL, "since_seq": snapshot["seq"]}
            resumed = await ask(again, op="subscribe", epoch=told["epoch"], **where)
            assert resumed["resumed"] is True
            missed = await hear(again, channel=channel)
            assert missed == live_update
            assert missed["prev_seq"] == snapshot["seq"]
        async with socket_of(url) as another:
            fresh = await ask(another, op="subscribe", epoch="of another run", **where)
            assert fresh["resumed"] is False
            assert (await hear(another, channel=channel))["type"] == "snapshot"


async def test_the_head_of_the_sequencer_is_told(venue: Venue, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with socket_of(url) as socket:
        monkeypatch.setattr(live, "HEARTBEAT_S", 0.05)
        beat = await hear(socket, type="heartbeat")
        assert int(beat["sequence"]) <= venue.gateway.exchange.sequence


async def test_a_ticker_follows_the_market(venue: Venue, url: str) -> None:
    async with socket_of(url) as socket:
        await ask(socket, op="subscribe", channel="ticker", market=SYMBOL)
        assert (await hear(socket, channel="ticker"))["ticker"]["best_bid"] is None
        await venue.place(venue.trader)
        update = await hear(socket, channel="ticker", type="update")
        assert (update["ticker"]["best_bid"], update["ticker"]["best_bid_quantity"]) == ("0.06", "1")


async def test_a_batch_is_sequenced_together(venue: Venue, url: str) -> None:
    orders = [venue.order(venue.trader, price=price) for price in ("0.05", "0.04", "0.02", "0.03")]
    operations = [{"op": "place", "request": order} for order in orders]
    operations[2]["request"]["price"] = "0.055555"
    async with socket_of(url) as socket:
        await say(socket, id=1, op="batch", request={"operations": operations})
        results = (await hear(socket, id=1))["result"]["results"]
    assert [one["status"] for one in results] == [201, 201, 422, 201]
    assert results[2]["problem"]["code"] == "off_grid"
    sequences = [int(one["answer"]["sequence"]) for one in results if one["answer"]]
    assert sequences == list(range(sequences[0], sequences[0] + 3))


async def test_a_page_of_another_site_gets_no_socket(url: str) -> None:
    with pytest.raises((ConnectionClosed, InvalidStatus)):
        async with socket_of(url, origin="https://evil.example") as socket:
            await ask(socket, op="ping")
