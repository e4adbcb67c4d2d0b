"""How a request is read: media type, size, strict JSON, and query parameters within their ranges."""

from __future__ import annotations

import asyncio
from typing import Any, Final, TypeVar

import msgspec
from litestar import Request
from litestar.exceptions import HTTPException

from stab3l.api.problems import Problem

BODY_BYTES_MAX: Final = 128 * 1024
"""Of any request; most paths take less."""

HttpRequest = Request[Any, Any, Any]
BODY_S: Final = 10
"""Whoever sends a body more slowly is answered without it."""
T = TypeVar("T")


async def body_of(kind: type[T], request: HttpRequest, bytes_max: int) -> T:
    """The body of a request as a ``kind``. Raises `Problem` for what is wrong with it."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Problem("content_type_unsupported", f"the body is {media_type[:48]!r}", content_type=media_type[:48])
    return decoded(kind, await raw_body(request, bytes_max))


async def raw_body(request: HttpRequest, bytes_max: int) -> bytes:
    """The bytes of a body. Raises `Problem` ``body_too_large``, ``body_slow``, ``request_refused``."""
    told = request.headers.get("content-length", "")
    if told.isascii() and told.isdigit() and int(told[:20]) > bytes_max:
        raise _too_large(bytes_max)
    try:
        async with asyncio.timeout(BODY_S):
            data: bytes = await request.body()
    except TimeoutError:
        raise Problem("body_slow", f"the body did not come within {BODY_S} s", timeout_s=BODY_S) from None
    except HTTPException as error:
        if error.status_code == 413:
            raise _too_large(bytes_max) from None
        raise Problem("request_refused", error.detail) from None
    if len(data) > bytes_max:
        raise _too_large(bytes_max)
    return data


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
    for name, value in request.query_params.multi_items():
        if name in given:
            raise Problem("query_invalid", f"{name[:48]} is given twice", parameter=name[:48])
        given[name] = value
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Problem("query_invalid", str(error), parameter=str(error).rpartition("$.")[2].rstrip("`")) from None


def query_integer(request: HttpRequest, name: str, *, default: int, least: int, most: int) -> int:
    """An integer query parameter. Raises `Problem` ``query_invalid``."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 20):
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
