"""Job and result documents on disk, each under its own hash, so that no name can lie about its content."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import ClassVar, Final

from stab3l.errors import Invalid, NotFound, Rejected, Unavailable
from stab3l.hashing import HASH_BYTES
from stab3l.provider.jobs import document_hash
from stab3l.provider.outputs import replace_file

STORE_BYTES_MAX: Final = 1 << 30
"""All documents of one kind together: whoever uploads is not known."""

STORE_COUNT_MAX: Final = 10_000
"""Likewise, since every upload looks at all that are there."""


class NameInvalid(Invalid):
    """A document's name is the 64 hexadecimal digits of its hash, with or without 0x."""

    code: ClassVar[str] = "name_invalid"


class DocumentUnknown(NotFound):
    """No document is stored under this name."""

    code: ClassVar[str] = "document_unknown"


class HashMismatch(Rejected):
    """The document's hash is not the name that it came under."""

    code: ClassVar[str] = "hash_mismatch"


class StoreFull(Unavailable):
    """There is no room for another document: those that may not go take all of it."""

    code: ClassVar[str] = "store_full"


class Documents:
    """Documents in one folder. In a full one the oldest make room, so that nobody can fill it for good."""

    def __init__(self, folder: Path, bytes_max: int = STORE_BYTES_MAX, count_max: int = STORE_COUNT_MAX) -> None:
        self._folder = folder
        self._bytes_max = bytes_max
        self._count_max = count_max

    def put(self, name: bytes, document: bytes, kept: Collection[bytes] = ()) -> bool:
        """Stores a document; False when it was there already. ``kept``: names that make room for nothing.

        Raises:
            HashMismatch: ``name`` is not its hash.
            StoreFull: there is no room.
        """
        if document_hash(document) != name:
            raise HashMismatch("the document does not hash to its name", name=name, hash=document_hash(document))
        path = self._path(name)
        if path.exists():
            return False
        self._make_room(len(document), kept)
        replace_file(path, document)
        return True

    def get(self, name: bytes) -> bytes:
        """The document of this name.

        Raises:
            DocumentUnknown: it is not here.
        """
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            raise DocumentUnknown(f"there is no document {name.hex()}", name=name) from None

    def _path(self, name: bytes) -> Path:
        return self._folder / name.hex()

    def _make_room(self, size: int, kept: Collection[bytes]) -> None:
        """Drops the oldest until one more of this size fits, or none when dropping does not help."""
        found = [(path, stat) for path in self._folder.glob("*") if (stat := _stat_of(path))]
        bytes_left = self._bytes_max - size - sum(stat.st_size for _, stat in found)
        places_left = self._count_max - 1 - len(found)
        held = {name.hex() for name in kept}
        dropped: list[Path] = []
        for path, stat in sorted(found, key=lambda entry: entry[1].st_mtime_ns):
            if bytes_left >= 0 and places_left >= 0:
                break
            if path.name not in held:
                dropped.append(path)
                bytes_left, places_left = bytes_left + stat.st_size, places_left + 1
        if bytes_left < 0 or places_left < 0:
            raise StoreFull("the store of documents is full", retry_after_s=3_600)
        for path in dropped:
            path.unlink(missing_ok=True)


def _stat_of(path: Path) -> os.stat_result | None:
    """None for a file that another upload has just moved or dropped."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def parse_name(text: str) -> bytes:
    """A name from a path.

    Raises:
        NameInvalid: it is not 64 hexadecimal digits.
    """
    digits = text.removeprefix("0x")
    if len(digits) != 2 * HASH_BYTES or not digits.isalnum() or not digits.isascii():
        raise NameInvalid("a name is 64 hexadecimal digits", name=text[:80])
    try:
        return bytes.fromhex(digits)
    except ValueError:
        raise NameInvalid("a name is 64 hexadecimal digits", name=text[:80]) from None


def job_documents(home: Path) -> Documents:
    """The jobs that buyers uploaded."""
    return Documents(home / "provider" / "documents")


def result_documents(home: Path) -> Documents:
    """The results of this provider's jobs."""
    return Documents(home / "provider" / "results")
