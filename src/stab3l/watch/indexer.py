"""Follows one chain into the read model, block by block, and takes back what the chain takes back.

Rows and cursor change in one transaction: a process killed at any point continues as if it had not been. A
reorganisation shows when the cursor's block is no longer on the chain (also when the chain is shorter than the cursor:
a node restarted from an older state). Then everything above the newest common block is undone in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import anyio
import sqlalchemy as sa
import structlog

from stab3l.chain.contracts import Contract, DecodedLog, contract, decode_log
from stab3l.chain.errors import BlockUnknown, NodeRejected, Reorganised
from stab3l.chain.port import BlockRef, Chain, Log
from stab3l.config import ChainConfig
from stab3l.errors import Unavailable
from stab3l.store.database import Database
from stab3l.store.history import Cursor, cursor, move_cursor, register_chain, undo_above
from stab3l.store.tables import blocks, chain_events
from stab3l.store.transaction import Transaction
from stab3l.watch.projection import WATCHED, project

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class IndexerPolicy:
    """How fast and how finely a chain is followed."""

    range_blocks: int = 1_000
    """Most blocks in one transaction while catching up."""
    recent_blocks: int = 256
    """Below the head every block is stored; further down only those with logs."""
    poll_s: float = 0.5
    backoff_s_max: float = 10


@dataclass(frozen=True, slots=True)
class _Span:
    """What one transaction adds: headers, and logs in order."""

    blocks: Sequence[BlockRef]
    logs: Sequence[DecodedLog]

    @property
    def end(self) -> Cursor:
        return Cursor(self.blocks[-1].number, self.blocks[-1].hash)


class ChainIndexer:
    """One chain's follower."""

    def __init__(
        self, database: Database, chain: Chain, config: ChainConfig, policy: IndexerPolicy | None = None
    ) -> None:
        self.database = database
        self.chain = chain
        self.config = config
        self.policy = policy or IndexerPolicy()
        watched = [contract(config, name) for name in WATCHED if name in config.contracts]
        self._contracts: dict[str, Contract] = {c.address: c for c in watched}

    async def run(self) -> None:
        """Follows until cancelled; waits with backoff while chain or database are away."""
        pause = self.policy.poll_s
        while True:
            try:
                await self._follow()
                pause = self.policy.poll_s
            except (Unavailable, NodeRejected) as error:
                # A node refuses ranges that it has just lost, and takes them again when it has caught up.
                log.warning("indexer_waits", chain_id=self.config.chain_id, error=str(error))
                pause = min(pause * 2, self.policy.backoff_s_max)
            await anyio.sleep(pause)

    async def catch_up(self) -> None:
        """Follows to the head once. Raises ``Unavailable`` when chain or database are away."""
        while await self.step():
            pass

    async def _follow(self) -> None:
        await self.start()
        while True:
            await self.catch_up()
            await anyio.sleep(self.policy.poll_s)

    async def start(self) -> None:
        """Makes the chain known to the read model."""
        async with self.database.write() as connection:
            config = self.config
            await register_chain(connection, config.chain_id, config.name, config.confirmations)

    async def step(self) -> bool:
        """One transaction: an undo, or a range of blocks. False when there is nothing to do.

        Raises:
            Unavailable: chain or database are away; ``Reorganised`` when the chain moved while it was read.
            Corrupt: a log does not fit its contract's ABI or the rows before it.
        """
        async with self.database.read() as connection:
            at = await cursor(connection, self.config.chain_id)
        head = await self.chain.head()
        if at is not None and not await self._stands(at, head):
            return await self._undo(at, head)
        first = self.config.deploy_block if at is None else at.number + 1
        if head.number < first:
            return False
        span = await self._read(at, first, head)
        return await self._write(at, span)

    async def _stands(self, at: Cursor, head: BlockRef) -> bool:
        if head.number < at.number:
            return False
        if head.number == at.number:
            return head.hash == at.hash
        try:
            return (await self.chain.block(at.number)).hash == at.hash
        except BlockUnknown:
            return False

    async def _undo(self, at: Cursor, head: BlockRef) -> bool:
        fork = await self._fork_point(min(at.number, head.number))
        async with self.database.write() as connection:
            if not await move_cursor(connection, self.config.chain_id, at, fork):
                return True
            depth = await undo_above(connection, self.config.chain_id, -1 if fork is None else fork.number)
        log.warning(
            "chain_reorganised",
            chain_id=self.config.chain_id,
            cursor=at.number,
            fork=None if fork is None else fork.number,
            blocks_undone=depth,
        )
        return True

    async def _fork_point(self, highest: int) -> Cursor | None:
        """The newest stored block that the chain still has, found by bisection: once off the chain, off for good."""
        query = sa.select(blocks.c.number, blocks.c.hash).where(
            blocks.c.chain_id == self.config.chain_id, blocks.c.number <= highest
        )
        async with self.database.read() as connection:
            stored = (await connection.execute(query.order_by(blocks.c.number))).all()
        low, high = 0, len(stored)
        while low < high:
            middle = (low + high) // 2
            if (await self._headers([stored[middle].number]))[0].hash == stored[middle].hash:
                low = middle + 1
            else:
                high = middle
        return Cursor(stored[low - 1].number, stored[low - 1].hash) if low else None

    async def _read(self, at: Cursor | None, first: int, head: BlockRef) -> _Span:
        last = min(head.number, first + self.policy.range_blocks - 1)
        recent = range(max(first, min(last, head.number - self.policy.recent_blocks)), last + 1)
        headers = {b.number: b for b in await self._headers(recent)}
        logs = await self.chain.logs(list(self._contracts), first, last)
        missing = sorted({entry.block_number for entry in logs} - headers.keys())
        headers |= {b.number: b for b in await self._headers(missing)}
        span = _Span([headers[number] for number in sorted(headers)], self._decoded(logs))
        self._check_links(at, span.blocks)
        self._check_logs(logs, headers)
        if (await self._headers([last]))[0].hash != span.end.hash:
            raise self._reorganised(last)
        return span

    async def _headers(self, numbers: Sequence[int]) -> list[BlockRef]:
        try:
            return await self.chain.blocks(numbers)
        except BlockUnknown as error:
            raise self._reorganised(numbers[-1]) from error

    def _decoded(self, logs: Sequence[Log]) -> list[DecodedLog]:
        decoded = (decode_log(self._contracts[entry.address], entry) for entry in logs)
        return [entry for entry in decoded if entry is not None]

    def _check_links(self, at: Cursor | None, headers: Sequence[BlockRef]) -> None:
        chained = [(at.number, at.hash)] if at is not None else []
        chained += [(b.number, b.hash) for b in headers]
        parents = {b.number: b.parent_hash for b in headers}
        for (number, block_hash), (child, _) in pairwise(chained):
            if child == number + 1 and parents[child] != block_hash:
                raise self._reorganised(number)

    def _check_logs(self, logs: Sequence[Log], headers: dict[int, BlockRef]) -> None:
        for entry in logs:
            if headers[entry.block_number].hash != entry.block_hash:
                raise self._reorganised(entry.block_number)

    async def _thin_out(self, connection: Transaction, span: _Span) -> None:
        """Drops the blocks without logs that this span has pushed out of the recent ones."""
        oldest, newest = span.blocks[0].number, span.blocks[-1].number
        with_logs = sa.select(chain_events.c.block_number).where(chain_events.c.chain_id == self.config.chain_id)
        await connection.execute(
            sa.delete(blocks).where(
                blocks.c.chain_id == self.config.chain_id,
                blocks.c.number >= oldest - self.policy.recent_blocks,
                blocks.c.number <= newest - self.policy.recent_blocks,
                blocks.c.number < oldest,
                blocks.c.number.not_in(with_logs),
            )
        )

    def _reorganised(self, number: int) -> Reorganised:
        chain_id = self.config.chain_id
        return Reorganised(
            f"chain {chain_id} moved at block {number} while it was read", chain_id=chain_id, number=number
        )

    async def _write(self, at: Cursor | None, span: _Span) -> bool:
        chain_id = self.config.chain_id
        times = {b.number: b.timestamp for b in span.blocks}
        rows = [
            {
                "chain_id": chain_id,
                "number": b.number,
                "hash": b.hash,
                "parent_hash": b.parent_hash,
                "timestamp": b.timestamp,
            }
            for b in span.blocks
        ]
        async with self.database.write() as connection:
            if not await move_cursor(connection, chain_id, at, span.end):
                return True
            await connection.execute(sa.insert(blocks), rows)
            await self._thin_out(connection, span)
            for entry in span.logs:
                await project(connection, chain_id, entry, times[entry.log.block_number])
        return True
