"""How an endpoint is served: credential, limit, fields, handler, answer; and every failure as a problem document."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import msgspec
import structlog
from litestar import HttpMethod, Request, Response
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler

from stab3l.api.access.door import Admission
from stab3l.api.cache import Cached
from stab3l.api.desk import Desk
from stab3l.api.endpoints import Call, Endpoint, Nothing
from stab3l.api.problems import PROBLEM_MEDIA_TYPE, Problem, problem_of
from stab3l.api.reading import body_of, query_of
from stab3l.clock import monotonic_s
from stab3l.errors import Stab3lError

JSON: Final = "application/json"
_encode = msgspec.json.Encoder().encode
_log = structlog.get_logger(__name__)


def route_of(endpoint: Endpoint) -> HTTPRouteHandler:
    """The endpoint as a route of the application."""

    async def serve(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
        return await _serve(endpoint, request, desk)

    path = endpoint.path.replace("}", ":str}")
    name = f"{endpoint.method} {endpoint.path}"
    return HTTPRouteHandler(path, http_method=HttpMethod(endpoint.method), name=name, status_code=200)(serve)


def problem_response(problem: Problem, headers: dict[str, str] | None = None) -> Response[bytes]:
    """A problem document."""
    return Response(
        _encode(problem.document()),
        status_code=problem.kind.status,
        media_type=PROBLEM_MEDIA_TYPE,
        headers=(headers or {}) | problem.headers(),
    )


async def _serve(endpoint: Endpoint, request: Request[Any, Any, Any], desk: Desk) -> Response[bytes]:
    began, headers = monotonic_s(), dict[str, str]()
    admission = desk.access.admission(request, endpoint.method, headers)
    try:
        await admission.admit(endpoint.cost, endpoint.scope, endpoint.accepts, endpoint.body_bytes_max)
        if endpoint.cache_s:
            response = await _serve_cached(endpoint, request, desk, admission, headers)
        elif endpoint.method == "GET":
            content, status = await _answer(endpoint, request, desk, admission, headers)
            response = _response(content, status, headers)
        else:
            response = await admission.once(lambda: _change(endpoint, request, desk, admission, headers))
    except Stab3lError as error:
        response = problem_response(problem_of(error), headers)
    except Exception as error:
        _log.error("request_failed", path=request.url.path, exc_info=error)
        response = problem_response(Problem("internal", "the API made a mistake; it is in the log"), headers)
    desk.access.count(
        endpoint.method, endpoint.path, response.status_code or 0, monotonic_s() - began, admission.caller
    )
    return response


async def _change(
    endpoint: Endpoint, request: Request[Any, Any, Any], desk: Desk, admission: Admission, headers: dict[str, str]
) -> Response[bytes]:
    content, status = await _answer(endpoint, request, desk, admission, headers)
    return _response(content, status, headers)


async def _answer(
    endpoint: Endpoint, request: Request[Any, Any, Any], desk: Desk, admission: Admission, headers: dict[str, str]
) -> tuple[bytes, int]:
    query = query_of(endpoint.query, request)
    body = await body_of(endpoint.body, request, endpoint.body_bytes_max) if endpoint.has_body else Nothing()
    call = Call(desk, dict(request.path_params), query, body, admission.caller, endpoint.status, headers)
    call.charge = admission.charge
    call.origin, call.user_agent = request.headers.get("origin", ""), request.headers.get("user-agent", "")
    answer = await endpoint.handler(call)
    return b"" if answer is None else _encode(answer), call.status


async def _serve_cached(
    endpoint: Endpoint, request: Request[Any, Any, Any], desk: Desk, admission: Admission, headers: dict[str, str]
) -> Response[bytes]:
    """An answer that may be some seconds old, made once for all who ask meanwhile."""

    async def make() -> Cached:
        content, _ = await _answer(endpoint, request, desk, admission, {})
        return Cached(content, f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"')

    made = await desk.cache.get(str(request.url.path) + "?" + request.url.query, endpoint.cache_s, make)
    headers |= {"ETag": made.etag, "Cache-Control": f"public, max-age={endpoint.cache_s}"}
    if made.etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    return _response(made.content, endpoint.status, headers)


def _response(content: bytes, status: int, headers: dict[str, str]) -> Response[bytes]:
    return Response(content, status_code=status, media_type=JSON if content else None, headers=headers)
