"""Writing what the chains said, so that it can be taken back: versions, positions, undo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from stab3l.store.tables import FACTS, VERSIONED, blocks, chains
from stab3l.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Position:
    """Where on which chain a log stands."""

    chain_id: int
    block_number: int
    log_index: int

    def columns(self) -> dict[str, int]:
        """As column values."""
        return {"chain_id": self.chain_id, "block_number": self.block_number, "log_index": self.log_index}


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last block that is in the tables."""

    number: int
    hash: bytes


async def register_chain(connection: Transaction, chain_id: int, name: str, confirmations: int) -> None:
    """Makes the chain known, or updates its name and depth."""
    row = {"name": name, "confirmations": confirmations}
    if await connection.change(sa.update(chains).where(chains.c.chain_id == chain_id).values(row)) == 0:
        await connection.execute(sa.insert(chains).values(row | {"chain_id": chain_id}))


async def cursor(connection: Transaction, chain_id: int) -> Cursor | None:
    """How far this chain is in the tables; None before its first block."""
    query = sa.select(chains.c.cursor_number, chains.c.cursor_hash).where(chains.c.chain_id == chain_id)
    row = (await connection.execute(query)).first()
    return None if row is None or row.cursor_number is None else Cursor(row.cursor_number, row.cursor_hash)


async def move_cursor(connection: Transaction, chain_id: int, old: Cursor | None, new: Cursor | None) -> bool:
    """Moves the cursor from ``old``; False when another process has moved it meanwhile, and nothing may be written."""
    expected = sa.null() if old is None else old.number
    moved = await connection.change(
        sa.update(chains)
        .where(chains.c.chain_id == chain_id, chains.c.cursor_number.is_not_distinct_from(expected))
        .values(cursor_number=new and new.number, cursor_hash=new and new.hash)
    )
    return moved == 1


async def current(
    connection: Transaction, table: sa.Table, chain_id: int, key: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The standing version of a row of a versioned table, without its position."""
    row = (await connection.execute(sa.select(table).where(*_standing(table, chain_id, key)))).mappings().first()
    if row is None:
        return None
    return {name: value for name, value in row.items() if name not in _BOOKKEEPING}


async def put(
    connection: Transaction, table: sa.Table, at: Position, key: Mapping[str, Any], row: Mapping[str, Any]
) -> None:
    """Makes ``row`` the standing version under ``key`` from this position on."""
    closing = sa.update(table).where(*_standing(table, at.chain_id, key)).values(until_block=at.block_number)
    await connection.execute(closing)
    await connection.execute(sa.insert(table).values({**row, **key, **at.columns(), "until_block": None}))


async def undo_above(connection: Transaction, chain_id: int, number: int) -> int:
    """Takes back everything that blocks above ``number`` brought; returns how many blocks were known there."""
    for table in (*FACTS, *VERSIONED):
        await connection.execute(sa.delete(table).where(table.c.chain_id == chain_id, table.c.block_number > number))
    for table in VERSIONED:
        await connection.execute(
            sa.update(table).where(table.c.chain_id == chain_id, table.c.until_block > number).values(until_block=None)
        )
    return await connection.change(sa.delete(blocks).where(blocks.c.chain_id == chain_id, blocks.c.number > number))


_BOOKKEEPING = ("chain_id", "block_number", "log_index", "until_block")


def _standing(table: sa.Table, chain_id: int, key: Mapping[str, Any]) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        table.c.chain_id == chain_id,
        table.c.until_block.is_(None),
        *(table.c[name] == value for name, value in key.items()),
    )
