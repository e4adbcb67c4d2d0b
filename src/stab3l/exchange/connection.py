"""The client's end of gRPC: one submit stream with many batches under way, and what a broken call means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final

import grpc
import grpc.aio

from stab3l.errors import Corrupt, Invalid, NotFound, Stab3lError, Unauthorised
from stab3l.exchange.errors import BatchRefused, GatewayUnavailable, ReaderTooSlow, SubmissionUnknown
from stab3l.exchange.limits import STREAM_BATCHES_MAX
from stab3l.exchange.messages import SERVICE, Frame, Submitted, pb

Metadata = tuple[tuple[str, str], ...]

ASK_TIMEOUT_S: Final = 10
RESUME_AT: Final = "stab3l-resume-at"
"""Trailing metadata of a stream that was cut because it was not read."""

OPTIONS: Final[Sequence[tuple[str, int]]] = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # A batch must never be sent twice behind our back.
    ("grpc.enable_retries", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
)

_REFUSALS: Final[dict[grpc.StatusCode, type[Stab3lError]]] = {
    grpc.StatusCode.UNAUTHENTICATED: Unauthorised,
    grpc.StatusCode.PERMISSION_DENIED: Unauthorised,
    grpc.StatusCode.INVALID_ARGUMENT: Invalid,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.DATA_LOSS: Corrupt,
}


def method_path(method: str) -> str:
    """A method's name on the wire."""
    return f"/{SERVICE}/{method}"


def target_of(address: str) -> str:
    """gRPC's name for one address, or for several of which one answers (numeric ones, with commas between them)."""
    return f"ipv4:{address}" if "," in address else address


def meaning(error: grpc.aio.AioRpcError) -> Stab3lError:
    """A broken call in this package's words."""
    text = f"gateway: {error.details() or error.code().name}"
    if refusal := _REFUSALS.get(error.code()):
        return refusal(text)
    resume_at = dict(error.trailing_metadata() or ()).get(RESUME_AT)
    if resume_at is not None:
        return ReaderTooSlow(text, resume_at=int(resume_at))
    return GatewayUnavailable(text, status=error.code().name)


async def fetch(channel: grpc.aio.Channel, method: str, request: Any, reply_type: Any, metadata: Metadata) -> Any:
    """One question. Raises what `meaning` makes of a failure."""
    call = channel.unary_unary(
        method_path(method),
        request_serializer=type(request).SerializeToString,
        response_deserializer=reply_type.FromString,
    )
    try:
        return await call(request, metadata=metadata, timeout=ASK_TIMEOUT_S)
    except grpc.aio.AioRpcError as error:
        raise meaning(error) from None


async def follow(
    ready: Callable[[], Awaitable[grpc.aio.Channel]], method: str, from_sequence: int, metadata: Metadata
) -> AsyncIterator[Frame]:
    """The frames of a stream. Raises what `meaning` makes of its end; it has no other."""
    channel = await ready()
    call = channel.unary_stream(
        method_path(method), request_serializer=pb.From.SerializeToString, response_deserializer=pb.Frame.FromString
    )(pb.From(sequence=from_sequence), metadata=metadata)
    try:
        async for frame in call:
            yield Frame(frame.first_sequence, frame.now, frame.payload)
    except grpc.aio.AioRpcError as error:
        raise meaning(error) from None
    finally:
        call.cancel()
    raise GatewayUnavailable("gateway: the stream ended")


class SubmitStream:
    """Batches out, answers in, on one gRPC stream. It ends for good at the first failure."""

    def __init__(self, channel: grpc.aio.Channel, metadata: Metadata) -> None:
        self._call = channel.stream_stream(
            method_path("Submit"),
            request_serializer=pb.Batch.SerializeToString,
            response_deserializer=pb.Applied.FromString,
        )(metadata=metadata)
        self._permits = asyncio.Semaphore(STREAM_BATCHES_MAX)
        self._queue: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue()
        self._answers: dict[int, asyncio.Future[Submitted]] = {}
        self._sent: set[int] = set()
        self._tag = 0
        self.ended = False
        self._tasks = (asyncio.create_task(self._write()), asyncio.create_task(self._read()))

    async def submit(self, batch: bytes) -> Submitted:
        """The answer to one batch. Raises as ``GatewayClient.submit``."""
        async with self._permits:
            if self.ended:
                raise GatewayUnavailable("gateway: the connection ended before the batch was sent")
            self._tag += 1
            tag = self._tag
            answer: asyncio.Future[Submitted] = asyncio.get_running_loop().create_future()
            self._answers[tag] = answer
            self._queue.put_nowait((tag, batch))
            return await answer

    async def close(self) -> None:
        """Ends the stream; what is under way is answered as unknown."""
        self._end(GatewayUnavailable("gateway: the client is closing"))
        self._call.cancel()
        self._queue.put_nowait(None)
        # Not cancelled: gRPC's own operations must come to their end before the event loop does.
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _write(self) -> None:
        try:
            while (item := await self._queue.get()) is not None and not self.ended:
                tag, batch = item
                if self._answers[tag].done():
                    del self._answers[tag]
                    continue
                self._sent.add(tag)
                await self._call.write(pb.Batch(tag=tag, commands=batch))
        except grpc.aio.AioRpcError as error:
            self._end(meaning(error))
        except asyncio.InvalidStateError:
            # The call is over; the reader says why.
            return

    async def _read(self) -> None:
        try:
            async for applied in self._call:
                self._sent.discard(applied.tag)
                self._answer(self._answers.pop(applied.tag), applied)
            self._end(GatewayUnavailable("gateway: it closed the stream"))
        except grpc.aio.AioRpcError as error:
            self._end(meaning(error))

    def _answer(self, answer: asyncio.Future[Submitted], applied: Any) -> None:
        if answer.done():
            return
        if applied.HasField("refused"):
            answer.set_exception(BatchRefused(applied.refused.message, reason=applied.refused.code))
        else:
            answer.set_result(Submitted(applied.applied.first_sequence, applied.applied.events))

    def _end(self, error: Stab3lError) -> None:
        self.ended = True
        answers, self._answers = self._answers, {}
        for tag, answer in answers.items():
            if answer.done():
                continue
            # A refused caller sent nothing that counts: the gateway checks the token before it reads.
            lost = tag in self._sent and not isinstance(error, Unauthorised)
            answer.set_exception(_lost(error) if lost else error)


def _lost(error: Stab3lError) -> SubmissionUnknown:
    return SubmissionUnknown(f"the answer to a batch was lost ({error.message}): it may have been applied")
