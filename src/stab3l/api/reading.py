"""How a request is read: headers, media type, size, strict JSON, and query parameters within their ranges."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec

from stab3l.api.problems import Problem

BODY_BYTES_MAX: Final = 128 * 1024
"""Of any request; most paths take less."""
BODY_S: Final = 10
"""Whoever sends a body more slowly is answered without it."""
T = TypeVar("T")


class HttpRequest:
    """One request, or the handshake of a socket, as ASGI hands it over. Its body is read once."""

    __slots__ = ("_body", "_receive", "headers", "path", "scope")

    def __init__(self, scope: Mapping[str, Any], receive: Callable[[], Awaitable[Any]]) -> None:
        self.scope = scope
        self.path: str = scope["path"]
        self.headers: dict[str, str] = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])
        }
        """By lower-case name; of several of one name the first."""
        self._receive = receive
        self._body: bytes | None = None

    def header(self, name: str) -> str:
        """A header, in whatever case; "" without it."""
        return self.headers.get(name.lower(), "")

    @property
    def query(self) -> str:
        """What stands behind the question mark."""
        return bytes(self.scope.get("query_string") or b"").decode("latin-1")

    @property
    def query_items(self) -> list[tuple[str, str]]:
        """The query's parameters in their order."""
        query = self.query
        return parse_qsl(query, keep_blank_values=True) if query else []

    @property
    def parts(self) -> dict[str, str]:
        """The parts of the path that vary, by name."""
        return dict(self.scope.get("path_params") or {})

    @property
    def target(self) -> str:
        """Path and query as they were sent."""
        path = bytes(self.scope.get("raw_path") or self.path.encode()).decode("latin-1").partition("?")[0]
        return f"{path}?{self.query}" if self.query else path

    @property
    def peer(self) -> str:
        """The address of the other end of the connection; "" where there is none."""
        client = self.scope.get("client")
        return str(client[0]) if client else ""

    async def body(self, bytes_max: int) -> bytes:
        """Its body. Raises `Problem` ``body_too_large``, ``body_slow``, ``request_refused``."""
        if self._body is None:
            told = self.headers.get("content-length", "")
            size = int(told[:20]) if told.isascii() and told.isdigit() else None
            if size is not None and size > bytes_max:
                raise _too_large(bytes_max)
            try:
                async with asyncio.timeout(BODY_S):
                    self._body = await self._read(size, bytes_max)
            except TimeoutError:
                raise Problem("body_slow", f"the body did not come within {BODY_S} s", timeout_s=BODY_S) from None
        return self._body

    async def _read(self, size: int | None, bytes_max: int) -> bytes:
        """All of it; nothing more is waited for when ``size`` bytes, as many as were announced, are there."""
        data, more = bytearray(), size != 0
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Problem("request_refused", "the client left before its request was complete")
            data += message.get("body", b"")
            more = message.get("more_body", False) and len(data) != size
            if len(data) > bytes_max:
                raise _too_large(bytes_max)
        return bytes(data)


async def body_of(kind: type[T], request: HttpRequest, bytes_max: int) -> T:
    """The body of a request as a ``kind``. Raises `Problem` for what is wrong with it."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Problem("content_type_unsupported", f"the body is {media_type[:48]!r}", content_type=media_type[:48])
    return decoded(kind, await request.body(bytes_max))


def decoded(kind: type[T], data: bytes) -> T:
    """Strict JSON of ``kind``. Raises `Problem` ``json_malformed`` or ``body_invalid``."""
    try:
        return msgspec.json.decode(data, type=kind, strict=True)
    except msgspec.ValidationError as error:
        raise Problem("body_invalid", str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem("json_malformed", str(error)) from None


def query_of(kind: type[T], request: HttpRequest) -> T:
    """The query of a request as a ``kind``. Raises `Problem` ``query_invalid``."""
    given: dict[str, str] = {}
    for name, value in request.query_items:
        if name in given:
            raise Problem("query_invalid", f"{name[:48]} is given twice", parameter=name[:48])
        given[name] = value
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Problem("query_invalid", str(error), parameter=str(error).rpartition("$.")[2].rstrip("`")) from None


def query_integer(request: HttpRequest, name: str, *, default: int, least: int, most: int) -> int:
    """An integer query parameter. Raises `Problem` ``query_invalid``."""
    text = dict(reversed(request.query_items)).get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise _query_invalid(name, text, least, most)
    if not least <= int(text) <= most:
        raise _query_invalid(name, text, least, most)
    return int(text)


def _query_invalid(name: str, value: object, least: int, most: int) -> Problem:
    shown = str(value)[:48]
    return Problem(
        "query_invalid",
        f"{name} {shown!r} is not an integer from {least} to {most}",
        parameter=name,
        value=shown,
        least=least,
        most=most,
    )


def _too_large(bytes_max: int) -> Problem:
    return Problem("body_too_large", f"at most {bytes_max} bytes are read", bytes_max=bytes_max)
