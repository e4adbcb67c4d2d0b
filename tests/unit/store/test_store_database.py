"""The read model on every database that this machine has: schema, exact amounts, transactions, undo."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from pathlib import Path
from typing import Any

import anyio
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from stab3l.errors import Corrupt, Invalid, Unavailable
from stab3l.store import access_tables
from stab3l.store.database import ACCESS, CONNECTIONS, READ_MODEL, Database, Schema, open_database
from stab3l.store.history import Cursor, Position, current, cursor, move_cursor, put, register_chain, undo_above
from stab3l.store.tables import metadata, mints, supplies

pytestmark = pytest.mark.anyio

OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


@pytest.mark.parametrize(("schema", "tables"), [(READ_MODEL, metadata), (ACCESS, access_tables.metadata)])
async def test_the_migrations_make_exactly_the_tables(url: str, schema: Schema, tables: sa.MetaData) -> None:
    def differences(connection: sa.Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), tables))

    async with await open_database(url, schema) as database, database.read() as connection:
        assert await connection.run(differences) == []


@pytest.mark.parametrize("schema", [READ_MODEL, ACCESS])
def test_the_schema_is_the_newest_migrations(schema: Schema) -> None:
    assert ScriptDirectory(str(schema.migrations)).get_heads() == [schema.newest]


async def test_a_schema_that_is_in_place_is_taken_without_loading_migrations(url: str) -> None:
    async with await open_database(url):
        pass
    opening = (
        "import anyio, sys; from stab3l.store.database import open_database\n"
        "async def main() -> None:\n"
        "    async with await open_database(sys.argv[1]): print('alembic' in sys.modules)\n"
        "anyio.run(main)"
    )
    told = await anyio.run_process([sys.executable, "-c", opening, url])
    assert told.stdout == b"False\n"


async def test_a_schema_that_is_not_the_newest_is_migrated(url: str) -> None:
    async with await open_database(url) as database, database.write() as connection:
        await connection.run(metadata.drop_all)
        await connection.execute(sa.text("DELETE FROM alembic_version"))
    async with await open_database(url) as database, database.write() as connection:
        await register_chain(connection, 138, "public", 3)


async def test_opening_again_keeps_what_is_there(url: str) -> None:
    async with await open_database(url) as database, database.write() as connection:
        await register_chain(connection, 138, "public", 3)
        assert await move_cursor(connection, 138, None, Cursor(7, b"\x07" * 32))
    async with await open_database(url) as database, database.read() as connection:
        assert await cursor(connection, 138) == Cursor(7, b"\x07" * 32)


async def test_processes_that_open_at_once_migrate_once(url: str) -> None:
    async def open_and_close() -> None:
        async with await open_database(url):
            pass

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(open_and_close)


def mint(number: int, amount: int, log_index: int = 0) -> dict[str, Any]:
    at = Position(138, number, log_index).columns()
    return {**at, "tx_hash": b"\x01" * 32, "at": 5, "claim_id": 1, "provider": OWNER, "amount": amount, "stake_id": 1}


async def test_amounts_up_to_256_bits_come_back_exact_and_sort_as_numbers(url: str) -> None:
    amounts = [0, 1, 9, 10, 2**53 + 1, 2**64, 10**30 + 7, 2**256 - 1]
    async with await open_database(url) as database:
        async with database.write() as connection:
            rows = [mint(1, amount, place) for place, amount in enumerate(reversed(amounts))]
            await connection.execute(sa.insert(mints), rows)
        async with database.read() as connection:
            found = (await connection.scalars(sa.select(mints.c.amount).order_by(mints.c.amount))).all()
            above = (await connection.scalars(sa.select(mints.c.amount).where(mints.c.amount > 2**64))).all()
    assert found == amounts
    assert sorted(above) == amounts[-2:]


@pytest.mark.parametrize("amount", [-1, 2**256, 1.0, "1", True])
async def test_what_is_no_amount_is_not_stored(url: str, amount: Any) -> None:
    async with await open_database(url) as database, database.write() as connection:
        with pytest.raises((Invalid, sa.exc.StatementError)):
            await connection.execute(sa.insert(mints), mint(1, amount))
        await connection.rollback()


async def test_a_stored_amount_that_was_tampered_with_is_called_corrupt(url: str) -> None:
    async with await open_database(url) as database:
        async with database.write() as connection:
            await connection.execute(sa.insert(mints), mint(1, 5))
            await connection.execute(sa.text("UPDATE mints SET amount = '5.5'"))
        with pytest.raises(Corrupt):
            async with database.read() as connection:
                (await connection.execute(sa.select(mints.c.amount))).all()


async def test_a_cancelled_write_ends_its_statement_leaves_nothing_and_no_thread(url: str) -> None:
    entered = asyncio.Event()

    async def write(database: Database) -> None:
        async with database.write() as connection:
            await connection.execute(sa.insert(mints), mint(1, 5))
            entered.set()
            await connection.run(lambda _: time.sleep(0.2))

    before = threading.active_count()
    async with await open_database(url) as database:
        for _ in range(3):
            entered.clear()
            task = asyncio.create_task(write(database))
            await entered.wait()
            for _ in range(3):
                task.cancel()
                await asyncio.sleep(0.01)
            with pytest.raises(asyncio.CancelledError):
                await task
        async with database.write() as connection:
            assert (await connection.execute(sa.select(mints))).all() == []
    assert threading.active_count() == before


async def test_more_transactions_than_connections_wait_for_their_turn(url: str) -> None:
    async def count(database: Database) -> None:
        async with database.read() as connection:
            await connection.execute(sa.select(mints))

    async with await open_database(url) as database, anyio.create_task_group() as tasks:
        for _ in range(5 * CONNECTIONS):
            tasks.start_soon(count, database)


async def mint_and_fail(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(sa.insert(mints), mint(1, 5))
        raise Unavailable("the chain went away in between")


async def test_a_write_that_fails_leaves_nothing(url: str) -> None:
    async with await open_database(url) as database:
        with pytest.raises(Unavailable):
            await mint_and_fail(database)
        async with database.read() as connection:
            assert (await connection.execute(sa.select(mints))).all() == []


async def test_a_cursor_that_another_process_moved_is_not_moved_again(url: str) -> None:
    async with await open_database(url) as database, database.write() as connection:
        await register_chain(connection, 138, "public", 3)
        first = Cursor(1, b"\x01" * 32)
        assert await move_cursor(connection, 138, None, first)
        assert not await move_cursor(connection, 138, None, Cursor(2, b"\x02" * 32))
        assert await move_cursor(connection, 138, first, None)
        assert await cursor(connection, 138) is None


async def minted_at(connection: Any) -> int | None:
    row = await current(connection, supplies, 138, {"token": "sSTBToken"})
    return None if row is None else int(row["minted"])


async def test_versions_are_taken_back_to_exactly_what_stood_before(url: str) -> None:
    key = {"token": "sSTBToken"}
    async with await open_database(url) as database, database.write() as connection:
        for number, log_index, minted in ((3, 0, 1), (5, 0, 2), (5, 1, 3), (8, 0, 4)):
            at = Position(138, number, log_index)
            await put(connection, supplies, at, key, {"minted": minted, "burned": 0})
        other = Position(651940, 9, 0)
        await put(connection, supplies, other, key, {"minted": 100, "burned": 0})
        assert await minted_at(connection) == 4
        for above, standing in ((9, 4), (7, 3), (5, 3), (4, 1), (2, None)):
            await undo_above(connection, 138, above)
            assert await minted_at(connection) == standing
        untouched = await current(connection, supplies, 651940, key)
        assert untouched is not None
        assert untouched["minted"] == 100


@pytest.mark.parametrize("bad", ["", "nonsense", "mysql://x/y", "sqlite://", "sqlite:///:memory:"])
async def test_a_url_of_nothing_we_support_is_refused(bad: str) -> None:
    with pytest.raises(Invalid):
        await open_database(bad)


async def test_a_password_in_a_refused_url_is_not_shown() -> None:
    with pytest.raises(Invalid) as caught:
        await open_database("mysql://user:secret@host/name")
    assert "secret" not in str(caught.value)


async def test_a_database_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await open_database("postgresql://stab3l@127.0.0.1:1/none")


async def test_a_path_that_cannot_hold_a_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "read.db"):
        with pytest.raises(Invalid, match="cannot hold"):
            await open_database(f"sqlite:///{path}")
