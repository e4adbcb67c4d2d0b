"""The reference exchange with its outputs recorded, as the gateway gives them to a follower."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import anyio

from stab3l.audit.reference_exchange import ReferenceExchange
from stab3l.errors import Unavailable


@dataclass(frozen=True)
class RecordedFrame:
    first_sequence: int
    now: int
    payload: bytes


@dataclass(frozen=True)
class RecordedStatus:
    sequence: int


class RecordedExchange:
    """An exchange to trade on, and a source of outputs that breaks when told to."""

    def __init__(self) -> None:
        self.reference = ReferenceExchange()
        self.frames: list[RecordedFrame] = []
        self.breaks_after: int | None = None
        """Frames that one stream gives before it breaks."""

    def apply(self, batch: bytes, now: int) -> bytes:
        first = self.reference.sequence + 1
        payload = self.reference.apply(batch, now)
        self.frames.append(RecordedFrame(first, self.reference.now, payload))
        return payload

    async def status(self) -> RecordedStatus:
        return RecordedStatus(self.reference.sequence)

    async def outputs(self, from_sequence: int) -> AsyncIterator[RecordedFrame]:
        given = 0
        ends = [frame.first_sequence for frame in self.frames[1:]] + [self.reference.sequence + 1]
        for frame, end in zip(list(self.frames), ends, strict=True):
            if end <= from_sequence:
                continue
            if given == self.breaks_after:
                raise Unavailable("the stream broke")
            given += 1
            yield frame
        await anyio.sleep_forever()
