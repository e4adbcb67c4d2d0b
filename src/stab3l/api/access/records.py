"""What the access database keeps, by duty: sessions, keys, agents, passkeys, marks that are spent, answers, usage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from stab3l.clock import monotonic_s
from stab3l.store import access_tables as t
from stab3l.store.database import ACCESS, Database, open_database
from stab3l.store.transaction import Transaction

KNOWN_S: Final = 2.0
"""How long a row that says who may do what is believed: a revocation by another process counts after this."""
KNOWN_MAX: Final = 20_000


class Records:
    """The access database, opened when it is first needed. Every method raises ``Unavailable`` while it is away."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._database: Database | None = None
        self._opening = asyncio.Lock()
        self._known: dict[tuple[str, ...], tuple[float, dict[str, Any] | None]] = {}

    async def close(self) -> None:
        """Closes it."""
        if self._database is not None:
            await self._database.close()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """One transaction."""
        async with (await self._opened()).write() as connection:
            yield connection

    async def rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        """Rows that a query finds."""
        async with (await self._opened()).read() as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]

    async def add(self, table: sa.Table, row: Mapping[str, Any]) -> bool:
        """Adds a row; False when there is one with its key already."""
        try:
            async with self.write() as connection:
                await connection.execute(sa.insert(table).values(row))
        except IntegrityError:
            return False
        self._forget(table)
        return True

    async def change(self, table: sa.Table, where: Mapping[str, Any], values: Mapping[str, Any]) -> int:
        """Changes rows; how many."""
        async with self.write() as connection:
            conditions = [table.c[name] == value for name, value in where.items()]
            changed = await connection.change(sa.update(table).where(*conditions).values(values))
        self._forget(table)
        return changed

    async def one(self, table: sa.Table, **key: Any) -> dict[str, Any] | None:
        """A row by key, at most `KNOWN_S` seconds old."""
        mark = (table.name, *(f"{name}={value!r}" for name, value in sorted(key.items())))
        found = self._known.get(mark)
        if found is not None and monotonic_s() < found[0]:
            return found[1]
        rows = await self.rows(sa.select(table).where(*(table.c[name] == value for name, value in key.items())))
        row = rows[0] if rows else None
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()
        self._known[mark] = (monotonic_s() + KNOWN_S, row)
        return row

    async def spend(self, mark: str, expires_at: int, now: int) -> bool:
        """Uses something up that counts once; False when it was before. Marks that have expired are swept out."""
        try:
            async with self.write() as connection:
                await connection.execute(sa.delete(t.spent).where(t.spent.c.expires_at < now))
                await connection.execute(sa.insert(t.spent).values(mark=mark, expires_at=expires_at))
        except IntegrityError:
            return False
        return True

    async def rotate_refresh(self, session_id: str, old: bytes, new: bytes, now: int, expires_at: int) -> bool:
        """Puts another refresh token in the place of one; False when that is no longer the good one."""
        c = t.sessions.c
        async with self.write() as connection:
            moved = await connection.change(
                sa.update(t.sessions)
                .where(c.session_id == session_id, c.refresh_hash == old, c.revoked.is_(False))
                .values(refresh_hash=new, used_at=now)
            )
            if moved != 1:
                return False
            gone = {"refresh_hash": old, "session_id": session_id, "expires_at": expires_at}
            await connection.execute(sa.insert(t.spent_refresh_tokens).values(gone))
        self._forget(t.sessions)
        return True

    async def begin_answer(
        self, caller: str, key: str, request_hash: bytes, now: int, life_s: int
    ) -> Mapping[str, Any] | None:
        """The answer that stands under an idempotency key; None when there is none and this request may make it."""
        c = t.answers.c
        row = {
            "caller": caller, "key": key, "request_hash": request_hash, "status": 0, "media_type": "", "content": b"",
            "expires_at": now + life_s,
        }  # fmt: skip
        async with self.write() as connection:
            await connection.execute(sa.delete(t.answers).where(c.expires_at < now))
            found = (
                (await connection.execute(sa.select(t.answers).where(c.caller == caller, c.key == key)))
                .mappings()
                .first()
            )
            if found is not None:
                return dict(found)
            await connection.execute(sa.insert(t.answers).values(row))
        return None

    async def end_answer(self, caller: str, key: str, status: int, media_type: str, content: bytes) -> None:
        """Keeps the answer that was made; status 0 lets the next request make it."""
        where = {"caller": caller, "key": key}
        if status:
            await self.change(t.answers, where, {"status": status, "media_type": media_type, "content": content})
            return
        async with self.write() as connection:
            await connection.execute(sa.delete(t.answers).where(t.answers.c.caller == caller, t.answers.c.key == key))

    async def add_usage(self, counts: Mapping[tuple[str, int, str], tuple[int, int]]) -> None:
        """Adds requests and errors by (account, hour, route)."""
        c = t.usage.c
        async with self.write() as connection:
            for (account, hour, route), (requests, errors) in counts.items():
                where = (c.account == account, c.hour == hour, c.route == route)
                values = {"requests": c.requests + requests, "errors": c.errors + errors}
                if await connection.change(sa.update(t.usage).where(*where).values(values)) == 0:
                    row = {"account": account, "hour": hour, "route": route, "requests": requests, "errors": errors}
                    await connection.execute(sa.insert(t.usage).values(row))

    def _forget(self, table: sa.Table) -> None:
        for mark in [mark for mark in self._known if mark[0] == table.name]:
            del self._known[mark]

    async def _opened(self) -> Database:
        if self._database is None:
            async with self._opening:
                self._database = self._database or await open_database(self._url, ACCESS)
        return self._database
