"""Access tokens: short JWTs (RFC 9068) signed with Ed25519 (RFC 9864), and the key set that checks them.

Keys lie in ``<home>/keys/api-tokens.json``, mode 0600, newest first. A new one signs as soon as it is there; the one
before still checks what it signed until that has expired.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from stab3l.api.access.identity import Identity
from stab3l.api.problems import Problem
from stab3l.errors import Corrupt

ALGORITHM: Final = "Ed25519"
LIFE_S: Final = 600
KEYS_KEPT: Final = 3
ROTATE_S: Final = 30 * 86_400
TOKEN_CHARACTERS_MAX: Final = 2_000
CHECKED_KEPT: Final = 10_000
AUDIENCE: Final = "stab3l-api"


class TokenKeys:
    """The signing keys of a home, shared by its processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at = -1
        self._keys: list[OKPKey] = []
        self._made: list[int] = []

    def current(self, now: int) -> OKPKey:
        """The key that signs; a fresh one when there is none, or the last is too old."""
        self._load()
        if not self._keys or now - self._made[0] >= ROTATE_S:
            self.rotate(now)
        return self._keys[0]

    def all(self) -> KeySet:
        """Every key that may have signed what still lives."""
        self._load()
        return KeySet(list(self._keys))

    def rotate(self, now: int, *, anyway: bool = False) -> None:
        """Puts a new key first, unless another process did so meanwhile; ``anyway``: even then."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(self._path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600), "r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = list(self._made)
            self._read_at = -1
            self._load()
            if not anyway and self._made != before and self._made and now - self._made[0] < ROTATE_S:
                return
            key = OKPKey.generate_key("Ed25519", {"kid": secrets.token_urlsafe(12), "use": "sig", "alg": ALGORITHM})
            kept = [(key, now), *zip(self._keys, self._made, strict=True)][:KEYS_KEPT]
            document = [{"made_at": made, "key": one.as_dict(private=True)} for one, made in kept]
            draft = self._path.with_suffix(f".{os.getpid()}")
            with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
                json.dump(document, file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)
            self._read_at = -1
            self._load()

    def _load(self) -> None:
        try:
            changed = self._path.stat().st_mtime_ns
            if changed == self._read_at:
                return
            document = json.loads(self._path.read_text())
            self._keys = [OKPKey.import_key(entry["key"]) for entry in document]
            self._made = [int(entry["made_at"]) for entry in document]
            self._read_at = changed
        except FileNotFoundError:
            self._keys, self._made = [], []
        except (ValueError, KeyError, TypeError, JoseError):
            raise Corrupt(f"{self._path} holds no signing keys: move it away and sign in anew") from None


class Tokens:
    """Issues and checks access tokens of one issuer. Checked ones are remembered: a check costs 200 microseconds."""

    def __init__(self, keys: TokenKeys, issuer: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._checked: OrderedDict[str, tuple[int, Identity]] = OrderedDict()

    def issue(self, identity: Identity, now: int) -> str:
        """A token that lives `LIFE_S` seconds."""
        key = self._keys.current(now)
        claims = {
            "iss": self._issuer, "aud": AUDIENCE, "sub": identity.address, "sid": identity.id,
            "scope": " ".join(sorted(identity.scopes)), "iat": now, "nbf": now, "exp": now + LIFE_S,
            "jti": secrets.token_urlsafe(12),
        }  # fmt: skip
        return jwt.encode({"alg": ALGORITHM, "typ": "at+jwt", "kid": key.kid}, claims, key, algorithms=[ALGORITHM])

    def check(self, token: str, now: int) -> Identity:
        """Whose token it is. Raises `Problem` ``token_invalid``, ``token_expired``."""
        found = self._checked.get(token)
        if found is None:
            found = self._read(token, now)
            self._checked[token] = found
            if len(self._checked) > CHECKED_KEPT:
                self._checked.popitem(last=False)
        if now >= found[0]:
            raise Problem("token_expired", "the access token has expired: refresh it", now=now)
        return found[1]

    def public_keys(self) -> dict[str, Any]:
        """The JWK Set (RFC 7517)."""
        return dict(self._keys.all().as_dict(private=False))

    def _read(self, token: str, now: int) -> tuple[int, Identity]:
        if len(token) > TOKEN_CHARACTERS_MAX:
            raise Problem("token_invalid", "the access token is too long")
        try:
            read = jwt.decode(token, self._keys.all(), algorithms=[ALGORITHM])
            rules = jwt.JWTClaimsRegistry(
                now=now,
                iss={"essential": True, "value": self._issuer},
                aud={"essential": True, "value": AUDIENCE},
                sub={"essential": True},
                sid={"essential": True},
                exp={"essential": True},
                nbf={"essential": True},
            )
            if read.header.get("typ") != "at+jwt":
                raise Problem("token_invalid", "this is no access token")
            claims = read.claims
            if not isinstance(claims["exp"], int):
                raise Problem("token_invalid", "the token's expiry is no number")
            if claims["exp"] <= now:
                raise Problem("token_expired", "the access token has expired: refresh it", now=now)
            rules.validate(claims)
            identity = Identity(
                bytes.fromhex(claims["sub"][2:]), frozenset(claims["scope"].split()), "session", claims["sid"]
            )
        except (JoseError, ValueError, KeyError, TypeError, AttributeError):
            raise Problem("token_invalid", "the access token is not one of ours") from None
        return claims["exp"], identity
