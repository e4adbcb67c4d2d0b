"""The gateway's two credentials: random tokens under ``<home>/keys``, one file for each role, mode 0600."""

from __future__ import annotations

import hmac
import os
import secrets
from enum import Enum
from pathlib import Path
from typing import Final

from stab3l.errors import NotFound
from stab3l.exchange.errors import TokenInvalid

TRADE_FILE: Final = "gateway-token"
OPERATE_FILE: Final = "gateway-operator-token"
TOKEN_CHARACTERS_MIN: Final = 32
READABLE_BY_OTHERS: Final = 0o077


class Role(Enum):
    """What a token allows: ``TRADE`` says what users sign; ``OPERATE`` also lists, credits, marks, sweeps and seals."""

    TRADE = "trade"
    OPERATE = "operate"


def read_token(home: Path, name: str) -> str:
    """The token in ``<home>/keys/<name>``.

    Raises:
        NotFound: there is none: the gateway writes it at its first start.
        TokenInvalid: shorter than 32 characters, or readable by others than its owner.
    """
    path = home / "keys" / name
    try:
        mode = path.stat().st_mode
        token = path.read_text().strip()
    except FileNotFoundError:
        raise NotFound(f"{path} is missing: the gateway writes it at its first start", path=str(path)) from None
    if mode & READABLE_BY_OTHERS:
        raise TokenInvalid(f"{path} is readable by others: chmod 600 it", path=str(path), mode=oct(mode & 0o777))
    if len(token) < TOKEN_CHARACTERS_MIN:
        raise TokenInvalid(f"{path} holds fewer than {TOKEN_CHARACTERS_MIN} characters", path=str(path))
    return token


def ensure_tokens(home: Path) -> dict[Role, str]:
    """Both tokens of a home, made when missing. Raises `TokenInvalid` for one that cannot be used."""
    names = {Role.TRADE: TRADE_FILE, Role.OPERATE: OPERATE_FILE}
    for name in names.values():
        _create(home / "keys" / name)
    return {role: read_token(home, name) for role, name in names.items()}


def role_of(authorization: str, tokens: dict[Role, str]) -> Role | None:
    """The role that an ``authorization`` value proves; None when it proves none. Takes the same time for all."""
    given = authorization.encode()
    matches = [role for role, token in tokens.items() if hmac.compare_digest(given, f"Bearer {token}".encode())]
    return matches[0] if matches else None


def _create(path: Path) -> None:
    """Writes a random token unless there is one; complete or not at all, also when two start at once."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(32))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
