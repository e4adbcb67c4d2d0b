"""``/graphql``: queries by POST, subscriptions by WebSocket. Queries by GET are not taken (CSRF)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final, cast

import msgspec
from litestar import Request, Response, WebSocket, post, websocket
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketDisconnect
from strawberry.http.exceptions import NonJsonMessageReceived, WebSocketDisconnected
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.types.unset import UNSET

from stab3l.api.desk import Desk
from stab3l.api.graphql.context import GraphContext, Loaders
from stab3l.api.graphql.schema import make_schema
from stab3l.api.problems import Problem, problem_of
from stab3l.api.reading import HttpRequest, body_of
from stab3l.api.responses import problem_response
from stab3l.errors import Stab3lError

PATH: Final = "/graphql"
BODY_BYTES_MAX: Final = 16 * 1024
SUBSCRIPTIONS_MAX: Final = 20
INIT_WITHIN: Final = timedelta(seconds=10)
CLOSE_FORBIDDEN: Final = 4403
CLOSE_PROTOCOL: Final = 4406
CLOSE_TOO_LARGE: Final = 1009
SCHEMA: Final = make_schema()
_encode = msgspec.json.Encoder().encode


class GraphQLRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Body of ``POST /graphql``."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    extensions: dict[str, Any] | None = None


@post(PATH, status_code=200)
async def graphql(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> Response[bytes]:
    """One operation. 400 for a document that is refused as a whole; errors of fields stand beside the data."""
    sent, headers = HttpRequest(request.scope, request.receive), dict[str, str]()
    try:
        admission = desk.access.admission(sent, "POST", headers)
        caller = await admission.admit("read", None, None, BODY_BYTES_MAX)
        asked = await body_of(GraphQLRequest, sent, BODY_BYTES_MAX)
    except Stab3lError as error:
        return problem_response(problem_of(error), headers)
    context = GraphContext(desk=desk, loaders=Loaders(desk), caller=caller)
    try:
        result = await SCHEMA.execute(asked.query, asked.variables, context, operation_name=asked.operation_name)
    except (ValueError, RecursionError) as error:
        return problem_response(Problem("request_refused", f"the operation cannot be run: {error}"), headers)
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [error.formatted for error in result.errors]
    refused = result.data is None and bool(result.errors) and not any(error.path for error in result.errors or ())
    return Response(
        _encode(answer), status_code=400 if refused else 200, media_type="application/json", headers=headers
    )


@websocket(PATH)
async def subscriptions(socket: WebSocket[Any, Any, Any], desk: NamedDependency[Desk]) -> None:
    """Subscriptions, and queries too, by graphql-transport-ws."""
    try:
        desk.access.check_origin(socket.headers.get("origin", ""))
    except Stab3lError:
        await socket.close(CLOSE_FORBIDDEN)
        return
    if GRAPHQL_TRANSPORT_WS_PROTOCOL not in socket.scope["subprotocols"]:
        await socket.accept()
        await socket.close(CLOSE_PROTOCOL, "speak graphql-transport-ws")
        return
    await socket.accept(subprotocols=GRAPHQL_TRANSPORT_WS_PROTOCOL)
    await BaseGraphQLTransportWSHandler(
        view=cast("Any", _Conversation()),
        websocket=cast("Any", _Wire(socket)),
        context=GraphContext(desk=desk, loaders=Loaders(desk)),
        root_value=None,
        schema=SCHEMA,
        connection_init_wait_timeout=INIT_WITHIN,
        max_subscriptions_per_connection=SUBSCRIPTIONS_MAX,
    ).handle()


class _Conversation:
    """What the protocol asks of its server."""

    async def on_ws_connect(self, context: Any) -> Any:
        """Everybody may connect: fields ask for credentials themselves."""
        return UNSET


class _Wire:
    """A socket as the protocol uses it."""

    def __init__(self, socket: WebSocket[Any, Any, Any]) -> None:
        self._socket = socket

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncIterator[object]:
        """Messages until the client leaves."""
        while True:
            try:
                text = await self._socket.receive_text()
            except WebSocketDisconnect:
                return
            if len(text) > BODY_BYTES_MAX:
                await self.close(CLOSE_TOO_LARGE, "message_too_large")
                return
            try:
                yield msgspec.json.decode(text)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                raise NonJsonMessageReceived from None

    async def send_json(self, message: Any) -> None:
        """One message."""
        try:
            await self._socket.send_text(_encode(message).decode())
        except (WebSocketDisconnect, RuntimeError):
            raise WebSocketDisconnected from None

    async def close(self, code: int, reason: str) -> None:
        """Ends the socket."""
        with suppress(WebSocketDisconnect, RuntimeError):
            await self._socket.close(code, reason)


GRAPHQL: Final[list[Any]] = [graphql, subscriptions]
"""Handlers for the application."""
