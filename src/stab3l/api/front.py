"""What every connection meets first: the application, and a short way to the endpoints whose path is fixed.

Programs send most of what comes, orders above all, to a few paths without parts that vary. Routing, middleware and the
framework's objects cost such a request more than the check of its signature, so it goes straight to
`stab3l.api.serving.serve_endpoint`, which serves it just as behind the application's router. Whatever needs the
router's judgement takes the long way: other paths and methods, odd Host headers, and pages of browsers, which send an
Origin (CORS).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from litestar import Litestar

from stab3l.api.desk import Desk
from stab3l.api.endpoints import Endpoint
from stab3l.api.reading import HttpRequest
from stab3l.api.serving import serve_endpoint

_HOST: Final = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?")


class Front:
    """An ASGI application around ``application``. ``headers``: those of every answer."""

    def __init__(
        self, application: Litestar, endpoints: Iterable[Endpoint], desk: Desk, headers: Mapping[str, str]
    ) -> None:
        self.application = application
        self._straight = {(one.method, one.path): one for one in endpoints if "{" not in one.path}
        self._desk = desk
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serves one connection."""
        endpoint = self._straight.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if endpoint is not None:
            request = HttpRequest(scope, receive)
            if "origin" not in request.headers and _HOST.fullmatch(request.header("host")):
                answer = await serve_endpoint(endpoint, request, self._desk)
                await answer.send(send, self._headers)
                return
        await self.application(scope, receive, send)
