"""Granian and msgspec with no framework: one validated echo, the scale for ``stab3l bench api``."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

sys.path.remove(str(Path(__file__).parent))  # this file has the name of what it imports

import msgspec
from granian.constants import Interfaces
from granian.server.embed import Server


class Order(msgspec.Struct):
    """What the API takes as an order, without its signature."""

    account: str
    market: str
    side: str
    price: str
    quantity: str
    client_id: str


async def echo(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The order, read and written again."""
    if scope["type"] != "http":
        return
    order = msgspec.json.decode((await receive())["body"], type=Order)
    body = msgspec.json.encode(order)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def main(port: int) -> None:
    """Serves until it is ended."""
    await Server(echo, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False).serve()


if __name__ == "__main__":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    asyncio.run(main(int(sys.argv[1])))
