"""How every question to the read model is asked: bounded, and as values."""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec
import sqlalchemy as sa

from stab3l.errors import Invalid
from stab3l.store.database import Database

LIMIT_MAX: Final = 1_000
V = TypeVar("V", bound=msgspec.Struct)


async def all_of(database: Database, query: sa.Select[Any], kind: type[V]) -> list[V]:
    """The rows of a query, as values of one kind."""
    fields = kind.__struct_fields__
    async with database.read() as connection:
        rows = (await connection.execute(query)).mappings().all()
    return [kind(**{name: row[name] for name in fields}) for row in rows]


def limited(limit: int) -> int:
    """A number of rows. Raises `Invalid` unless it is from 1 to `LIMIT_MAX`."""
    if not 1 <= limit <= LIMIT_MAX:
        raise Invalid(f"limit is 1 to {LIMIT_MAX}, not {limit}", limit=limit)
    return limit
