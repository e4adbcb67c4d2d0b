"""Where a server listens, and what the kernel does about other ends that are gone or take nothing.

A server can stop sending to whoever takes nothing, but what it had sent lies in buffers, and the connection with it,
for as long as the other end likes; one that is gone without a word holds its connection as long. Both are limited
here for every connection, by options that it has from the socket which accepted it.
"""

from __future__ import annotations

import socket
from typing import Final

from stab3l.errors import Unavailable

BACKLOG: Final = 1_024
UNTAKEN_MS: Final = 30_000
"""A connection ends when something sent was not taken for so long."""
SILENT_S: Final = 60
"""After so much silence the other end is asked whether it is there."""
_ASKED_AGAIN_S: Final = 10


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens there, alone; whoever connects before it is served waits. Port 0: a free one.

    Raises:
        Unavailable: another process has the port, or this machine has no such address.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _not_here(host, port, error) from None
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, SILENT_S)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _ASKED_AGAIN_S)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNTAKEN_MS)
        made.bind(address)
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        raise _not_here(host, port, error) from None
    return made


def _not_here(host: str, port: int, error: OSError) -> Unavailable:
    reason = error.strerror or str(error)
    return Unavailable(f"nothing can listen on {host} port {port}: {reason.lower()}", host=host, port=port)
