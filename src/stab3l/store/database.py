"""Opening the read model: one URL, migrated to the newest schema, with short read and write transactions."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import anyio
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError

from stab3l.clock import monotonic_s
from stab3l.errors import Invalid, Unavailable
from stab3l.store.transaction import Transaction, to_the_end


@dataclass(frozen=True, slots=True)
class Schema:
    """A database's tables: the folder of its migrations and the newest of them."""

    migrations: Path
    newest: str


READ_MODEL = Schema(Path(__file__).parent / "migrations", "0004")
ACCESS = Schema(Path(__file__).parent / "access_migrations", "0001")
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
CONNECTIONS = 16
"""Transactions of one process at a time; as many threads serve them, so none waits for another's."""
BUSY_TIMEOUT_MS = 15_000
BUSY_WAIT_S = 0.02
CONNECT_TIMEOUT_S = 10
STATEMENT_TIMEOUT_MS = 30_000
MIGRATION_LOCK = 0x5354_4233_4C
"""PostgreSQL advisory lock: processes that start at once migrate one after the other."""
_migrating = threading.Lock()
"""Alembic keeps what it migrates in a module: one migration in a process at a time."""


class Database:
    """The read model's connections. Close it, or use it as an async context manager."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._room = asyncio.Semaphore(CONNECTIONS)
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="database")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes all connections; none of its threads runs any more then."""
        with anyio.CancelScope(shield=True):
            await to_the_end(self._threads, self._engine.dispose)
        self._threads.shutdown()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        """One consistent view. Raises ``Unavailable`` while the database does not answer."""
        async with self._transaction() as transaction:
            yield transaction

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """All or nothing; on SQLite it holds the write lock from the start. Raises as ``read`` does."""
        async with self._transaction(writes=True) as transaction:
            yield transaction

    async def bring_up_to_date(self, schema: Schema) -> None:
        """Migrates to the newest schema. Raises as ``read`` does."""
        # Who waited for the lock must then see what its holder made, so no snapshot from before.
        on_postgresql = self._engine.dialect.name == "postgresql"
        options = {"isolation_level": "READ COMMITTED"} if on_postgresql else {"writes": True}
        async with self._transaction(**options) as transaction:
            if on_postgresql:
                await transaction.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            await transaction.run(partial(_migrate, schema=schema))

    @asynccontextmanager
    async def _transaction(self, **options: Any) -> AsyncIterator[Transaction]:
        async with self._room:
            # Shielded: a cancelled task waits for its transaction in any case, and here without being told over and
            # over. Every wait inside has its own limit, so shutting down waits for one short transaction at most.
            with anyio.CancelScope(shield=True):
                async with _answering(), Transaction(self._engine, options, self._threads) as transaction:
                    yield transaction


async def open_database(url: str, schema: Schema = READ_MODEL) -> Database:
    """Opens the database and brings its schema up to date.

    Raises:
        Invalid: the URL is none, or of a database that is not supported.
        Unavailable: the database does not answer.
    """
    database = Database(_engine(_driver_url(url)))
    try:
        await database.bring_up_to_date(schema)
    except BaseException:
        await database.close()
        raise
    return database


def _driver_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise Invalid("the database URL cannot be read: sqlite:///path or postgresql://...") from None
    driver = DRIVERS.get(parsed.get_backend_name())
    if driver is None or (driver == DRIVERS["sqlite"] and parsed.database in (None, "", ":memory:")):
        raise Invalid(f"{parsed.render_as_string()} is not supported: sqlite:///path or postgresql://...")
    return parsed.set(drivername=driver)


def _engine(url: URL) -> Engine:
    room = {"pool_size": CONNECTIONS, "max_overflow": 0}
    if url.get_backend_name() != "sqlite":
        limits = {"connect_timeout": CONNECT_TIMEOUT_S, "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS}"}
        return sa.create_engine(url, pool_pre_ping=True, isolation_level="REPEATABLE READ", connect_args=limits, **room)
    _make_room(Path(str(url.database)))
    engine = sa.create_engine(url, **room)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_room(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Invalid(f"{path} cannot hold a database: {error.strerror}", path=str(path)) from None
    if path.is_dir():
        raise Invalid(f"{path} cannot hold a database: it is a folder", path=str(path))


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own transaction control commits around DDL; ours is in _begin_sqlite.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = NORMAL")


def _write_ahead(connection: sqlite3.Connection) -> None:
    # Processes that change the mode of a new file at once are refused without the busy timeout.
    deadline = monotonic_s() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if monotonic_s() > deadline:
                raise
            time.sleep(BUSY_WAIT_S)


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
    with _migrating:
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
    except sqlite3.OperationalError as error:
        raise Unavailable(f"the database does not answer: {error}") from error
