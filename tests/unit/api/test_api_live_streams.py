"""The public streams on the server that production uses: live frames, resumption, and readers who do not read."""

from __future__ import annotations

import asyncio
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import cast
from urllib.parse import urlsplit

import pytest
from api_venue import Venue
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from stab3l.api import public_streams
from stab3l.api.exchange import Frame
from stab3l.audit.journal import Source
from stab3l.client import ApiProblem, ApiUnavailable
from stab3l.client.public_streams import LiveFrame, PublicStreams
from stab3l.engine.wire import Place, decode_commands, decode_events

pytestmark = pytest.mark.anyio
LARGE = bytes(64 << 20)


async def take(frames: AsyncIterator[LiveFrame], count: int) -> list[LiveFrame]:
    async with asyncio.timeout(60):
        return [await anext(frames) for _ in range(count)]


async def test_live_frames_are_the_batches_and_their_events(venue: Venue, url: str) -> None:
    async with PublicStreams(url) as streams:
        inputs, outputs = streams.live("inputs"), streams.live("outputs")
        first = await take(inputs, 2)
        await venue.place(venue.maker)
        (placed,), told = await take(inputs, 1), await take(outputs, 3)
        assert [frame.first_sequence for frame in (*first, placed)] == [frame.first_sequence for frame in told]
        assert isinstance(decode_commands(placed.payload)[0], Place)
        assert decode_events(told[-1].payload)[0].sequence == placed.first_sequence


async def test_a_reader_resumes_by_sequence_number_without_a_gap_or_a_repetition(venue: Venue, url: str) -> None:
    async with PublicStreams(url, retry_s=2) as streams:
        frames = streams.live("outputs", 1)
        seen = await take(frames, 2)
        venue.gateway.down = True
        asyncio.get_running_loop().call_later(0.5, setattr, venue.gateway, "down", False)
        async with venue.gateway._grown:
            venue.gateway._grown.notify_all()
        await asyncio.sleep(0.6)
        await venue.place(venue.maker)
        await venue.place(venue.maker)
        seen += await take(frames, 2)
        wanted = [frame.first_sequence for frame in venue.gateway._frames]
        assert [frame.first_sequence for frame in seen] == wanted


async def test_a_stream_that_there_is_not_is_refused(url: str) -> None:
    async with PublicStreams(url) as streams:
        with pytest.raises(ApiProblem):
            await anext(streams.segment("secrets", (await _one_segment())))
    async with connect(url.replace("http", "ws") + "/v1/streams/secrets/live") as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert "secrets" in closed.value.rcvd.reason


async def _one_segment() -> public_streams.SegmentView:
    return public_streams.SegmentView("1", "1", "10", True, None, None)


async def test_downloads_are_a_source_for_an_auditor(venue: Venue, url: str) -> None:
    venue.gateway.files = {("inputs", 1): LARGE[: 3 << 20], ("inputs", 9): b"end", ("outputs", 1): b"x"}
    async with PublicStreams(url) as streams:
        source: Source = streams
        pieces = [piece async for piece in source.pieces("inputs")]
        assert b"".join(pieces) == LARGE[: 3 << 20] + b"end"
        assert await source.bytes_of("inputs") == (3 << 20) + 3


async def test_readers_who_take_nothing_stall_nobody_and_are_cut(
    venue: Venue, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_streams, "STALL_S", 1)
    venue.gateway.files = {("inputs", 1): LARGE, ("outputs", 1): b"x"}
    where = urlsplit(url)
    sleepers = []
    for _ in range(5):
        sleeper = sockets.create_connection((where.hostname or "", where.port or 0))
        sleeper.sendall(b"GET /v1/streams/inputs/segments/1 HTTP/1.1\r\nHost: x\r\n\r\n")
        sleepers.append(sleeper)
    with ExitStack() as leaving:
        for sleeper in sleepers:
            leaving.enter_context(sleeper)
        await read_beside_sleepers(venue, url)
        assert [await asyncio.to_thread(bytes_left_in, sleeper) < len(LARGE) for sleeper in sleepers] == [True] * 5


async def test_a_follower_who_takes_nothing_is_cut(venue: Venue, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_streams, "STALL_S", 1)
    venue.gateway._batches.append(Frame(90, 1, LARGE))
    where = urlsplit(url)
    asked = "GET /v1/streams/inputs/live HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade"
    keyed = "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "", ""
    with sockets.create_connection((where.hostname or "", where.port or 0)) as sleeper:
        sleeper.sendall("\r\n".join((*asked, *keyed)).encode())
        assert await asyncio.to_thread(sleeper.recv, 12) == b"HTTP/1.1 101"
        async with asyncio.timeout(60):
            while not venue.desk.readers.count:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await until_nobody_reads(venue)


async def read_beside_sleepers(venue: Venue, url: str) -> None:
    """Reads all of a segment, trades, and waits until the sleepers are cut."""
    async with PublicStreams(url) as streams:
        index = await streams.index()
        read = sum([len(piece) async for piece in streams.segment("inputs", index.inputs.segments[0], 48 << 20)])
        assert read == 16 << 20
        await venue.place(venue.maker)
    await until_nobody_reads(venue)


async def until_nobody_reads(venue: Venue) -> None:
    """Waits until every place was given back."""
    try:
        async with asyncio.timeout(90):
            while cast("int", venue.desk.readers.count):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    except TimeoutError:
        waiting = "\n".join(f"{task!r} {task.get_stack()}" for task in asyncio.all_tasks())
        pytest.fail(f"{venue.desk.readers.count} still read; this waits:\n{waiting}")


def bytes_left_in(sleeper: sockets.socket) -> int:
    """What had been sent to a reader before it was cut."""
    sleeper.settimeout(60)
    return sum(len(piece) for piece in iter(lambda: sleeper.recv(1 << 20), b""))


async def test_an_api_that_is_away_is_told_after_the_patience_given() -> None:
    async with PublicStreams("http://127.0.0.1:1", retry_s=1) as streams:
        with pytest.raises(ApiUnavailable):
            await streams.index()
