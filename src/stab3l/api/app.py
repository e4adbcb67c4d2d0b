"""The Litestar application: routes, the socket, and every failure as a problem document."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import structlog
from litestar import Litestar, Request, Response, WebSocket, websocket
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException

from stab3l.api.backing_routes import backing_routes
from stab3l.api.desk import Desk
from stab3l.api.exchange_routes import EXCHANGE_ROUTES
from stab3l.api.history_routes import HISTORY_ROUTES
from stab3l.api.page_routes import SECURITY_HEADERS, page_routes
from stab3l.api.problems import PROBLEM_MEDIA_TYPE, Problem, problem_of
from stab3l.api.public_streams import STREAM_ROUTES
from stab3l.api.reading import BODY_BYTES_MAX
from stab3l.api.sockets import Session
from stab3l.errors import Stab3lError

_HTTP_PROBLEMS: Final = {404: "path_unknown", 405: "method_not_allowed", 413: "body_too_large"}
_log = structlog.get_logger(__name__)


@websocket("/v1/ws")
async def live_socket(socket: WebSocket[Any, Any, Any], desk: NamedDependency[Desk]) -> None:
    """Subscriptions and order entry."""
    await Session(socket, desk.live, desk.entry, desk.changes).run()


def create_app(desk: Desk) -> Litestar:
    """The application around a desk; whoever serves it runs the desk, too."""
    return Litestar(
        route_handlers=[
            *EXCHANGE_ROUTES,
            *HISTORY_ROUTES,
            *STREAM_ROUTES,
            *backing_routes(desk.network),
            *page_routes(),
            live_socket,
        ],
        dependencies={"desk": Provide(lambda: desk, sync_to_thread=False)},
        exception_handlers={Stab3lError: _tell_error, HTTPException: _tell_http, Exception: _tell_mistake},
        response_headers=SECURITY_HEADERS,
        request_max_body_size=BODY_BYTES_MAX,
        openapi_config=None,
        logging_config=None,
    )


def _tell_error(_: Request[Any, Any, Any], error: Stab3lError) -> Response[bytes]:
    return _response(problem_of(error))


def _tell_http(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    problem = Problem(_HTTP_PROBLEMS.get(error.status_code, "request_refused"), error.detail)
    return _response(problem, dict(error.headers or {}))


def _tell_mistake(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    _log.error("request_failed", path=request.url.path, exc_info=error)
    return _response(Problem("internal", "the API made a mistake; it is in the log"))


def _response(problem: Problem, headers: dict[str, str] | None = None) -> Response[bytes]:
    document = msgspec.json.encode(problem.document())
    return Response(
        document,
        status_code=problem.kind.status,
        media_type=PROBLEM_MEDIA_TYPE,
        headers=(headers or {}) | problem.headers(),
    )
