"""The gateway's gRPC methods over one sequencer and one engine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, Final, NoReturn, TypeAlias

import grpc
import grpc.aio
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from stab3l._engine import EngineError
from stab3l.engine.port import ExchangeEngine, FrameRow
from stab3l.engine.wire import CommandKind
from stab3l.errors import Invalid, NotFound, Stab3lError, Unauthorised
from stab3l.exchange import metrics
from stab3l.exchange.connection import RESUME_AT
from stab3l.exchange.errors import BatchRefused, EngineStopped
from stab3l.exchange.journal_files import JournalFiles
from stab3l.exchange.limits import (
    BATCH_BYTES_MAX,
    BATCH_RECORDS_MAX,
    FRAMES_BYTES_MAX,
    READER_STALL_S,
    STREAM_BATCHES_MAX,
)
from stab3l.exchange.messages import SERVICE, Submitted, pb, segment_message
from stab3l.exchange.questions import QUESTIONS
from stab3l.exchange.records import last_sequence_of, survey
from stab3l.exchange.sequencer import Answer, Sequencer
from stab3l.exchange.tokens import Role, role_of

Context: TypeAlias = Any  # grpc.aio.ServicerContext; grpc has no types
Read = Callable[[int, int], list[FrameRow]]

FORBIDDEN: Final[dict[Role, frozenset[int]]] = {
    Role.OPERATE: frozenset(),
    Role.TRADE: frozenset(
        {
            CommandKind.REGISTER_ASSET,
            CommandKind.LIST_MARKET,
            CommandKind.SET_MARKET_STATUS,
            CommandKind.DEPOSIT,
            CommandKind.SEAL,
            CommandKind.MARK_PRICE,
            CommandKind.SWEEP,
            CommandKind.LIST_UNDERLYING,
            CommandKind.LIST_FUTURE,
            CommandKind.LIST_OPTION,
            CommandKind.INDEX_PRICE,
            CommandKind.OPTION_MARKS,
            CommandKind.SET_COLLATERAL,
            CommandKind.EXPIRE,
        }
    ),
}
"""Kinds that a role may not send. Kinds that the engine does not know are for the engine to answer."""

_STATUS: Final[tuple[tuple[type[Stab3lError], grpc.StatusCode], ...]] = (
    (Unauthorised, grpc.StatusCode.UNAUTHENTICATED),
    (Invalid, grpc.StatusCode.INVALID_ARGUMENT),
    (NotFound, grpc.StatusCode.NOT_FOUND),
)


def check_batch(batch: bytes, role: Role) -> None:
    """Whether a role may submit this batch. Raises `BatchRefused`."""
    if len(batch) > BATCH_BYTES_MAX:
        message = f"{len(batch)} bytes in one batch, at most {BATCH_BYTES_MAX} are taken"
        raise BatchRefused(message, reason="batch_too_large", count=len(batch), count_max=BATCH_BYTES_MAX)
    found = survey(batch)
    if found.records > BATCH_RECORDS_MAX:
        message = f"{found.records} records in one batch, at most {BATCH_RECORDS_MAX} are taken"
        raise BatchRefused(message, reason="batch_too_long", count=found.records, count_max=BATCH_RECORDS_MAX)
    if forbidden := sorted(found.kinds & FORBIDDEN[role]):
        names = ", ".join(CommandKind(kind).name.lower() for kind in forbidden)
        raise BatchRefused(f"role {role.value} may not send {names}", reason="kind_forbidden", kinds=forbidden)


class ExchangeService:
    """Answers one gateway's calls.

    ``reader_stall_s``: how long a stream may stand still before it is cut; ``files``: the journal's segment files.
    """

    def __init__(
        self,
        engine: ExchangeEngine,
        sequencer: Sequencer,
        tokens: dict[Role, str],
        *,
        reader_stall_s: int = READER_STALL_S,
        files: JournalFiles | None = None,
    ) -> None:
        self._engine = engine
        self._files = files
        self._sequencer = sequencer
        self._tokens = tokens
        self._reader_stall_s = reader_stall_s
        self._takers: set[asyncio.Task[None]] = set()
        self._answered: set[asyncio.Event] = set()
        self._stopping = False

    def handler(self) -> grpc.GenericRpcHandler:
        """The methods by name, for ``grpc.aio.Server.add_generic_rpc_handlers``."""
        follow = grpc.unary_stream_rpc_method_handler
        to_wire, from_wire = pb.Frame.SerializeToString, pb.From.FromString
        methods = {
            "Submit": grpc.stream_stream_rpc_method_handler(
                self._submit, pb.Batch.FromString, pb.Applied.SerializeToString
            ),
            "Outputs": follow(self._follower(self._engine.read_outputs, last_sequence_of), from_wire, to_wire),
            "Inputs": follow(self._follower(self._engine.read_inputs, _last_input_of), from_wire, to_wire),
        }
        methods["Segments"] = grpc.unary_unary_rpc_method_handler(self._segments, pb.StreamName.FromString, _serialized)
        methods["ReadSegment"] = grpc.unary_unary_rpc_method_handler(
            self._read_segment, pb.SegmentRange.FromString, _serialized
        )
        for name, (request_type, reply) in QUESTIONS.items():
            methods[name] = grpc.unary_unary_rpc_method_handler(
                self._answerer(reply), request_type.FromString, _serialized
            )
        return grpc.method_handlers_generic_handler(SERVICE, methods)

    async def stop_taking(self, timeout_s: float) -> None:
        """Reads no further batch, and waits until those under way are answered."""
        self._stopping = True
        for taker in self._takers:
            taker.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                for answered in list(self._answered):
                    await answered.wait()

    async def _submit(self, _: Any, context: Context) -> None:
        role = await self._role(context)
        if self._stopping:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the gateway is stopping")
        under_way: asyncio.Queue[tuple[int, Answer] | None] = asyncio.Queue()
        room = asyncio.Semaphore(STREAM_BATCHES_MAX)
        taker = asyncio.create_task(self._take(context, role, under_way, room))
        answered = asyncio.Event()
        self._takers.add(taker)
        self._answered.add(answered)
        metrics.SUBMIT_STREAMS.inc()
        try:
            while (pending := await under_way.get()) is not None:
                await self._answer(context, await _applied(*pending))
                room.release()
        except EngineStopped as error:
            await context.abort(grpc.StatusCode.UNAVAILABLE, error.message)
        except Invalid as error:
            await _abort(context, error)
        finally:
            taker.cancel()
            metrics.SUBMIT_STREAMS.dec()
            self._takers.discard(taker)
            self._answered.discard(answered)
            answered.set()
        if self._stopping:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the gateway is stopping")

    async def _answer(self, context: Context, applied: Any) -> None:
        """Sends an answer, or cuts the stream when its client reads none for too long."""
        try:
            async with asyncio.timeout(self._reader_stall_s):
                await context.write(applied)
        except TimeoutError:
            metrics.READERS_CUT.inc()
            message = f"no answer was read for {self._reader_stall_s} s: what is under way may have been applied"
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, message)

    async def _take(
        self,
        context: Context,
        role: Role,
        under_way: asyncio.Queue[tuple[int, Answer] | None],
        room: asyncio.Semaphore,
    ) -> None:
        try:
            while True:
                await room.acquire()
                batch = await context.read()
                if batch is grpc.aio.EOF:
                    return
                under_way.put_nowait((batch.tag, await self._sequenced(batch.commands, role)))
        except DecodeError:
            under_way.put_nowait((0, _failed(Invalid("this message is no batch"))))
        finally:
            under_way.put_nowait(None)

    async def _sequenced(self, commands: bytes, role: Role) -> Answer:
        try:
            check_batch(commands, role)
            return await self._sequencer.enqueue(commands)
        except BatchRefused as error:
            metrics.REFUSED.labels(error.values["reason"]).inc()
            return _failed(error)
        except EngineStopped as error:
            return _failed(error)

    def _follower(self, read: Read, last_of: Callable[[int, bytes], int]) -> Callable[..., Coroutine[Any, Any, None]]:
        async def follow(request: Any, context: Context) -> None:
            await self._role(context)
            sequence = max(request.sequence, 1)
            while True:
                await self._sequencer.progress.reach(sequence)
                frames = await _in_thread(context, read, sequence, FRAMES_BYTES_MAX)
                for first, now, payload in frames:
                    await self._send(context, pb.Frame(first_sequence=first, now=now, payload=payload), first)
                sequence = last_of(frames[-1][0], frames[-1][2]) + 1

        return follow

    async def _send(self, context: Context, frame: Any, first_sequence: int) -> None:
        """Sends a frame, or cuts the stream when its reader takes nothing for too long."""
        try:
            async with asyncio.timeout(self._reader_stall_s):
                await context.write(frame)
        except TimeoutError:
            metrics.READERS_CUT.inc()
            context.set_trailing_metadata(((RESUME_AT, str(first_sequence)),))
            message = f"nothing was read for {self._reader_stall_s} s: resume at {first_sequence}"
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, message)

    def _answerer(self, reply: Callable[[ExchangeEngine, Any], Any]) -> Callable[..., Coroutine[Any, Any, Any]]:
        async def answer(request: Any, context: Context) -> Any:
            await self._role(context)
            return await _in_thread(context, reply, self._engine, request)

        return answer

    async def _segments(self, request: Any, context: Context) -> Any:
        await self._role(context)
        files = self._files or await _abort(context, NotFound("this gateway keeps no segment files"))
        found = await _in_thread(context, files.segments, request.stream, self._sequencer.progress.sequence)
        return pb.SegmentsReply(segments=map(segment_message, found))

    async def _read_segment(self, request: Any, context: Context) -> Any:
        await self._role(context)
        files = self._files or await _abort(context, NotFound("this gateway keeps no segment files"))
        wanted = (request.stream, request.first_sequence, request.offset, request.length)
        data = await _in_thread(context, files.read, *wanted, self._sequencer.progress.sequence)
        return pb.SegmentBytes(data=data)

    async def _role(self, context: Context) -> Role:
        given = dict(context.invocation_metadata() or ()).get("authorization", "")
        role = role_of(str(given), self._tokens)
        if role is None:
            await _abort(context, Unauthorised("the gateway does not know this token"))
        return role


def _serialized(message: Any) -> bytes:
    return bytes(message.SerializeToString())


async def _applied(tag: int, answer: Answer) -> Any:
    try:
        submitted: Submitted = await answer
    except BatchRefused as error:
        refusal = pb.Refusal(code=str(error.values["reason"]), message=error.message)
        return pb.Applied(tag=tag, refused=refusal)
    events = pb.Events(first_sequence=submitted.first_sequence, events=submitted.events)
    return pb.Applied(tag=tag, applied=events)


def _failed(error: Stab3lError) -> Answer:
    answer: Answer = asyncio.get_running_loop().create_future()
    answer.set_exception(error)
    answer.exception()  # a client that went away leaves nobody to retrieve it
    return answer


def _last_input_of(first_sequence: int, batch: bytes) -> int:
    return first_sequence + survey(batch).records - 1


async def _in_thread(context: Context, work: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return await asyncio.to_thread(work, *arguments)
    except EngineError as error:
        await context.abort(grpc.StatusCode.UNAVAILABLE, f"the engine stopped: {error}")
    except Stab3lError as error:
        await _abort(context, error)


async def _abort(context: Context, error: Stab3lError) -> NoReturn:
    code = next((code for kind, code in _STATUS if isinstance(error, kind)), grpc.StatusCode.INTERNAL)
    await context.abort(code, error.message)
    raise error
