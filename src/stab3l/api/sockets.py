"""``/v1/ws``: subscriptions, signing in and signed order entry over one socket (docs/reference/api.md, "WebSocket").

A message is ``{"id": ..., "op": ..., ...}``; each gets one ``answer``, ``subscribed`` or ``problem`` with the same
``id``. Signed requests are checked and sent in the order in which they arrive; their answers may overlap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

import msgspec
import structlog
from litestar.exceptions import WebSocketDisconnect

from stab3l.api.access.identity import Identity
from stab3l.api.access.keys import SignedRequest
from stab3l.api.access.usage import CUT, MESSAGES, SOCKETS
from stab3l.api.desk import Desk
from stab3l.api.entry import account_named, operation_request
from stab3l.api.live_messages import CHANNELS, OF_A_MARKET, AnswerMessage, Channel, ProblemMessage
from stab3l.api.order_routes import BatchRequest, answer_together, read_together
from stab3l.api.outbox import Outbox
from stab3l.api.problems import Problem, problem_of
from stab3l.api.reading import decoded
from stab3l.api.signed import CancelAllRequest, u64
from stab3l.api.socket_clients import SocketClient
from stab3l.errors import Stab3lError

MESSAGE_BYTES_MAX: Final = 16 * 1024
BATCH_BYTES_MAX: Final = 128 * 1024
UNDER_WAY_MAX: Final = 128
BATCHES_UNDER_WAY_MAX: Final = 8
ACCOUNTS_AT_THE_END_MAX: Final = 64
CALLER_CHECK_S: Final = 5
CLOSE_POLICY: Final = 1008
CLOSE_TOO_LARGE: Final = 1009
CLOSE_TRY_AGAIN_LATER: Final = 1013
CLIENT_OPERATIONS: Final = ("ping", "login", "subscribe", "unsubscribe", "batch", "cancel_on_disconnect")

_encode = msgspec.json.Encoder().encode
_IN: Final = MESSAGES.labels("in")
_OUT: Final = MESSAGES.labels("out")
_log = structlog.get_logger(__name__)


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a client sends. ``request`` is the body of the REST path of the same duty.

    ``token``, or ``key``, ``timestamp`` and ``signature`` (of a GET of ``/v1/ws``), are those of ``login``;
    ``since_seq`` and ``epoch`` those of ``subscribe``.
    """

    op: str
    id: int | str | None = None
    channel: str = ""
    market: str = ""
    since_seq: str | None = None
    epoch: str = ""
    token: str = ""
    key: str = ""
    timestamp: str = ""
    signature: str = ""
    request: msgspec.Raw = msgspec.Raw(b"{}")


class Session:
    """One connected client."""

    def __init__(self, socket: SocketClient, desk: Desk) -> None:
        self._socket = socket
        self._desk = desk
        self._live = desk.live
        self._entry = desk.entry
        self._caller: Identity | None = None
        self._address = desk.access.address_of(socket.peer, socket.headers.get("x-forwarded-for", ""))
        self._at_the_end: dict[int, CancelAllRequest] = {}
        """By account, what is to be cancelled when this socket closes."""
        self._outbox: Outbox = desk.live.outbox()
        self._counted = 0
        self._under_way = asyncio.Semaphore(UNDER_WAY_MAX)
        self._batches_under_way = asyncio.Semaphore(BATCHES_UNDER_WAY_MAX)
        self._answers: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serves the client until it leaves or is cut."""
        try:
            self._desk.access.check_origin(self._socket.headers.get("origin", ""))
        except Problem as error:
            self._live.leave(self._outbox)
            await self._socket.close(CLOSE_POLICY, error.problem)
            return
        await self._socket.accept(self._outbox)
        SOCKETS.inc()
        work = (self._outbox.drain(self._socket.send), self._read(), self._watch())
        tasks = [asyncio.create_task(one) for one in work]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            SOCKETS.dec()
            self._count()
            self._live.leave(self._outbox)
            for task in (*tasks, *self._answers):
                task.cancel()
            ends = await asyncio.gather(*tasks, *self._answers, return_exceptions=True)
            await self._part([end for end in ends if isinstance(end, Exception)])
            await self._cancel_at_the_end()

    async def _cancel_at_the_end(self) -> None:
        for account, request in self._at_the_end.items():
            try:
                done = await self._entry.act("cancel_all", request)
                _log.info("cancelled_on_disconnect", account=account, orders=len(done.order_ids))
            except Stab3lError as error:
                _log.error("cancel_on_disconnect_failed", account=account, error=error.message)

    async def _part(self, errors: list[Exception]) -> None:
        for error in errors:
            if isinstance(error, Problem):
                if error.problem == "too_slow":
                    CUT.inc()
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

    def _count(self) -> None:
        _OUT.inc(self._outbox.sent - self._counted)
        self._counted = self._outbox.sent

    async def _read(self) -> None:
        while True:
            text = await self._socket.receive()
            _IN.inc()
            data = text.encode()
            most = BATCH_BYTES_MAX if data[:200].find(b'"batch"') >= 0 else MESSAGE_BYTES_MAX
            if len(data) > most:
                raise Problem("message_too_large", f"{len(data)} bytes, at most {most} are read")
            message_id: int | str | None = None
            try:
                message = decoded(Message, data)
                message_id = message.id
                await self._serve(message)
            except Stab3lError as error:
                self._tell_problem(message_id, error)

    async def _watch(self) -> None:
        """Ends what a caller may hear once its credential has ended."""
        while True:
            await asyncio.sleep(CALLER_CHECK_S)
            self._count()
            caller = self._caller
            if caller is None or caller.kind != "session":
                continue
            try:
                await self._desk.access.sessions.check(caller)
            except Problem as error:
                self._caller = None
                self._live.unsubscribe(self._outbox, "account", "")
                self._tell_problem(None, error)
            except Stab3lError as error:
                _log.warning("caller_unchecked", error=error.message)

    async def _serve(self, message: Message) -> None:
        match message.op:
            case "ping":
                self._tell(message.id, {})
            case "login":
                await self._charge("auth", 1)
                self._caller = await self._identified(message)
                told = {"account": self._caller.address, "scopes": sorted(self._caller.scopes)}
                self._tell(message.id, told)
            case "subscribe":
                await self._subscribe(message)
            case "unsubscribe":
                channel = _channel(message.channel)
                self._live.unsubscribe(self._outbox, channel, message.market)
                self._tell(message.id, {"channel": channel, "market": message.market})
            case "batch":
                batch = decoded(BatchRequest, bytes(message.request))
                await self._charge("order", len(batch.operations))
                self._allow("trade")
                tickets = await read_together(self._desk, batch, self._caller)
                await self._answer_later(message.id, answer_together(self._desk, tickets), self._batches_under_way)
            case "cancel_on_disconnect":
                self._allow("trade")
                self._tell(message.id, {"accounts": await self._arm(bytes(message.request))})
            case operation:
                request = operation_request(operation, decoded(dict[str, Any], bytes(message.request)))
                await self._charge("order", 1)
                self._allow("withdraw" if operation == "withdraw" else "trade")
                if self._caller is not None:
                    self._caller.require_account(account_named(request))
                ticket = await self._entry.read(operation, request)
                await self._answer_later(message.id, self._entry.answer(ticket), self._under_way)

    async def _subscribe(self, message: Message) -> None:
        channel, owner = _channel(message.channel), b""
        if channel == "account":
            if self._caller is None:
                raise Problem("credential_missing", "log in before you subscribe to account")
            self._caller.require("read")
            owner = self._caller.account
        since = None if message.since_seq is None else (message.epoch, u64("since_seq", message.since_seq))
        name = message.market if channel in OF_A_MARKET else ""
        options: dict[str, Any] = {"message_id": message.id, "since": since, "owner": owner}
        await self._live.subscribe(self._outbox, channel, name, **options)

    async def _identified(self, message: Message) -> Identity:
        if message.token:
            return await self._desk.access.identify_token(message.token)
        host = self._socket.headers.get("host", "")
        told = (message.key, message.timestamp, message.signature)
        return await self._desk.access.keys.check(SignedRequest(*told, "GET", host, "/v1/ws", b"", self._address))

    async def _charge(self, cost: str, count: int) -> None:
        caller = self._caller
        who, tier = (f"{caller.kind}:{caller.id}", caller.tier) if caller else (self._address, "anonymous")
        await self._desk.access.limits.take(cost, tier, who, {}, count)

    def _allow(self, scope: str) -> None:
        if self._caller is not None:
            self._caller.require(scope)

    async def _arm(self, request: bytes) -> int:
        """Keeps a signed mass cancel for the end; an empty request drops all of them. How many accounts have one."""
        if request == b"{}":
            self._at_the_end.clear()
            return 0
        cancel = decoded(CancelAllRequest, request)
        account = await self._entry.check("cancel_all", cancel)
        if account not in self._at_the_end and len(self._at_the_end) >= ACCOUNTS_AT_THE_END_MAX:
            raise Problem("too_busy", f"at most {ACCOUNTS_AT_THE_END_MAX} accounts are cancelled for one socket")
        self._at_the_end[account] = cancel
        return len(self._at_the_end)

    async def _answer_later(
        self, message_id: int | str | None, answer: Awaitable[Any], room: asyncio.Semaphore
    ) -> None:
        """Tells the answer when it comes; with too many under way, nothing more is read until one is done."""
        await room.acquire()
        task = asyncio.create_task(self._answer(message_id, answer, room))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _answer(self, message_id: int | str | None, answer: Awaitable[Any], room: asyncio.Semaphore) -> None:
        try:
            self._tell(message_id, await answer)
        except Stab3lError as error:
            self._tell_problem(message_id, error)
        finally:
            room.release()

    def _tell(self, message_id: int | str | None, result: Any) -> None:
        self._outbox.put(_encode(AnswerMessage(message_id, result)))

    def _tell_problem(self, message_id: int | str | None, error: Stab3lError) -> None:
        self._outbox.put(_encode(ProblemMessage(message_id, problem_of(error).document())))


def _channel(name: str) -> Channel:
    for channel in CHANNELS:
        if name == channel:
            return channel
    raise Problem("channel_unknown", f"there is no channel {name[:48]!r}", channel=name[:48])
