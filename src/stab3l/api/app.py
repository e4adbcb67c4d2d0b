"""The Litestar application: routes, the socket, and every failure as a problem document."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import structlog
from litestar import Litestar, Request, Response, WebSocket, websocket
from litestar.config.cors import CORSConfig
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException

from stab3l.api.access.request_signing import KEY_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER
from stab3l.api.access_routes import CALLERS, SIGN_IN
from stab3l.api.account_routes import ACCOUNTS, OWN
from stab3l.api.chain_routes import CHAINS, COMPUTE
from stab3l.api.console_routes import CONSOLE, SECURITY_HEADERS, page_routes
from stab3l.api.derivative_routes import DERIVATIVES
from stab3l.api.desk import Desk
from stab3l.api.endpoints import Endpoint
from stab3l.api.front import Front
from stab3l.api.graphql import GRAPHQL
from stab3l.api.market_routes import MARKETS
from stab3l.api.network_routes import NETWORK, reached_by_browsers
from stab3l.api.openapi_routes import openapi_routes
from stab3l.api.order_routes import ORDERS
from stab3l.api.peg_routes import PEG
from stab3l.api.problems import Problem, problem_of
from stab3l.api.public_streams import STREAM_ROUTES, STREAMS_INDEX
from stab3l.api.reading import BODY_BYTES_MAX
from stab3l.api.responses import problem_response
from stab3l.api.serving import route_of
from stab3l.api.socket_clients import ServedSocket
from stab3l.api.sockets import Session
from stab3l.errors import Stab3lError

_HTTP_PROBLEMS: Final = {404: "path_unknown", 405: "method_not_allowed", 413: "body_too_large"}
_log = structlog.get_logger(__name__)

GROUPS: Final = (
    MARKETS,
    ORDERS,
    ACCOUNTS,
    OWN,
    DERIVATIVES,
    SIGN_IN,
    CALLERS,
    COMPUTE,
    CHAINS,
    NETWORK,
    PEG,
    STREAMS_INDEX,
)
ENDPOINTS: Final[tuple[Endpoint, ...]] = tuple(one for group in GROUPS for one in group.endpoints)


@websocket("/v1/ws")
async def live_socket(socket: WebSocket[Any, Any, Any], desk: NamedDependency[Desk]) -> None:
    """Subscriptions and order entry."""
    await Session(ServedSocket(socket), desk).run()


def create_app(desk: Desk, console: Path = CONSOLE) -> Front:
    """The application around a desk; whoever serves it runs the desk, too. ``console``: folder of the built console."""
    pages = page_routes(console, reached_by_browsers(desk.network))
    handlers = [*map(route_of, ENDPOINTS), *openapi_routes(ENDPOINTS), *STREAM_ROUTES, *GRAPHQL, *pages, live_socket]
    application = Litestar(
        route_handlers=handlers,
        dependencies={"desk": Provide(lambda: desk, sync_to_thread=False)},
        exception_handlers={Stab3lError: _tell_error, HTTPException: _tell_http, Exception: _tell_mistake},
        response_headers=SECURITY_HEADERS,
        cors_config=_shared_with(desk.access.origins),
        request_max_body_size=BODY_BYTES_MAX,
        openapi_config=None,
        logging_config=None,
    )
    return Front(application, ENDPOINTS, desk, SECURITY_HEADERS)


def _shared_with(origins: Sequence[str]) -> CORSConfig:
    """Pages of these origins may call, with the credentials that they hold themselves: none goes along by itself."""
    return CORSConfig(
        allow_origins=list(origins),
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=[
            "Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", KEY_HEADER, TIMESTAMP_HEADER,
            SIGNATURE_HEADER,
        ],
        expose_headers=["RateLimit", "RateLimit-Policy", "Retry-After", "ETag", "X-Request-Id", "Idempotent-Replayed"],
    )  # fmt: skip


def _tell_error(_: Request[Any, Any, Any], error: Stab3lError) -> Response[bytes]:
    return problem_response(problem_of(error), SECURITY_HEADERS)


def _tell_http(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    problem = Problem(_HTTP_PROBLEMS.get(error.status_code, "request_refused"), error.detail)
    return problem_response(problem, SECURITY_HEADERS | dict(error.headers or {}))


def _tell_mistake(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    _log.error("request_failed", path=request.url.path, exc_info=error)
    return problem_response(Problem("internal", "the API made a mistake; it is in the log"), SECURITY_HEADERS)
