"""Names of files by their content, equal to those that IPFS gives (`ipfs add --cid-version=1 --raw-leaves`).

A file of at most 262,144 bytes is one raw block. A longer one is cut into such leaves under a balanced tree of dag-pb
nodes with at most 174 links (UnixFS, https://specs.ipfs.tech/unixfs/). A CID is written in base32 (multibase ``b``).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from stab3l.errors import Invalid

CHUNK_BYTES: Final = 262_144
LINKS_MAX: Final = 174
RAW: Final = 0x55
DAG_PB: Final = 0x70
_SHA2_256: Final = b"\x12\x20"
_UNIXFS_FILE: Final = 2


class CidInvalid(Invalid):
    """Text that is no version 1 CID of a raw or dag-pb block under SHA2-256."""

    code: ClassVar[str] = "cid_invalid"


@dataclass(frozen=True, slots=True)
class Cid:
    """Codec and SHA2-256 of one block."""

    codec: int
    digest: bytes

    @property
    def binary(self) -> bytes:
        """Version 1, codec, multihash."""
        return bytes([1, self.codec]) + _SHA2_256 + self.digest

    def __str__(self) -> str:
        return "b" + base64.b32encode(self.binary).decode().lower().rstrip("=")

    @classmethod
    def of(cls, codec: int, block: bytes) -> Cid:
        """The name of a block."""
        return cls(codec, hashlib.sha256(block).digest())

    @classmethod
    def parse(cls, text: str) -> Cid:
        """Reads a CID.

        Raises:
            CidInvalid: it is not one, or of another kind.
        """
        try:
            digits = text[1:].upper()
            raw = base64.b32decode(digits + "=" * (-len(digits) % 8))
        except ValueError:
            raw = b""
        known = len(raw) == 36 and raw[0] == 1 and raw[1] in (RAW, DAG_PB) and raw[2:4] == _SHA2_256
        if text[:1] != "b" or not known or str(cls(raw[1], raw[4:])) != text:
            raise CidInvalid(f"{text[:80]!r} is no CID of a raw or dag-pb block", cid=text[:80])
        return cls(raw[1], raw[4:])


@dataclass(frozen=True, slots=True)
class _Part:
    cid: Cid
    file_bytes: int
    """Of the file below."""
    total_bytes: int
    """Of all blocks below, as links say it."""


Keep = Callable[[Cid, bytes], None]


def add_file(pieces: Iterable[bytes], keep: Keep) -> Cid:
    """The CID of the file that the pieces make; ``keep`` gets every block of it."""
    level = [_block(RAW, chunk, len(chunk), 0, keep) for chunk in _chunks(pieces)]
    if not level:
        level = [_block(RAW, b"", 0, 0, keep)]
    while len(level) > 1:
        level = [_node(level[start : start + LINKS_MAX], keep) for start in range(0, len(level), LINKS_MAX)]
    return level[0].cid


def links_of(block: bytes) -> list[Cid]:
    """The children of a dag-pb block, in order.

    Raises:
        CidInvalid: the block is not one of ours.
    """
    links = []
    for field, value in _fields(block):
        if field == 2:
            name = next((inner for number, inner in _fields(value) if number == 1), b"")
            if len(name) != 36:
                raise CidInvalid("a link has no version 1 CID", block=block[:32].hex())
            links.append(Cid(name[1], name[4:]))
    return links


def _chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    pending = bytearray()
    for piece in pieces:
        pending += piece
        while len(pending) >= CHUNK_BYTES:
            yield bytes(pending[:CHUNK_BYTES])
            del pending[:CHUNK_BYTES]
    if pending:
        yield bytes(pending)


def _block(codec: int, block: bytes, file_bytes: int, below: int, keep: Keep) -> _Part:
    cid = Cid.of(codec, block)
    keep(cid, block)
    return _Part(cid, file_bytes, len(block) + below)


def _node(parts: list[_Part], keep: Keep) -> _Part:
    file_bytes = sum(part.file_bytes for part in parts)
    links = b"".join(
        _bytes_field(2, _bytes_field(1, part.cid.binary) + _bytes_field(2, b"") + _number_field(3, part.total_bytes))
        for part in parts
    )
    sizes = b"".join(_number_field(4, part.file_bytes) for part in parts)
    unixfs = _number_field(1, _UNIXFS_FILE) + _number_field(3, file_bytes) + sizes
    below = sum(part.total_bytes for part in parts)
    return _block(DAG_PB, links + _bytes_field(1, unixfs), file_bytes, below, keep)


# --- Protocol buffers, as far as dag-pb needs them


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _number_field(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _bytes_field(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Fields with bytes in them; others are passed over."""
    at = 0
    try:
        while at < len(message):
            key, at = _read_varint(message, at)
            size, at = _read_varint(message, at)
            if key & 7 == 2:
                if at + size > len(message):
                    raise IndexError
                yield key >> 3, message[at : at + size]
                at += size
    except IndexError:
        raise CidInvalid("a dag-pb block is cut short", block=message[:32].hex()) from None


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at
