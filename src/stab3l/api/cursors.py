"""Opaque cursors: where a list goes on, as text that a client keeps and sends back."""

from __future__ import annotations

import base64
from typing import Annotated, Final

import msgspec

from stab3l.api.problems import Problem

LIMIT_MAX: Final = 500
COUNT_MAX: Final = 2**63 - 1
"""What the index's columns hold."""
_PARTS_MAX: Final = 4

Limit = Annotated[int, msgspec.Meta(ge=1, le=LIMIT_MAX, description="Rows, 1 to 500.")]
Cursor = Annotated[str, msgspec.Meta(max_length=120, description="`next` of the part before.")]


class ListQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of a list."""

    limit: Limit = 50
    cursor: Cursor | None = None


def cursor_of(*position: int) -> str:
    """The cursor of a position."""
    return base64.urlsafe_b64encode(".".join(map(str, position)).encode()).decode().rstrip("=")


def position_of(cursor: str | None, start: tuple[int, ...]) -> tuple[int, ...]:
    """The position that a cursor names; ``start`` without one. Raises `Problem` ``cursor_invalid``."""
    if cursor is None:
        return start
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
        parts = text.split(".", _PARTS_MAX)
        numbers = tuple(int(part) for part in parts if part.isdigit() and len(part) <= 78)
    except ValueError:
        numbers = ()
    if len(numbers) != len(start) or cursor_of(*numbers) != cursor:
        raise Problem("cursor_invalid", "this is not a cursor that this list gave", cursor=cursor[:48])
    return numbers
