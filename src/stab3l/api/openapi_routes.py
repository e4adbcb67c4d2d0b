"""The API's description of itself: ``/v1/openapi.json``, ``/v1/asyncapi.json``, and a page to read at ``/docs``."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.handlers.base import BaseRouteHandler

from stab3l.api.asyncapi import asyncapi_document
from stab3l.api.desk import Desk
from stab3l.api.endpoints import Endpoint
from stab3l.api.openapi import document
from stab3l.api.reference_page import reference_page

STYLE: Final = Path(__file__).parent / "docs_page" / "reference.css"


def openapi_routes(endpoints: Sequence[Endpoint]) -> list[BaseRouteHandler]:
    """The routes; what they answer is made once for a server's address."""
    made: dict[tuple[str, str], bytes] = {}

    def once(kind: str, server: str, make: Callable[[], bytes]) -> bytes:
        if (kind, server) not in made:
            made[kind, server] = make()
        return made[kind, server]

    @get("/v1/openapi.json", name="openapi")
    async def openapi(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
        server = desk.network.api_url
        content = once("openapi", server, lambda: msgspec.json.encode(document(endpoints, server)))
        return _content(request, content, "application/json")

    @get("/v1/asyncapi.json", name="asyncapi")
    async def asyncapi(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
        server = desk.network.api_url
        content = once("asyncapi", server, lambda: msgspec.json.encode(asyncapi_document(server)))
        return _content(request, content, "application/json")

    @get("/docs", name="reference page")
    async def page(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
        server = desk.network.api_url
        content = once("page", server, lambda: reference_page(endpoints, document(endpoints, server)).encode())
        return _content(request, content, "text/html")

    @get("/docs/reference.css", name="reference style", sync_to_thread=False)
    def style(request: Request[Any, Any, Any]) -> Response[bytes]:
        return _content(request, STYLE.read_bytes(), "text/css")

    return [openapi, asyncapi, page, style]


def _content(request: Request[Any, Any, Any], content: bytes, media_type: str) -> Response[bytes]:
    headers = {"ETag": f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"', "Cache-Control": "no-cache"}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
