"""Reads the frames of a journal's streams (docs/reference/journal.md) without the engine."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import google_crc32c

from stab3l.errors import Corrupt, NotFound

HEADER: Final = struct.Struct("<4sHHQQQQII32s")
VERSION: Final = 1
MAGIC: Final = {"inputs": b"S3IN", "outputs": b"S3OU"}
PIECE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class JournalFrame:
    """One frame: a batch (inputs), or the events of one (outputs). ``previous`` is the hash chain before it."""

    first_sequence: int
    group_first: int
    now: int
    record_count: int
    previous: bytes
    payload: bytes

    @property
    def last_sequence(self) -> int:
        """The sequence number of its last command."""
        return self.first_sequence + self.record_count - 1


class FrameReader:
    """Cuts a stream's bytes into frames, whatever pieces they come in."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.next_sequence = 1
        self._magic = MAGIC[stream]
        self._pending = bytearray()
        self._consumed = 0

    @property
    def bytes_left(self) -> int:
        """Bytes that are no whole frame yet: at the end of a stream, a torn tail. Zeros behind it are reserved room."""
        return len(self._pending.rstrip(b"\0"))

    def end(self) -> None:
        """Says that no more bytes come.

        Raises:
            Corrupt: what is left is no torn tail, for a group that was written later follows it.
        """
        at = 0
        while (at := self._pending.find(self._magic, at + 1)) >= 0:
            frame = self._whole_frame_at(at)
            if frame is not None and frame.group_first > self.next_sequence:
                raise self._corrupt(0, f"no whole frame begins here, and that of {frame.first_sequence} follows")

    def feed(self, data: bytes) -> list[JournalFrame]:
        """The frames that these bytes complete. Raises `Corrupt` for what is no frame or not the next one."""
        self._pending += data
        frames, start = [], 0
        while (frame := self._frame_at(start)) is not None:
            frames.append(frame)
            start += HEADER.size + len(frame.payload)
            self.next_sequence += frame.record_count
        del self._pending[:start]
        self._consumed += start
        return frames

    def _frame_at(self, start: int) -> JournalFrame | None:
        if len(self._pending) - start < HEADER.size or self._pending[start] == 0:
            return None  # not written yet: the first byte of a group comes last
        magic, version, length, first, *_, count, _, _ = HEADER.unpack_from(self._pending, start)
        if (magic, version, length) != (self._magic, VERSION, HEADER.size):
            raise self._corrupt(start, "no frame of this version begins here")
        if first != self.next_sequence or count == 0:
            raise self._corrupt(start, f"sequence {self.next_sequence} should begin here, not {first}")
        return self._checked_frame_at(start)

    def _whole_frame_at(self, start: int) -> JournalFrame | None:
        """Any frame that is whole."""
        try:
            return self._checked_frame_at(start)
        except (Corrupt, struct.error):
            return None

    def _checked_frame_at(self, start: int) -> JournalFrame | None:
        """The frame of a header, or nothing when its payload is not all there."""
        _, _, _, first, group, now, payload_length, count, checksum, previous = HEADER.unpack_from(self._pending, start)
        end = start + HEADER.size + payload_length
        if len(self._pending) < end:
            return None
        header = bytes(self._pending[start : start + HEADER.size])
        payload = bytes(self._pending[start + HEADER.size : end])
        if checksum != google_crc32c.extend(google_crc32c.value(header[:44] + bytes(4) + header[48:]), payload):
            raise self._corrupt(start, "the checksum does not match")
        return JournalFrame(first, group, now, count, previous, payload)

    def _corrupt(self, start: int, reason: str) -> Corrupt:
        at = self._consumed + start
        return Corrupt(f"{self.stream}, byte {at}: {reason}", stream=self.stream, offset=at, reason=reason)


class Source(Protocol):
    """Where both streams of one journal come from."""

    async def bytes_of(self, stream: str) -> int:
        """How many bytes ``inputs`` or ``outputs`` has now."""
        ...

    def pieces(self, stream: str) -> AsyncIterator[bytes]:
        """Its bytes from the beginning, in pieces."""
        ...


class FileSource:
    """A journal's folder, or one file for each stream (its segments, concatenated)."""

    def __init__(self, inputs: list[Path], outputs: list[Path]) -> None:
        self._files = {"inputs": inputs, "outputs": outputs}

    @classmethod
    def of_folder(cls, journal: Path) -> FileSource:
        """A journal as the engine keeps it. Raises `NotFound` when the folder holds none."""
        files = {stream: sorted((journal / stream).glob("*.seg")) for stream in MAGIC}
        if not all(files.values()):
            raise NotFound(f"{journal} holds no journal: inputs/ and outputs/ with *.seg files", path=str(journal))
        return cls(**files)

    async def bytes_of(self, stream: str) -> int:
        """The files' sizes."""
        return sum(path.stat().st_size for path in self._existing(stream))

    async def pieces(self, stream: str) -> AsyncIterator[bytes]:
        """The files' contents."""
        for path in self._existing(stream):
            with path.open("rb") as file:
                while piece := file.read(PIECE_BYTES):
                    yield piece

    def _existing(self, stream: str) -> list[Path]:
        missing = [str(path) for path in self._files[stream] if not path.is_file()]
        if missing:
            raise NotFound(f"{missing[0]} is no file", path=missing[0])
        return self._files[stream]
