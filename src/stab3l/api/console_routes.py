"""The pages: the built console where there is one, else the plain live page, under a strict policy."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from litestar import HttpMethod, Request, Response, get, route
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath

from stab3l.api.problems import Problem
from stab3l.api.responses import problem_response

PAGE: Final = Path(__file__).parent / "page"
CONSOLE: Final = Path(__file__).parent / "console"
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), publickey-credentials-get=(self)",
}
IMMUTABLE: Final = "public, max-age=31536000, immutable"
_OWN_PATHS: Final = ("v1", "graphql", "docs", "assets", ".well-known", "page")
_ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
_MEDIA_TYPES: Final = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".txt": "text/plain",
}


@dataclass(frozen=True, slots=True)
class Page:
    """A file as it is sent: its content in each encoding that was built."""

    media_type: str
    cache: str
    etag: str
    contents: dict[str, bytes]

    def response(self, request: Request[Any, Any, Any], headers: dict[str, str]) -> Response[bytes]:
        """The answer: 304 when the caller has it, else in the best encoding that it takes."""
        headers = headers | {"Cache-Control": self.cache, "ETag": self.etag, "Vary": "Accept-Encoding"}
        if self.etag in request.headers.get("if-none-match", ""):
            return Response(b"", status_code=304, headers=headers)
        accepted = {part.partition(";")[0].strip() for part in request.headers.get("accept-encoding", "").split(",")}
        for encoding, _ in _ENCODINGS:
            if encoding in accepted and encoding in self.contents:
                encoded = headers | {"Content-Encoding": encoding}
                return Response(self.contents[encoding], media_type=self.media_type, headers=encoded)
        return Response(self.contents[""], media_type=self.media_type, headers=headers)


def page_routes(console: Path, rpc_urls: Sequence[str]) -> list[BaseRouteHandler]:
    """Routes of the console in a folder, or of the plain page when none was built there. Files are read once."""
    if not (console / "index.html").is_file():
        return [_route("/" if one.name == "index.html" else f"/page/{one.name}", one) for one in sorted(PAGE.iterdir())]
    pages = _pages(console)
    headers = {"Content-Security-Policy": console_policy(rpc_urls)}

    @route(["/", "/{path:path}"], http_method=[HttpMethod.GET, HttpMethod.HEAD], name="console", sync_to_thread=False)
    def console_file(request: Request[Any, Any, Any], path: FromPath[str] = "") -> Response[bytes]:
        wanted = path.strip("/")
        page = pages.get(wanted or "index.html")
        if page is None:
            first, last = wanted.partition("/")[0], wanted.rpartition("/")[2]
            if first in _OWN_PATHS or "." in last:
                return problem_response(Problem("path_unknown", "there is nothing at this path"))
            page = pages["index.html"]
        return page.response(request, headers)

    return [console_file]


def console_policy(rpc_urls: Sequence[str]) -> str:
    """The console's Content-Security-Policy: own scripts only; chains may be read where the network says they are."""
    connect = " ".join(["'self'", *dict.fromkeys(rpc_urls)])
    return (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        f"font-src 'self'; connect-src {connect}; worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )


def _pages(folder: Path) -> dict[str, Page]:
    """Every file of a folder but its compressed twins, by path."""
    twins = tuple(suffix for _, suffix in _ENCODINGS)
    files = [one for one in sorted(folder.rglob("*")) if one.is_file() and one.suffix not in twins]
    return {
        one.relative_to(folder).as_posix(): _page(one, one.relative_to(folder).parts[0] == "assets") for one in files
    }


def _page(file: Path, hashed: bool) -> Page:
    contents = {"": file.read_bytes()}
    for encoding, suffix in _ENCODINGS:
        twin = file.with_name(file.name + suffix)
        if twin.is_file():
            contents[encoding] = twin.read_bytes()
    etag = f'"{hashlib.blake2b(contents[""], digest_size=12).hexdigest()}"'
    media_type = _MEDIA_TYPES.get(file.suffix, "application/octet-stream")
    return Page(media_type, IMMUTABLE if hashed else "no-cache", etag, contents)


def _route(path: str, file: Path) -> BaseRouteHandler:
    page = _page(file, hashed=False)

    @get(path, sync_to_thread=False, include_in_schema=False, name=f"page {file.name}")
    def page_file(request: Request[Any, Any, Any]) -> Response[bytes]:
        return page.response(request, {})

    return page_file
