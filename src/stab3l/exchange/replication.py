"""The exchange's replicated command log on NATS JetStream (docs/operations/standby.md).

Every group of batches is one message, appended *before* it is applied and acknowledged anywhere. An append names the
last message that its writer has read; JetStream refuses it when there is a later one. So whoever has not read
everything can append nothing, and a leader whose place was taken finds out at its next append: no clock is trusted for
that. Time only decides when a follower *tries* to take over.
"""

from __future__ import annotations

import asyncio
import secrets
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

import nats
import nats.errors
import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import Header, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError

from stab3l.errors import Corrupt, Invalid
from stab3l.exchange.errors import LeadershipLost, LogUnavailable
from stab3l.exchange.limits import BATCH_BYTES_MAX, GROUP_BYTES_MAX

_HEADER: Final = struct.Struct("<4sHHQQQII32s")
_LENGTH: Final = struct.Struct("<I")
_MAGIC: Final = b"S3RL"
_VERSION: Final = 1
_HEADROOM: Final = 64 * 1024
_WRONG_LAST_SEQUENCE: Final = 10071
_TRY_S: Final = 0.5
_PAUSE_S: Final = 0.05
_BROKEN: Final = (OSError, RuntimeError, nats.errors.Error)
"""What a broken connection makes of a call; a timeout is an ``OSError``, a closed transport a ``RuntimeError``."""

log = structlog.get_logger(__name__)


class EntryKind(IntEnum):
    """What a message is: a group of batches, or somebody taking (or proving) the lead."""

    GROUP = 1
    LEAD = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """One message. ``first_sequence`` and ``previous`` (input hash chain) say after what it comes."""

    kind: EntryKind
    epoch: int
    first_sequence: int
    now: int
    previous: bytes
    batches: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        """The message."""
        fields = (self.epoch, self.first_sequence, self.now, len(self.batches), 0, self.previous)
        parts = [_HEADER.pack(_MAGIC, _VERSION, self.kind, *fields)]
        for batch in self.batches:
            parts += (_LENGTH.pack(len(batch)), batch)
        return b"".join(parts)

    @classmethod
    def decode(cls, data: bytes) -> Entry:
        """Reads a message. Raises `Corrupt` for anything else."""
        try:
            magic, version, kind, epoch, first, now, count, _, previous = _HEADER.unpack_from(data)
            batches, at = [], _HEADER.size
            for _ in range(count):
                (length,) = _LENGTH.unpack_from(data, at)
                at += _LENGTH.size
                batches.append(data[at : at + length])
                at += length
            if (magic, version, at) != (_MAGIC, _VERSION, len(data)):
                raise Corrupt("the replicated log holds something that is no entry of this version")
            return cls(EntryKind(kind), epoch, first, now, previous, tuple(batches))
        except (struct.error, ValueError) as error:
            raise Corrupt(f"the replicated log holds something that is no entry: {error}") from None


class ReplicatedLog:
    """One node's end of the log. ``read`` is where it stands: the stream's sequence number of the last entry read."""

    def __init__(self, url: str, name: str, lease_s: float, replicas: int = 1) -> None:
        self.name, self.lease_s, self.replicas = name, lease_s, replicas
        self.read = 0
        self.epoch = 0
        self.heard_at = 0.0
        """When a leader was last heard [seconds of the event loop]."""
        self.node = secrets.token_hex(8)
        self.group_bytes_max = GROUP_BYTES_MAX
        self._url = url
        self._valid_until = 0.0
        self._appending = asyncio.Lock()
        self._client = Client()
        self._stream: JetStreamContext | None = None

    async def __aenter__(self) -> Self:
        """Connects and creates the stream when there is none. Raises `LogUnavailable`, `Invalid`."""
        try:
            await self._client.connect(
                self._url, connect_timeout=5, reconnect_time_wait=1, max_reconnect_attempts=-1, error_cb=_say
            )
            self._stream = self._client.jetstream(timeout=max(self.lease_s / 2, _TRY_S))
            wanted = StreamConfig(
                self.name,
                subjects=[f"{self.name}.log"],
                storage=StorageType.FILE,
                num_replicas=self.replicas,
                allow_direct=True,
                deny_delete=True,
                deny_purge=True,
            )
            await self._stream.add_stream(wanted)
            await self._client.subscribe(f"{self.name}.alive", cb=self._hear)
        except _BROKEN as error:
            await self._client.close()
            raise LogUnavailable(f"NATS JetStream at {self._url} cannot be used: {error!r}", url=self._url) from None
        room = self._client.max_payload - _HEADROOM
        if room < BATCH_BYTES_MAX:
            most, least = self._client.max_payload, BATCH_BYTES_MAX + _HEADROOM
            await self._client.close()
            raise Invalid(f"the NATS server takes {most} bytes a message: set max_payload to {least} at least")
        # A batch has 8 bytes at least and needs 4 of its own: two thirds of batches leave room for those.
        self.group_bytes_max = min(GROUP_BYTES_MAX, room * 2 // 3)
        self.heard_at = asyncio.get_running_loop().time()
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self._client.close()
        except _BROKEN as error:
            # A connection that broke cannot be flushed; what it held was never confirmed.
            log.info("nats_closed", error=repr(error))

    async def length(self) -> int:
        """How many entries the log has. Raises `LogUnavailable`."""
        try:
            return (await self._js.stream_info(self.name)).state.last_seq
        except _BROKEN as error:
            raise LogUnavailable(f"the replicated log does not answer: {error!r}") from None

    async def at(self, number: int) -> Entry | None:
        """The entry with this stream sequence number; None when it is not there yet. Raises `LogUnavailable`."""
        try:
            message = await self._js.get_msg(self.name, seq=number, direct=True)
        except NotFoundError:
            return None
        except _BROKEN as error:
            raise LogUnavailable(f"the replicated log does not answer: {error!r}") from None
        return Entry.decode(message.data or b"")

    async def append(self, entry: Entry) -> None:
        """Appends after the last entry that this node has read, or raises.

        Raises:
            LeadershipLost: somebody else appended, or it cannot be known in time; the entry may be in the log.
        """
        async with self._appending:
            began = asyncio.get_running_loop().time()
            number = await self._publish(entry, until=began + self.lease_s / 2)
            self.read, self._valid_until = number, began + self.lease_s / 2

    async def confirm(self) -> None:
        """Whether this node has still read everything. Raises `LeadershipLost`, `LogUnavailable`."""
        async with self._appending:
            length = await self.length()
            if length != self.read:
                self._valid_until = 0.0
                raise LeadershipLost(f"another node has appended entry {length} to the log", read=self.read)

    def check(self) -> None:
        """Whether what was just appended may still be acknowledged. Raises `LeadershipLost` when time ran out."""
        if asyncio.get_running_loop().time() > self._valid_until:
            raise LeadershipLost("this node stood still for longer than its lease: another may lead now")

    async def tell_alive(self) -> None:
        """Tells followers that the leader is there; silently nothing while there is no connection."""
        try:
            await self._client.publish(f"{self.name}.alive", f"{self.epoch} {self.node}".encode())
        except _BROKEN as error:
            log.warning("alive_untold", error=repr(error))

    async def _publish(self, entry: Entry, until: float) -> int:
        loop, data = asyncio.get_running_loop(), entry.encode()
        # The id makes a repetition harmless: the server answers it with the first one's number.
        headers = {
            Header.MSG_ID.value: f"{self.node}-{self.read + 1}-{secrets.token_hex(4)}",
            Header.EXPECTED_LAST_SEQUENCE.value: str(self.read),
        }
        while (left := until - loop.time()) > 0:
            try:
                answer = await self._js.publish(f"{self.name}.log", data, timeout=min(_TRY_S, left), headers=headers)
            except APIError as error:
                if error.err_code == _WRONG_LAST_SEQUENCE:
                    raise LeadershipLost("another node has appended to the log", read=self.read) from None
                log.warning("append_refused", error=repr(error))
            except _BROKEN as error:
                log.warning("append_unanswered", error=repr(error))
            else:
                if loop.time() <= until:
                    return answer.seq
                break
            await asyncio.sleep(_PAUSE_S)
        raise LeadershipLost("the log did not confirm in time: another node may lead now", read=self.read)

    async def _hear(self, message: nats.aio.msg.Msg) -> None:  # type: ignore[name-defined]
        epoch, node = message.data.decode().split(" ")
        if node != self.node:
            self.heard_at = asyncio.get_running_loop().time()
            if self.epoch and int(epoch) > self.epoch:
                self._valid_until = 0.0

    @property
    def _js(self) -> JetStreamContext:
        if self._stream is None:
            raise LogUnavailable("the replicated log is not open: use it as an async context manager")
        return self._stream


async def _say(error: Exception) -> None:
    log.warning("nats_connection", error=repr(error))
