"""The journal's segment files, given out as they are and never beyond what was acknowledged.

A complete segment does not change any more. Of the last one, only the frames up to an acknowledged sequence number are
shown: its headers are stepped over once, each by one read of 80 bytes (docs/reference/journal.md, "Frames").
"""

from __future__ import annotations

import os
import struct
import threading
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from stab3l.errors import Corrupt, Invalid, NotFound
from stab3l.exchange.limits import SEGMENT_READ_BYTES_MAX
from stab3l.exchange.messages import Segment

STREAMS: Final = ("inputs", "outputs")
_HEADER: Final = struct.Struct("<4sHHQQQQII32s")


@dataclass(slots=True)
class _Walk:
    """How far the headers of a last segment were stepped over."""

    path: Path
    first: int
    next_sequence: int
    offset: int = 0
    previous: bytes = b""


class JournalFiles:
    """Reads the files of one journal folder beside the engine that writes it; safe to use from several threads."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._walks: dict[str, _Walk] = {}
        self._first_links: dict[Path, bytes] = {}

    def segments(self, stream: str, through: int) -> tuple[Segment, ...]:
        """The segments of a stream up to the acknowledged sequence number ``through``, in order.

        Raises `Invalid` for an unknown stream, `Corrupt` for a segment that does not begin with a frame.
        """
        files = self._files(stream)
        with self._lock:
            rows = []
            for (first, path), (following, after) in pairwise(files):
                if following > through + 1:
                    rows.append(self._open_segment(stream, first, path, through))
                    return tuple(rows)
                size = path.stat().st_size
                rows.append(Segment(first, following - 1, size, True, self._link(path), self._link(after)))
            if files:
                rows.append(self._open_segment(stream, *files[-1], through))
            return tuple(rows)

    def read(self, stream: str, first_sequence: int, offset: int, length: int, through: int) -> bytes:
        """Bytes of a segment; fewer, or none, where it ends. Raises `NotFound` for a segment that there is not."""
        most = min(length, SEGMENT_READ_BYTES_MAX)
        for segment in self.segments(stream, through):
            if segment.first_sequence == first_sequence:
                path = self._journal / stream / f"{first_sequence:020}.seg"
                with path.open("rb", buffering=0) as file:
                    return os.pread(file.fileno(), max(min(most, segment.size - offset), 0), offset)
        raise NotFound(f"no segment of {stream} begins at {first_sequence}", first_sequence=first_sequence)

    def bytes_on_disk(self) -> int:
        """Bytes of all segment files, the reserved room behind the last frames included."""
        return sum(path.stat().st_size for stream in STREAMS for _, path in self._files(stream))

    def _files(self, stream: str) -> list[tuple[int, Path]]:
        if stream not in STREAMS:
            raise Invalid(f"there is no stream {stream[:48]!r}: inputs or outputs", stream=stream[:48])
        folder = self._journal / stream
        return sorted((int(path.stem), path) for path in folder.glob("*.seg"))

    def _open_segment(self, stream: str, first: int, path: Path, through: int) -> Segment:
        walk = self._walks.get(stream)
        if walk is None or walk.first != first:
            walk = self._walks[stream] = _Walk(path, first, first)
        with path.open("rb", buffering=0) as file:
            while walk.next_sequence <= through:
                header = os.pread(file.fileno(), _HEADER.size, walk.offset)
                if not _is_written(header):
                    break  # the output stream may be one group behind while a group is applied
                _, _, header_length, sequence, _, _, length, count, _, previous = _HEADER.unpack(header)
                if sequence != walk.next_sequence or count == 0:
                    raise Corrupt(f"{path} has no frame at byte {walk.offset}", file=str(path), offset=walk.offset)
                walk.previous = walk.previous or previous
                walk.offset += header_length + length
                walk.next_sequence += count
        return Segment(first, walk.next_sequence - 1, walk.offset, False, walk.previous, b"")

    def _link(self, path: Path) -> bytes:
        known = self._first_links.get(path)
        if known is None:
            with path.open("rb", buffering=0) as file:
                header = os.pread(file.fileno(), _HEADER.size, 0)
            if not _is_written(header):
                return b""
            known = self._first_links[path] = _HEADER.unpack(header)[-1]
        return known


def _is_written(header: bytes) -> bool:
    """Whether a frame begins here: behind the last one are zeros, and the first byte of a frame comes last."""
    return len(header) == _HEADER.size and header[0] != 0
