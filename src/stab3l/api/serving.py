"""How an endpoint is served: credential, limit, fields, handler, answer; and every failure as a problem document."""

from __future__ import annotations

import hashlib
from typing import Any

import structlog
from litestar import HttpMethod, Request, Response
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler

from stab3l.api.access.door import Admission
from stab3l.api.cache import Cached
from stab3l.api.desk import Desk
from stab3l.api.endpoints import Call, Endpoint, Nothing
from stab3l.api.problems import Problem, problem_of
from stab3l.api.reading import HttpRequest, body_of, query_of
from stab3l.api.responses import JSON, Answer, encode, problem_answer
from stab3l.clock import monotonic_s
from stab3l.errors import Stab3lError

_log = structlog.get_logger(__name__)


def route_of(endpoint: Endpoint) -> HTTPRouteHandler:
    """The endpoint as a route of the application."""

    async def serve(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
        asked = HttpRequest(request.scope, request.receive)
        return (await serve_endpoint(endpoint, asked, desk)).response()

    path = endpoint.path.replace("}", ":str}")
    name = f"{endpoint.method} {endpoint.path}"
    return HTTPRouteHandler(path, http_method=HttpMethod(endpoint.method), name=name, status_code=200)(serve)


async def serve_endpoint(endpoint: Endpoint, request: HttpRequest, desk: Desk) -> Answer:
    """What the endpoint answers; a failure is a problem document, too."""
    began, headers = monotonic_s(), dict[str, str]()
    admission = desk.access.admission(request, endpoint.method, headers)
    try:
        await admission.admit(endpoint.cost, endpoint.scope, endpoint.accepts, endpoint.body_bytes_max)
        if endpoint.cache_s:
            answer = await _serve_cached(endpoint, request, desk, admission, headers)
        elif endpoint.method == "GET":
            answer = await _answer(endpoint, request, desk, admission, headers)
        else:
            answer = await admission.once(lambda: _answer(endpoint, request, desk, admission, headers))
    except Stab3lError as error:
        answer = problem_answer(problem_of(error), headers)
    except Exception as error:
        _log.error("request_failed", path=request.path, exc_info=error)
        answer = problem_answer(Problem("internal", "the API made a mistake; it is in the log"), headers)
    desk.access.count(endpoint.method, endpoint.path, answer.status, monotonic_s() - began, admission.caller)
    return answer


async def _answer(
    endpoint: Endpoint, request: HttpRequest, desk: Desk, admission: Admission, headers: dict[str, str]
) -> Answer:
    content, status = await _content(endpoint, request, desk, admission, headers)
    return _found(content, status, headers)


async def _content(
    endpoint: Endpoint, request: HttpRequest, desk: Desk, admission: Admission, headers: dict[str, str]
) -> tuple[bytes, int]:
    query = query_of(endpoint.query, request)
    body = await body_of(endpoint.body, request, endpoint.body_bytes_max) if endpoint.has_body else Nothing()
    call = Call(desk, request.parts, query, body, admission.caller, endpoint.status, headers)
    call.charge = admission.charge
    call.origin, call.user_agent = request.header("origin"), request.header("user-agent")
    answer = await endpoint.handler(call)
    return b"" if answer is None else encode(answer), call.status


async def _serve_cached(
    endpoint: Endpoint, request: HttpRequest, desk: Desk, admission: Admission, headers: dict[str, str]
) -> Answer:
    """An answer that may be some seconds old, made once for all who ask meanwhile."""

    async def make() -> Cached:
        content, _ = await _content(endpoint, request, desk, admission, {})
        return Cached(content, f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"')

    made = await desk.cache.get(f"{request.path}?{request.query}", endpoint.cache_s, make)
    headers |= {"ETag": made.etag, "Cache-Control": f"public, max-age={endpoint.cache_s}"}
    if made.etag in request.header("if-none-match"):
        return _found(b"", 304, headers)
    return _found(made.content, endpoint.status, headers)


def _found(content: bytes, status: int, headers: dict[str, str]) -> Answer:
    return Answer(status, content, JSON if content else "", headers)
