"""Conditional and range requests on one file, by RFC 9110 sections 13 and 14: what to answer, decided without I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_RANGE: Final = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


@dataclass(frozen=True, slots=True)
class Part:
    """What to send: ``status``, and the bytes from ``start`` up to but without ``end``."""

    status: int
    start: int
    end: int


def part_of(headers: Mapping[str, str], etag: str, size: int) -> Part:
    """The part of a file of ``size`` bytes that a request with these (lower-case) headers asks for.

    304 when the caller has this version already; 416 when the range begins beyond the end; 200 and the whole file for
    no range, several ranges, one that cannot be read, or an ``If-Range`` of another version; else 206.
    """
    if _lists(headers.get("if-none-match", ""), etag):
        return Part(304, 0, 0)
    wanted = _RANGE.fullmatch(headers.get("range", "").strip())
    if wanted is None or not any(wanted.groups()) or headers.get("if-range", etag) != etag:
        return Part(200, 0, size)
    first, last = wanted.groups()
    if first:
        start, end = int(first), min(int(last) + 1 if last else size, size)
        if last and int(last) < start:
            return Part(200, 0, size)
    else:
        start, end = max(size - int(last), 0), size
    return Part(206, start, end) if start < end else Part(416, 0, 0)


def _lists(header: str, etag: str) -> bool:
    return header.strip() == "*" or etag in (one.strip().removeprefix("W/") for one in header.split(","))
