"""The public input and output journals (docs/reference/streams.md): segment files by range, and live frames.

Nobody who reads slowly is in anybody's way: a download holds one piece of `PIECE_BYTES`, a live follower one frame, and
either is cut when nothing was taken for `STALL_S` seconds.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any, Final, cast

import structlog
from litestar import HttpMethod, Request, WebSocket, route, websocket
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketDisconnect
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from stab3l.api.answers import SegmentView, StreamsView, StreamView
from stab3l.api.byte_ranges import Part, part_of
from stab3l.api.desk import Desk
from stab3l.api.endpoints import Call, Nothing, Routes
from stab3l.api.exchange import Frame, Segment
from stab3l.api.problems import Problem
from stab3l.api.reading import HttpRequest, query_integer
from stab3l.api.signed import u64
from stab3l.engine.wire import U64_MAX
from stab3l.errors import Stab3lError

PIECE_BYTES: Final = 256 * 1024
STALL_S: Final = 30
STREAMS: Final = ("inputs", "outputs")
LIVE_HEADER: Final = struct.Struct("<QQ")
"""Before the payload of a live message: first sequence number, now."""

_CLOSE_TRY_AGAIN: Final = 1013
_FOREVER: Final = "public, max-age=31536000, immutable"
_log = structlog.get_logger(__name__)


STREAMS_INDEX: Final = Routes("Public streams")


class SegmentBody(ASGIResponse):
    """A part of a segment file, read piece by piece as it is taken."""

    def __init__(self, desk: Desk, stream: str, first: int, part: Part, headers: Mapping[str, str]) -> None:
        super().__init__(status_code=part.status)
        self._desk, self._stream, self._first, self._part = desk, stream, first, part
        self._raw = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Sends it. Raises `TimeoutError`, which breaks the connection, when the reader stands still."""
        nothing = scope["method"] == "HEAD" or self._part.status in (304, 416)
        with self._desk.readers.one_more(_address(self._desk, HttpRequest(scope, receive))):
            async with asyncio.timeout(STALL_S):
                await send({"type": "http.response.start", "status": self._part.status, "headers": self._raw})
            at, end = self._part.start, self._part.start if nothing else self._part.end
            while at < end:
                piece = await self._piece(at, end)
                at += len(piece)
                async with asyncio.timeout(STALL_S):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            async with asyncio.timeout(STALL_S):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _piece(self, at: int, end: int) -> bytes:
        exchange, length = self._desk.exchange, min(PIECE_BYTES, end - at)
        piece = await exchange.read_segment(self._stream, self._first, at, length)
        if not piece:
            raise Problem("unavailable", f"the segment ended at byte {at}, before {end}")
        return piece


@STREAMS_INDEX.get("/v1/streams")
async def streams(call: Call[Nothing, Nothing]) -> StreamsView:
    """The index of both journals: every segment with its sequence numbers, bytes and hash chain."""
    call.headers["Cache-Control"] = "no-cache"
    return StreamsView(**{stream: _stream_view(await call.desk.exchange.segments(stream)) for stream in STREAMS})


@route("/v1/streams/{stream:str}/segments/{first_sequence:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def segment(
    desk: NamedDependency[Desk], request: Request[Any, Any, Any], stream: FromPath[str], first_sequence: FromPath[str]
) -> ASGIResponse:
    """One segment file, whole or by ``Range``."""
    first = u64("first_sequence", first_sequence)
    found = next((one for one in await desk.exchange.segments(_known(stream)) if one.first_sequence == first), None)
    if found is None:
        raise Problem("segment_unknown", f"no segment of {stream} begins at {first}", first_sequence=first)
    etag = _etag(stream, found)
    part = part_of(dict(request.headers.items()), etag, found.size)
    return SegmentBody(desk, stream, first, part, _headers(found, etag, part))


@websocket("/v1/streams/{stream:str}/live")
async def live_frames(socket: WebSocket[Any, Any, Any], desk: NamedDependency[Desk], stream: FromPath[str]) -> None:
    """Frames from query parameter ``from`` on, as they are sequenced, one binary message each."""
    await socket.accept()
    try:
        request = HttpRequest(socket.scope, socket.receive)
        with desk.readers.one_more(_address(desk, request)):
            start = query_integer(request, "from", default=1, least=0, most=U64_MAX)
            frames = (desk.exchange.inputs if _known(stream) == "inputs" else desk.exchange.outputs)(start)
            await _relay(socket, frames)
    except (TimeoutError, WebSocketDisconnect) as error:
        _log.info("live_reader_gone", stream=stream, reason=repr(error))
    except Stab3lError as error:
        await socket.close(_CLOSE_TRY_AGAIN, error.message[:120])


async def _relay(socket: WebSocket[Any, Any, Any], frames: AsyncIterator[Frame]) -> None:
    """Sends frames until the reader leaves, stands still, or the exchange does not answer."""

    async def send() -> None:
        async with aclosing(cast("Any", frames)):
            async for frame in frames:
                head = LIVE_HEADER.pack(frame.first_sequence, frame.now)
                async with asyncio.timeout(STALL_S):
                    await socket.send_bytes(head + frame.payload)

    async def listen() -> None:
        while True:
            await socket.receive_data("binary")

    sending, listening = asyncio.create_task(send()), asyncio.create_task(listen())
    try:
        done, _ = await asyncio.wait((sending, listening), return_when=asyncio.FIRST_COMPLETED)
    finally:
        sending.cancel()
        listening.cancel()
        await asyncio.gather(sending, listening, return_exceptions=True)
    for task in done:
        task.result()


def _address(desk: Desk, request: HttpRequest) -> str:
    return desk.access.address_of(request.peer, request.header("x-forwarded-for"))


def _known(stream: str) -> str:
    if stream not in STREAMS:
        raise Problem("stream_unknown", f"there is no stream {stream[:48]!r}", stream=stream[:48])
    return stream


def _etag(stream: str, found: Segment) -> str:
    return f'"{stream}-{found.first_sequence}-{found.last_sequence}-{found.size}-{found.previous.hex()[:16]}"'


def _headers(found: Segment, etag: str, part: Part) -> dict[str, str]:
    headers = {
        "accept-ranges": "bytes",
        "etag": etag,
        "cache-control": _FOREVER if found.complete else "no-cache",
        "content-type": "application/octet-stream",
        "x-content-type-options": "nosniff",
    }
    if part.status != 304:
        headers["content-length"] = str(part.end - part.start)
    if part.status == 206:
        headers["content-range"] = f"bytes {part.start}-{part.end - 1}/{found.size}"
    elif part.status == 416:
        headers["content-range"] = f"bytes */{found.size}"
    return headers


def _stream_view(segments: tuple[Segment, ...]) -> StreamView:
    return StreamView(
        last_sequence=str(segments[-1].last_sequence if segments else 0),
        bytes=str(sum(one.size for one in segments)),
        segments=[
            SegmentView(
                first_sequence=str(one.first_sequence),
                last_sequence=str(one.last_sequence),
                bytes=str(one.size),
                complete=one.complete,
                previous="0x" + one.previous.hex() if one.previous else None,
                head="0x" + one.head.hex() if one.head else None,
            )
            for one in segments
        ],
    )


STREAM_ROUTES: Final[list[BaseRouteHandler]] = [segment, live_frames]
