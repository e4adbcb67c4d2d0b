"""Job and result documents on disk, each under its own hash, so that no name can lie about its content."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Final

from stab3l.errors import Invalid, NotFound, Rejected, Unavailable
from stab3l.hashing import HASH_BYTES
from stab3l.provider.jobs import document_hash
from stab3l.provider.outputs import replace_file

STORE_BYTES_MAX: Final = 1 << 30
"""All documents of one kind together: whoever uploads is not known."""


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
    """There is no room for another document."""

    code: ClassVar[str] = "store_full"


class Documents:
    """Documents in one folder."""

    def __init__(self, folder: Path, bytes_max: int = STORE_BYTES_MAX) -> None:
        self._folder = folder
        self._bytes_max = bytes_max

    def put(self, name: bytes, document: bytes) -> bool:
        """Stores a document; False when it was there already.

        Raises:
            HashMismatch: ``name`` is not its hash.
            StoreFull: there is no room.
        """
        if document_hash(document) != name:
            raise HashMismatch("the document does not hash to its name", name=name, hash=document_hash(document))
        path = self._path(name)
        if path.exists():
            return False
        if self._stored_bytes() + len(document) > self._bytes_max:
            raise StoreFull("the store of documents is full", retry_after_s=3_600)
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

    def _stored_bytes(self) -> int:
        return sum(path.stat().st_size for path in self._folder.glob("*"))


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
