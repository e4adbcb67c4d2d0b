"""The stream port: ``/v1/ws`` once more, on a server that does nothing else and reaches many clients at once."""

from __future__ import annotations

import asyncio

import structlog

from stab3l.api.desk import Desk
from stab3l.api.socket_clients import StreamSocket
from stab3l.api.sockets import Session
from stab3l.http.listening import BACKLOG, listening_socket

_log = structlog.get_logger(__name__)


async def serve_streams(desk: Desk, host: str, port: int) -> None:
    """Serves until cancelled. Raises `Unavailable` where it cannot listen."""
    sockets: set[StreamSocket] = set()

    async def session(socket: StreamSocket) -> None:
        sockets.add(socket)
        try:
            await Session(socket, desk).run()
        except Exception as error:
            _log.error("stream_session_failed", exc_info=error)
        finally:
            sockets.discard(socket)

    server = await asyncio.get_running_loop().create_server(
        lambda: StreamSocket(session), sock=listening_socket(host, port), backlog=BACKLOG
    )
    _log.info("streams_serving", host=host, port=port)
    try:
        await server.serve_forever()
    finally:
        server.close()
        ending = [task for socket in list(sockets) if (task := socket.cancel()) is not None]
        await asyncio.gather(*ending, return_exceptions=True)
