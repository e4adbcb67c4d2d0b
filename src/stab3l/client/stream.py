"""The WebSocket API as a client sees it: channels that arrive, signed requests that are answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final, Self, TypeVar

import msgspec
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from stab3l.api.answers import (
    CancelScheduled,
    OrderCancelled,
    OrderPlaced,
    OrdersCancelled,
    ProtectionSet,
    WithdrawalQueued,
)
from stab3l.api.signed import (
    AmendRequest,
    CancelAllRequest,
    CancelRequest,
    PlaceRequest,
    ProtectionRequest,
    ScheduleCancelRequest,
    WithdrawalRequest,
)
from stab3l.client.rest import ApiProblem, ApiUnavailable, problem_in
from stab3l.errors import Invalid

ANSWER_TIMEOUT_S: Final = 10
MESSAGES_MAX: Final = 10_000

T = TypeVar("T")
_log = structlog.get_logger(__name__)


class Book:
    """A book kept from its channel. ``apply`` raises `Invalid` when a message was lost: subscribe again then."""

    def __init__(self) -> None:
        self.seq = -1
        self.bids: dict[str, str] = {}
        self.asks: dict[str, str] = {}

    def apply(self, message: dict[str, Any]) -> None:
        """Takes a snapshot or the next update."""
        seq = int(message["seq"])
        if message["type"] == "snapshot":
            self.bids, self.asks = dict(message["bids"]), dict(message["asks"])
        elif seq != self.seq + 1:
            raise Invalid(f"update {seq} follows {self.seq}: a message is missing", seq=seq, last=self.seq)
        else:
            for side, changes in ((self.bids, message["bids"]), (self.asks, message["asks"])):
                for price, quantity in changes:
                    if quantity == "0":
                        side.pop(price, None)
                    else:
                        side[price] = quantity
        self.seq = seq


class StreamClient:
    """One socket; use it as an async context manager. Every method raises `ApiUnavailable` when it breaks.

    It closes itself when `MESSAGES_MAX` channel messages wait unread.
    """

    def __init__(self, url: str) -> None:
        self._url = url.replace("http", "ws", 1).rstrip("/") + "/v1/ws"
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._messages: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._last_id = 0

    async def __aenter__(self) -> Self:
        try:
            self._socket = await connect(self._url)
        except (OSError, TimeoutError) as error:
            raise ApiUnavailable(f"the API does not answer: {error!r}") from None
        self._reader = asyncio.create_task(self._read(self._socket))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await asyncio.gather(self._reader, return_exceptions=True)

    async def subscribe(self, channel: str, market: str = "") -> None:
        """Asks for a channel (book, trades, status); its snapshot and updates come out of ``messages``."""
        await self._ask({"op": "subscribe", "channel": channel, "market": market})

    async def unsubscribe(self, channel: str, market: str = "") -> None:
        """Ends a subscription."""
        await self._ask({"op": "unsubscribe", "channel": channel, "market": market})

    async def place(self, order: PlaceRequest) -> OrderPlaced:
        """Places a signed order. Raises `ApiProblem`, `ApiUnavailable`."""
        return await self._request("place", order, OrderPlaced)

    async def cancel(self, cancel: CancelRequest) -> OrderCancelled:
        """Cancels a resting order."""
        return await self._request("cancel", cancel, OrderCancelled)

    async def amend(self, amendment: AmendRequest) -> OrderPlaced:
        """Amends a resting order."""
        return await self._request("amend", amendment, OrderPlaced)

    async def cancel_all(self, cancel: CancelAllRequest) -> OrdersCancelled:
        """Cancels an account's orders."""
        return await self._request("cancel_all", cancel, OrdersCancelled)

    async def schedule_cancel(self, schedule: ScheduleCancelRequest) -> CancelScheduled:
        """Schedules the cancel of all of an account's orders, or clears it."""
        return await self._request("schedule_cancel", schedule, CancelScheduled)

    async def protect(self, protection: ProtectionRequest) -> ProtectionSet:
        """Sets a market-maker protection, or turns it off."""
        return await self._request("protect", protection, ProtectionSet)

    async def cancel_on_disconnect(self, cancel: CancelAllRequest | None) -> None:
        """Leaves a signed mass cancel with the server, which sends it when this socket closes; None takes all back."""
        await self._ask({"op": "cancel_on_disconnect", "request": {} if cancel is None else cancel})

    async def withdraw(self, withdrawal: WithdrawalRequest) -> WithdrawalQueued:
        """Queues a signed withdrawal."""
        return await self._request("withdraw", withdrawal, WithdrawalQueued)

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """Channel messages until the socket breaks."""
        while (message := await self._messages.get()) is not None:
            yield message
        raise ApiUnavailable("the socket is closed: connect again")

    async def _request(self, op: str, request: msgspec.Struct, kind: type[T]) -> T:
        return msgspec.convert(await self._ask({"op": op, "request": request}), kind)

    async def _ask(self, message: dict[str, Any]) -> Any:
        if self._socket is None:
            raise ApiUnavailable("the stream is not open: use it as an async context manager")
        self._last_id += 1
        number = self._last_id
        future = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            await self._socket.send(msgspec.json.encode({"id": number, **message}).decode())
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await future
        except (ConnectionClosed, TimeoutError) as error:
            raise ApiUnavailable(f"the API did not answer: {error!r}") from None
        finally:
            self._answers.pop(number, None)

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                self._take(msgspec.json.decode(text))
        except ConnectionClosed as closed:
            _log.info("stream_closed", code=closed.rcvd.code if closed.rcvd else None)
        except asyncio.QueueFull:
            _log.warning("stream_unread", messages=MESSAGES_MAX)
            await socket.close()
        finally:
            for future in self._answers.values():
                if not future.done():
                    future.set_exception(ApiUnavailable("the socket broke before the answer came"))
            self._messages.put_nowait(None)

    def _take(self, message: dict[str, Any]) -> None:
        if "channel" in message:
            if self._messages.qsize() >= MESSAGES_MAX:
                raise asyncio.QueueFull
            self._messages.put_nowait(message)
            return
        future = self._answers.get(message.get("id") or 0)
        if future is None or future.done():
            return
        if message["type"] == "answer":
            future.set_result(message["result"])
        else:
            document = message["problem"]
            future.set_exception(problem_in(document["status"], msgspec.json.encode(document), None))


__all__ = ["ApiProblem", "ApiUnavailable", "Book", "StreamClient"]
