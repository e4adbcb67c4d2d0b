"""What a member must not forget: the statements that it signed, and the secret by which it chooses products.

The file ``signed`` has one line per claim, ``<claim> <statement hash>``, on disk before the signature leaves the
process. A line that a crash cut short was never followed by a signature, and is dropped.

The choice of the product to download is a keyed hash of the statement: nobody can foretell it, and asking again does
not change it, so a provider cannot ask until the choice falls on a product that is right.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Self

from stab3l.errors import Corrupt
from stab3l.hashing import HASH_BYTES, keccak256
from stab3l.verifier.refusals import StatementConflict


class Memory:
    """One member's durable memory, in a folder that only one process uses."""

    def __init__(self, folder: Path, secret: bytes, signed: dict[int, bytes]) -> None:
        self._path = folder / "signed"
        self._secret = secret
        self._signed = signed

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Reads the folder, or begins it.

        Raises:
            Corrupt: its files cannot be read.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(folder, _secret(folder / "secret"), _signed(folder / "signed"))

    def chosen_product(self, statement_hash: bytes, products: int) -> int:
        """Which product this member looks at."""
        return int.from_bytes(keccak256(self._secret + statement_hash), "big") % products

    def remember(self, claim_id: int, statement_hash: bytes) -> None:
        """Stores that this statement is signed; to be called before the signature is given away.

        Raises:
            StatementConflict: another statement of this claim was signed.
        """
        before = self._signed.get(claim_id)
        if before == statement_hash:
            return
        if before is not None:
            raise StatementConflict(f"another statement of claim {claim_id} was signed", claim_id=claim_id)
        with self._path.open("ab") as file:
            file.write(f"{claim_id} {statement_hash.hex()}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        self._signed[claim_id] = statement_hash


def _secret(path: Path) -> bytes:
    if not path.exists():
        draft = path.with_name(f".{path.name}")
        draft.unlink(missing_ok=True)
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(HASH_BYTES))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    secret = path.read_bytes()
    if len(secret) != HASH_BYTES:
        raise Corrupt(f"{path} does not hold {HASH_BYTES} bytes", path=str(path))
    return secret


def _signed(path: Path) -> dict[int, bytes]:
    if not path.exists():
        return {}
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        os.truncate(path, len(whole))
    try:
        pairs = (line.split(" ") for line in whole.decode("ascii").splitlines())
        return {int(claim): bytes.fromhex(digest) for claim, digest in pairs}
    except ValueError:
        raise Corrupt(f"{path} has a line that is not `<claim> <hash>`", path=str(path)) from None
