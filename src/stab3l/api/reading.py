"""How a request is read: media type, size, strict JSON, and query parameters within their ranges."""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec
from litestar import Request
from litestar.exceptions import HTTPException

from stab3l.api.problems import Problem

BODY_BYTES_MAX: Final = 16 * 1024

HttpRequest = Request[Any, Any, Any]
T = TypeVar("T")


async def body_of(kind: type[T], request: HttpRequest) -> T:
    """The body of a request as a ``kind``. Raises `Problem` for what is wrong with it."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Problem("content_type_unsupported", f"the body is {media_type[:48]!r}", content_type=media_type[:48])
    try:
        data = await request.body()
    except HTTPException as error:
        if error.status_code == 413:
            raise _too_large() from None
        raise Problem("request_refused", error.detail) from None
    if len(data) > BODY_BYTES_MAX:
        raise _too_large()
    return decoded(kind, data)


def decoded(kind: type[T], data: bytes) -> T:
    """Strict JSON of ``kind``. Raises `Problem` ``json_malformed`` or ``body_invalid``."""
    try:
        return msgspec.json.decode(data, type=kind, strict=True)
    except msgspec.ValidationError as error:
        raise Problem("body_invalid", str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem("json_malformed", str(error)) from None


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


def _too_large() -> Problem:
    return Problem("body_too_large", f"at most {BODY_BYTES_MAX} bytes are read", bytes_max=BODY_BYTES_MAX)
