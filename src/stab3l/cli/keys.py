"""`stab3l key ...`: scrypt keystores under <home>/keys. A key is never an argument and never shown."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from stab3l.cli.asking import Home, Json, say, show_pairs
from stab3l.cli.output import emit
from stab3l.config import Settings
from stab3l.errors import Invalid, NotFound

NewRole = Annotated[str, Parameter(help="Name of the key: letters, digits, - and _.")]
HEXADECIMAL_MAX = 66


def new(role: NewRole, /, *, home: Home = None, as_json: Json = False) -> None:
    """Makes a fresh key and locks it with the password of STAB3L_KEY_PASSWORD, the home, or the keyboard.

    Example: `stab3l key new trader-2 --home .stab3l/local`
    """
    _store(home, role, None, as_json)


def import_(
    role: NewRole,
    /,
    *,
    keystore: Annotated[Path | None, Parameter(help="A keystore of another wallet (Web3 Secret Storage).")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Takes over a key: from another wallet's keystore, or as hexadecimal digits from stdin. Never from a flag.

    The password of a foreign keystore is asked for, or comes from STAB3L_IMPORT_PASSWORD.

    Example: `stab3l key import cold --keystore UTC--2026-01-01--wallet.json`
    """
    from stab3l.chain.keystore import unlock

    if keystore is not None:
        given = os.environ.get("STAB3L_IMPORT_PASSWORD") or _typed(f"password of {keystore.name}: ")
        try:
            key = unlock(keystore.read_bytes(), given.encode())
        except OSError as error:
            raise Invalid(f"{keystore} cannot be read: {error.strerror}", path=str(keystore)) from None
    else:
        digits = getpass.getpass("key (hexadecimal): ") if sys.stdin.isatty() else sys.stdin.read(HEXADECIMAL_MAX + 1)
        try:
            key = bytes.fromhex(digits.strip().removeprefix("0x"))
        except ValueError:
            raise Invalid("stdin holds no hexadecimal key") from None
    _store(home, role, key, as_json)


def listed(*, home: Home = None, as_json: Json = False) -> None:
    """Lists the keys of a home: name and address. Nothing is unlocked for it.

    Example: `stab3l key list --home .stab3l/local --json | jq -r '.[].address'`
    """
    from stab3l.chain.address import checksum

    found = []
    for path in sorted(((home or Settings().home) / "keys").glob("*.json")):
        try:
            address = str(msgspec.json.decode(path.read_bytes())["address"]).removeprefix("0x")
            found.append({"role": path.stem, "address": checksum(bytes.fromhex(address))})
        except (msgspec.DecodeError, KeyError, TypeError, ValueError):
            say(f"{path} is no keystore")
    if as_json:
        emit(found)
    else:
        show_pairs((one["role"], one["address"]) for one in found)


def _store(home: Path | None, role: str, key: bytes | None, as_json: bool) -> None:
    from stab3l.chain.signer import PASSWORD_VARIABLE, Signer, password

    folder = home or Settings().home
    try:
        password(folder)
    except NotFound:
        if not sys.stdin.isatty():
            raise
        first, again = (_typed(text) for text in ("new password: ", "once more: "))
        if first != again or not first:
            raise Invalid("the two passwords differ, or are empty") from None
        os.environ[PASSWORD_VARIABLE] = first
    signer = Signer.create(folder, role, key=key)
    made: dict[str, Any] = {"role": role, "address": signer.address}
    if as_json:
        emit(made)
    else:
        show_pairs(made.items())


def _typed(text: str) -> str:
    if not sys.stdin.isatty():
        raise Invalid("there is nobody to ask for a password: set STAB3L_IMPORT_PASSWORD")
    return getpass.getpass(text)
