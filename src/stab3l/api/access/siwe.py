"""Sign-In with Ethereum (EIP-4361): the message, read strictly, and what it must say here. Pure.

The published packages pin web3 below 8, so the parser is ours: it takes what the ABNF of the EIP takes, no more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from stab3l.api.problems import Problem
from stab3l.chain.address import checksum
from stab3l.hashing import keccak256

MESSAGE_CHARACTERS_MAX: Final = 4_000
ISSUED_AHEAD_S: Final = 60
HEAD: Final = " wants you to sign in with your Ethereum account:"
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_FIELDS: Final = (
    ("URI", True), ("Version", True), ("Chain ID", True), ("Nonce", True), ("Issued At", True),
    ("Expiration Time", False), ("Not Before", False), ("Request ID", False),
)  # fmt: skip
_DOMAIN: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?[A-Za-z0-9.\-\[\]:]+")
_NONCE: Final = re.compile(r"[A-Za-z0-9]{8,128}")


@dataclass(frozen=True, slots=True)
class SiweMessage:
    """A message as it was signed. Times: unix seconds."""

    domain: str
    address: str
    statement: str | None
    uri: str
    chain_id: int
    nonce: str
    issued_at: int
    expires_at: int | None
    not_before: int | None


def parse(text: str) -> SiweMessage:
    """Reads a message. Raises `Problem` ``siwe_invalid``."""
    if len(text) > MESSAGE_CHARACTERS_MAX or "\r" in text:
        raise _invalid(f"a message has at most {MESSAGE_CHARACTERS_MAX} characters and no carriage return")
    lines = text.split("\n")
    if len(lines) < 8 or not lines[0].endswith(HEAD) or lines[2] != "":
        raise _invalid("it does not begin as EIP-4361 says")
    domain, address = lines[0].removesuffix(HEAD), lines[1]
    if not _DOMAIN.fullmatch(domain):
        raise _invalid("the domain cannot be read")
    if not re.fullmatch(r"0x[0-9a-fA-F]{40}", address) or str(checksum(bytes.fromhex(address[2:]))) != address:
        raise _invalid("the address must be written with its checksum (EIP-55)")
    statement, rest = _statement(lines[3:])
    fields = _fields(rest)
    if fields["Version"] != "1" or not re.fullmatch(r"[1-9]\d{0,17}", fields["Chain ID"]):
        raise _invalid("the version is 1 and the chain id a number")
    if not _NONCE.fullmatch(fields["Nonce"]):
        raise _invalid("the nonce has at least 8 letters and digits")
    return SiweMessage(
        domain=domain.rpartition("://")[2],
        address=address,
        statement=statement,
        uri=fields["URI"],
        chain_id=int(fields["Chain ID"]),
        nonce=fields["Nonce"],
        issued_at=_time(fields["Issued At"]),
        expires_at=_time(fields["Expiration Time"]) if "Expiration Time" in fields else None,
        not_before=_time(fields["Not Before"]) if "Not Before" in fields else None,
    )


def check(message: SiweMessage, *, origins: tuple[str, ...], chain_ids: set[int], now: int) -> None:
    """Judges what a message says: for this site, one of these chains, and now. Raises `Problem`."""
    hosts = {origin.rpartition("://")[2] for origin in origins}
    fits = any(message.uri == origin or message.uri.startswith(origin + "/") for origin in origins)
    if message.domain not in hosts or not fits:
        told = f"the message is for {message.domain[:80]} ({message.uri[:80]}), not for this site"
        raise Problem("siwe_domain", told, domain=message.domain[:80])
    if message.chain_id not in chain_ids:
        raise Problem("siwe_invalid", f"chain {message.chain_id} is not one of this network", chain_id=message.chain_id)
    if message.issued_at > now + ISSUED_AHEAD_S or (message.not_before is not None and message.not_before > now):
        raise Problem("siwe_expired", "the message is not valid yet", now=now)
    if message.expires_at is not None and message.expires_at <= now:
        raise Problem("siwe_expired", "the message has expired", expires_at=message.expires_at, now=now)


def personal_digest(text: str) -> bytes:
    """What a wallet signs by ``personal_sign`` (EIP-191, version 0x45)."""
    data = text.encode()
    return keccak256(b"\x19Ethereum Signed Message:\n" + str(len(data)).encode() + data)


def _statement(lines: list[str]) -> tuple[str | None, list[str]]:
    """The statement, if there is one, and the lines from the URI on. Without one, one empty line may be left."""
    if lines[0].startswith("URI: "):
        return None, lines
    if lines[0] == "" and lines[1].startswith("URI: "):
        return None, lines[1:]
    if lines[0] == "" or lines[1] != "":
        raise _invalid("empty lines must stand around the statement")
    return lines[0], lines[2:]


def _fields(lines: list[str]) -> dict[str, str]:
    """The tagged lines, each once, in the EIP's order; resources are read and not used."""
    found: dict[str, str] = {}
    at = 0
    for name, needed in _FIELDS:
        prefix = f"{name}: "
        if at < len(lines) and lines[at].startswith(prefix):
            found[name] = lines[at].removeprefix(prefix)
            at += 1
        elif needed:
            raise _invalid(f"{name} is missing, or not in its place")
    if at < len(lines) and lines[at] == "Resources:":
        at += 1
        while at < len(lines) and lines[at].startswith("- "):
            at += 1
    if at != len(lines):
        raise _invalid(f"line {lines[at][:48]!r} has no place in a message")
    return found


def _time(text: str) -> int:
    if not _TIME.fullmatch(text):
        raise _invalid(f"{text[:48]!r} is no time of RFC 3339")
    whole = re.sub(r"\.\d+", "", text)
    try:
        return int(datetime.fromisoformat(whole.replace("Z", "+00:00")).astimezone(UTC).timestamp())
    except (ValueError, OverflowError):
        raise _invalid(f"{text[:48]!r} is no time of RFC 3339") from None


def _invalid(detail: str) -> Problem:
    return Problem("siwe_invalid", f"this is not a sign-in message: {detail}")
