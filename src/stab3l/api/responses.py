"""What is sent back, whichever way the request came."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec
from litestar import Response

from stab3l.api.problems import PROBLEM_MEDIA_TYPE, Problem

JSON: Final = "application/json"
encode: Final = msgspec.json.Encoder().encode
_WITHOUT_CONTENT: Final = (204, 304)


class Answer(msgspec.Struct, frozen=True):
    """A response. ``media_type``: "" where there is no content."""

    status: int
    content: bytes
    media_type: str
    headers: dict[str, str]

    def response(self) -> Response[bytes]:
        """As a handler of the application returns it."""
        return Response(self.content, status_code=self.status, media_type=self.media_type or None, headers=self.headers)

    async def send(self, send: Callable[[Any], Awaitable[None]], more: Sequence[tuple[bytes, bytes]]) -> None:
        """Sends it by ASGI, with ``more`` headers than its own."""
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items()]
        headers += more
        if self.status not in _WITHOUT_CONTENT:
            headers.append((b"content-type", (self.media_type or JSON).encode()))
            headers.append((b"content-length", b"%d" % len(self.content)))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.content, "more_body": False})


def problem_answer(problem: Problem, headers: dict[str, str] | None = None) -> Answer:
    """A problem document."""
    content = encode(problem.document())
    return Answer(problem.kind.status, content, PROBLEM_MEDIA_TYPE, (headers or {}) | problem.headers())


def problem_response(problem: Problem, headers: dict[str, str] | None = None) -> Response[bytes]:
    """A problem document, as a handler of the application returns it."""
    return problem_answer(problem, headers).response()
