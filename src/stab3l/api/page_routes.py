"""The live page: static files from ``page/``, under a policy that lets nothing else in."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from litestar import Response, get
from litestar.handlers.base import BaseRouteHandler

PAGE: Final = Path(__file__).parent / "page"
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_MEDIA_TYPES: Final = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
}


def _route(path: str, name: str, media_type: str) -> BaseRouteHandler:
    content = (PAGE / name).read_bytes()

    @get(path, sync_to_thread=False, include_in_schema=False, name=f"page {name}")
    def page_file() -> Response[bytes]:
        return Response(content, media_type=media_type, headers={"Cache-Control": "no-cache"})

    return page_file


def page_routes() -> list[BaseRouteHandler]:
    """The page's routes; its files are read once."""
    return [
        _route("/" if file.name == "index.html" else f"/page/{file.name}", file.name, _MEDIA_TYPES[file.suffix])
        for file in sorted(PAGE.iterdir())
    ]
