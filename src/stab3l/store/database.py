"""Opening the read model: one URL, migrated to the newest schema, with short read and write transactions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import anyio
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from stab3l.errors import Invalid, Unavailable


@dataclass(frozen=True, slots=True)
class Schema:
    """A database's tables: the folder of its migrations and the newest of them."""

    migrations: Path
    newest: str


READ_MODEL = Schema(Path(__file__).parent / "migrations", "0003")
ACCESS = Schema(Path(__file__).parent / "access_migrations", "0001")
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}
BUSY_TIMEOUT_MS = 15_000
CONNECT_TIMEOUT_S = 10
STATEMENT_TIMEOUT_MS = 30_000
MIGRATION_LOCK = 0x5354_4233_4C
"""PostgreSQL advisory lock: processes that start at once migrate one after the other."""


class Database:
    """The read model's connections. Close it, or use it as an async context manager."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes all connections."""
        await self.engine.dispose()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One consistent view. Raises ``Unavailable`` while the database does not answer."""
        async with self._transaction(writes=False) as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """All or nothing; on SQLite it holds the write lock from the start. Raises as ``read`` does."""
        async with self._transaction(writes=True) as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self, *, writes: bool) -> AsyncIterator[AsyncConnection]:
        # Shielded: a connection whose task is cancelled in the middle of a statement could not be given back. Every
        # wait inside has its own limit, so shutting down waits for one short transaction at most.
        with anyio.CancelScope(shield=True):
            async with _answering(), self.engine.connect() as connection:
                await connection.execution_options(writes=writes)
                async with connection.begin():
                    yield connection


async def open_database(url: str, schema: Schema = READ_MODEL) -> Database:
    """Opens the database and brings its schema up to date.

    Raises:
        Invalid: the URL is none, or of a database that is not supported.
        Unavailable: the database does not answer.
    """
    database = Database(_engine(_async_url(url)))
    try:
        await _bring_up_to_date(database, schema)
    except BaseException:
        await database.close()
        raise
    return database


async def _bring_up_to_date(database: Database, schema: Schema) -> None:
    async with _answering(), database.engine.connect() as connection:
        # Who waited for the lock must then see what its holder made, so no snapshot from before.
        on_postgresql = connection.dialect.name == "postgresql"
        options = {"isolation_level": "READ COMMITTED"} if on_postgresql else {"writes": True}
        await connection.execution_options(**options)
        async with connection.begin():
            if on_postgresql:
                await connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            await connection.run_sync(_migrate, schema)


def _async_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise Invalid("the database URL cannot be read: sqlite:///path or postgresql://...") from None
    driver = DRIVERS.get(parsed.get_backend_name())
    if driver is None or (driver == DRIVERS["sqlite"] and parsed.database in (None, "", ":memory:")):
        raise Invalid(f"{parsed.render_as_string()} is not supported: sqlite:///path or postgresql://...")
    return parsed.set(drivername=driver)


def _engine(url: URL) -> AsyncEngine:
    if url.get_backend_name() != "sqlite":
        limits = {"connect_timeout": CONNECT_TIMEOUT_S, "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS}"}
        return create_async_engine(url, pool_pre_ping=True, isolation_level="REPEATABLE READ", connect_args=limits)
    _make_room(Path(str(url.database)))
    engine = create_async_engine(url)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _make_room(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Invalid(f"{path} cannot hold a database: {error.strerror}", path=str(path)) from None
    if path.is_dir():
        raise Invalid(f"{path} cannot hold a database: it is a folder", path=str(path))


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transaction control commits around DDL; ours is in _begin_sqlite.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(connection: sa.Connection, schema: Schema) -> None:
    if _schema(connection) == schema.newest:
        return
    # Needed once in a schema's life and slow to load: who finds the schema in place goes without.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(schema.migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _schema(connection: sa.Connection) -> str | None:
    versions = sa.table("alembic_version", sa.column("version_num", sa.String))
    if not sa.inspect(connection).has_table(versions.name):
        return None
    return connection.scalar(sa.select(versions.c.version_num))


@asynccontextmanager
async def _answering() -> AsyncIterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise Unavailable(f"the database does not answer: {error.orig}") from error
