"""Keys at rest and at work: one scrypt keystore per role, opened into a signer that never shows its key."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import coincurve

from stab3l.chain.address import checksum
from stab3l.chain.keystore import lock, unlock
from stab3l.chain.transaction import SignedTransaction, Transaction, sign
from stab3l.chain.typed_data import Types, typed_hash
from stab3l.errors import Corrupt, Invalid, NotFound, Unauthorised
from stab3l.hashing import keccak256

WORK_FACTOR = 2**17
"""scrypt's n: memory (128 MiB at r = 8) and time that one guess of the password costs."""

PASSWORD_VARIABLE = "STAB3L_KEY_PASSWORD"


class Signer:
    """A role's key. ``address`` is public; the key itself stays inside."""

    __slots__ = ("_key", "address")

    def __init__(self, key: bytes) -> None:
        try:
            self._key = coincurve.PrivateKey(key)
        except ValueError:
            raise Invalid("this is no secp256k1 key") from None
        self.address = str(checksum(keccak256(self._key.public_key.format(compressed=False)[1:])[12:]))

    def __repr__(self) -> str:
        return f"Signer({self.address})"

    @classmethod
    def create(cls, home: Path, role: str, *, key: bytes | None = None, work_factor: int = WORK_FACTOR) -> Self:
        """Makes and stores a role's key (a given one, or a fresh one), mode 0600.

        Raises:
            Invalid: the role already has a key, its name is no file name, or the key is none.
            NotFound: there is no password to lock it with.
        """
        path = keystore_path(home, role)
        signer = cls(key or secrets.token_bytes(32))
        stored = lock(signer._key.secret, password(home), work_factor)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _write_new(path, stored):
            raise Invalid(f"{path} exists: a key is never overwritten", role=role)
        return signer

    @classmethod
    def load(cls, home: Path, role: str) -> Self:
        """Opens a role's key.

        Raises:
            NotFound: no keystore, or no password.
            Unauthorised: the password does not open it.
            Corrupt: the file is no keystore.
        """
        path = keystore_path(home, role)
        try:
            return cls(unlock(path.read_bytes(), password(home)))
        except FileNotFoundError:
            raise NotFound(f"{path} is missing: role {role} has no key", role=role) from None
        except Unauthorised:
            raise Unauthorised(f"the password does not open {path}", role=role) from None
        except Corrupt as error:
            raise Corrupt(f"{path}: {error.message}", role=role) from None

    def sign_typed(self, domain: Mapping[str, Any], types: Types, message: Mapping[str, Any]) -> bytes:
        """65 bytes r, s, v (27 or 28) over the EIP-712 message. Raises ``Invalid`` when it does not fit the types."""
        return self.sign_hash(typed_hash(domain, types, message))

    def sign_hash(self, digest: bytes) -> bytes:
        """65 bytes r, s, v over 32 bytes that the caller has hashed."""
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes((signature[64] + 27,))

    def sign_transaction(self, transaction: Transaction) -> SignedTransaction:
        """The bytes for the node and their hash."""
        return sign(transaction, self._key)


def keystore_path(home: Path, role: str) -> Path:
    """Where a role's key lies. Raises ``Invalid`` for a name that could leave the folder."""
    if not role or not all(c.isalnum() or c in "-_" for c in role):
        raise Invalid(f"{role!r} is no role: letters, digits, - and _", role=role)
    return home / "keys" / f"{role}.json"


def password(home: Path) -> bytes:
    """The keystores' password: ``STAB3L_KEY_PASSWORD``, else ``<home>/keys/password``. Raises ``NotFound``."""
    if given := os.environ.get(PASSWORD_VARIABLE):
        return given.encode()
    path = home / "keys" / "password"
    try:
        return path.read_bytes().strip()
    except FileNotFoundError:
        raise NotFound(f"no password: set {PASSWORD_VARIABLE} or write {path}", path=str(path)) from None


def create_password(home: Path) -> None:
    """Writes a random password, mode 0600, unless there is one."""
    path = home / "keys" / "password"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_new(path, secrets.token_urlsafe(32).encode())


def _write_new(path: Path, content: bytes) -> bool:
    """All of it or nothing, and never over a file that is there; False then."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True
