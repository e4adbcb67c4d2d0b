"""``/v1/ws``: subscriptions and signed order entry over one socket (docs/reference/api.md, "WebSocket").

A message is ``{"id": ..., "op": ..., ...}``; each gets one ``answer`` or ``problem`` with the same ``id``. Signed
requests are checked and sent in the order in which they arrive; their answers may overlap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

import msgspec
import structlog
from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect

from stab3l.api.changes import OrderChanges
from stab3l.api.entry import OrderEntry
from stab3l.api.live import Channel, Live
from stab3l.api.outbox import Outbox
from stab3l.api.problems import Problem, problem_of
from stab3l.api.reading import decoded
from stab3l.api.signed import (
    AmendRequest,
    CancelAllRequest,
    CancelRequest,
    PlaceRequest,
    ProtectionRequest,
    ScheduleCancelRequest,
    WithdrawalRequest,
)
from stab3l.errors import Stab3lError

MESSAGE_BYTES_MAX: Final = 16 * 1024
UNDER_WAY_MAX: Final = 128
ACCOUNTS_AT_THE_END_MAX: Final = 64
CLOSE_TOO_LARGE: Final = 1009
CLOSE_TRY_AGAIN_LATER: Final = 1013
CHANNELS: Final[tuple[Channel, ...]] = ("book", "trades", "status")

_encode = msgspec.json.Encoder().encode
_log = structlog.get_logger(__name__)


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a client sends. ``request`` is the body of the REST path of the same duty."""

    op: str
    id: int | str | None = None
    channel: str = ""
    market: str = ""
    request: msgspec.Raw = msgspec.Raw(b"{}")


class Session:
    """One connected client."""

    def __init__(self, socket: WebSocket[Any, Any, Any], live: Live, entry: OrderEntry, changes: OrderChanges) -> None:
        self._socket = socket
        self._live = live
        self._entry = entry
        self._changes = changes
        self._at_the_end: dict[int, CancelAllRequest] = {}
        """By account, what is to be cancelled when this socket closes."""
        self._outbox: Outbox = live.outbox()
        self._under_way = asyncio.Semaphore(UNDER_WAY_MAX)
        self._answers: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serves the client until it leaves or is cut."""
        await self._socket.accept()
        writer = asyncio.create_task(self._outbox.drain(self._send))
        reader = asyncio.create_task(self._read())
        try:
            await asyncio.wait((writer, reader), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._live.leave(self._outbox)
            for task in (writer, reader, *self._answers):
                task.cancel()
            ends = await asyncio.gather(writer, reader, *self._answers, return_exceptions=True)
            await self._part([end for end in ends if isinstance(end, Exception)])
            await self._cancel_at_the_end()

    async def _cancel_at_the_end(self) -> None:
        for account, request in self._at_the_end.items():
            try:
                done = await self._changes.cancel_all(request)
                _log.info("cancelled_on_disconnect", account=account, orders=len(done.order_ids))
            except Stab3lError as error:
                _log.error("cancel_on_disconnect_failed", account=account, error=error.message)

    async def _part(self, errors: list[Exception]) -> None:
        for error in errors:
            if isinstance(error, Problem):
                code = CLOSE_TOO_LARGE if error.problem == "message_too_large" else CLOSE_TRY_AGAIN_LATER
                await self._close(code, error.problem)
            elif not isinstance(error, WebSocketDisconnect):
                _log.warning("socket_ended", error=repr(error))

    async def _close(self, code: int, reason: str) -> None:
        try:
            async with asyncio.timeout(1):
                await self._socket.close(code, reason)
        except (TimeoutError, RuntimeError, WebSocketDisconnect) as error:
            _log.info("socket_gone", error=repr(error))

    async def _send(self, message: bytes) -> None:
        await self._socket.send_text(message.decode())

    async def _read(self) -> None:
        while True:
            text = await self._socket.receive_text()
            data = text.encode()
            if len(data) > MESSAGE_BYTES_MAX:
                raise Problem("message_too_large", f"{len(data)} bytes, at most {MESSAGE_BYTES_MAX} are read")
            message_id: int | str | None = None
            try:
                message = decoded(Message, data)
                message_id = message.id
                await self._serve(message)
            except Stab3lError as error:
                self._tell_problem(message_id, error)

    async def _serve(self, message: Message) -> None:
        match message.op:
            case "ping":
                self._tell(message.id, {})
            case "subscribe":
                channel = _channel(message.channel)
                await self._live.subscribe(self._outbox, channel, message.market)
                self._tell(message.id, {"channel": channel, "market": message.market})
            case "unsubscribe":
                channel = _channel(message.channel)
                self._live.unsubscribe(self._outbox, channel, message.market)
                self._tell(message.id, {"channel": channel, "market": message.market})
            case "place":
                place = await self._entry.read_place(decoded(PlaceRequest, bytes(message.request)))
                await self._answer_later(message.id, self._entry.answer_place(place))
            case "cancel":
                cancel = await self._entry.read_cancel(decoded(CancelRequest, bytes(message.request)))
                await self._answer_later(message.id, self._entry.answer_cancel(cancel))
            case "withdraw":
                withdrawal = await self._entry.read_withdrawal(decoded(WithdrawalRequest, bytes(message.request)))
                await self._answer_later(message.id, self._entry.answer_withdrawal(withdrawal))
            case "amend":
                amendment = await self._changes.read_amend(decoded(AmendRequest, bytes(message.request)))
                await self._answer_later(message.id, self._changes.answer_amend(amendment))
            case "cancel_all":
                every = await self._changes.read_cancel_all(decoded(CancelAllRequest, bytes(message.request)))
                await self._answer_later(message.id, self._changes.answer_cancel_all(every))
            case "schedule_cancel":
                later = await self._changes.read_schedule(decoded(ScheduleCancelRequest, bytes(message.request)))
                await self._answer_later(message.id, self._changes.answer_schedule(later))
            case "protect":
                protection = await self._changes.read_protection(decoded(ProtectionRequest, bytes(message.request)))
                await self._answer_later(message.id, self._changes.answer_protection(protection))
            case "cancel_on_disconnect":
                self._tell(message.id, {"accounts": await self._arm(bytes(message.request))})
            case other:
                raise Problem("op_unknown", f"there is no operation {other[:48]!r}", op=other[:48])

    async def _arm(self, request: bytes) -> int:
        """Keeps a signed mass cancel for the end; an empty request drops all of them. How many accounts have one."""
        if request == b"{}":
            self._at_the_end.clear()
            return 0
        cancel = decoded(CancelAllRequest, request)
        account = await self._changes.check_cancel_all(cancel)
        if account not in self._at_the_end and len(self._at_the_end) >= ACCOUNTS_AT_THE_END_MAX:
            raise Problem("too_busy", f"at most {ACCOUNTS_AT_THE_END_MAX} accounts are cancelled for one socket")
        self._at_the_end[account] = cancel
        return len(self._at_the_end)

    async def _answer_later(self, message_id: int | str | None, answer: Awaitable[Any]) -> None:
        """Tells the answer when it comes; with too many under way, nothing more is read until one is done."""
        await self._under_way.acquire()
        task = asyncio.create_task(self._answer(message_id, answer))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _answer(self, message_id: int | str | None, answer: Awaitable[Any]) -> None:
        try:
            self._tell(message_id, await answer)
        except Stab3lError as error:
            self._tell_problem(message_id, error)
        finally:
            self._under_way.release()

    def _tell(self, message_id: int | str | None, result: Any) -> None:
        self._outbox.put(_encode({"id": message_id, "type": "answer", "result": result}))

    def _tell_problem(self, message_id: int | str | None, error: Stab3lError) -> None:
        document = problem_of(error).document()
        self._outbox.put(_encode({"id": message_id, "type": "problem", "problem": document}))


def _channel(name: str) -> Channel:
    for channel in CHANNELS:
        if name == channel:
            return channel
    raise Problem("channel_unknown", f"there is no channel {name[:48]!r}", channel=name[:48])
