"""A node of a replicated exchange: it follows the log until nobody leads any more, then leads until it may not.

All nodes are alike. Each applies the log's groups to its own engine and journal, in the log's order, so any of them can
go on where the last leader stopped (docs/operations/standby.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import structlog

from stab3l.clock import Clock
from stab3l.engine.port import ExchangeEngine
from stab3l.errors import Corrupt
from stab3l.exchange.errors import LeadershipLost, LogUnavailable
from stab3l.exchange.records import survey
from stab3l.exchange.replication import Entry, EntryKind, ReplicatedLog

POLL_S: Final = 0.05
READ_AHEAD: Final = 16

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Follower:
    """Brings an engine up to the log's end, entry by entry."""

    def __init__(self, engine: ExchangeEngine, entries: ReplicatedLog) -> None:
        self._engine = engine
        self._entries = entries
        self.last_epoch = 0

    async def find_place(self) -> None:
        """Finds the entry to go on with, by bisection.

        Raises:
            Corrupt: the journal holds commands that the log does not.
            LogUnavailable: the log does not answer.
        """
        low, high = 1, await self._entries.length() + 1
        last, length = self._engine.last_sequence, high - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if (await self._entry(middle)).first_sequence <= last else (low, middle)
        if low > 1:
            await asyncio.to_thread(check_history, self._engine, await self._entry(low - 1), at_end=low > length)
        # The entry before may be in the journal in part: a kill can cut a group between two batches.
        self._entries.read = max(low - 2, 0)

    async def catch_up(self) -> int:
        """Applies what is new; how many entries. Raises `Corrupt`, `LogUnavailable`, and what the engine raises."""
        applied = 0
        while True:
            first = self._entries.read + 1
            found = await asyncio.gather(*(self._entries.at(first + step) for step in range(READ_AHEAD)))
            for entry in found:
                if entry is None:
                    return applied
                await asyncio.to_thread(apply_entry, self._engine, entry)
                self._entries.read += 1
                self.last_epoch = max(self.last_epoch, entry.epoch)
                applied += 1

    async def _entry(self, number: int) -> Entry:
        entry = await self._entries.at(number)
        if entry is None:
            raise LogUnavailable(f"entry {number} of the replicated log is not there yet", number=number)
        return entry


def apply_entry(engine: ExchangeEngine, entry: Entry) -> None:
    """Applies what the journal does not hold of an entry. Raises `Corrupt` when it does not continue the journal."""
    last, batches, at = engine.last_sequence, list(entry.batches), entry.first_sequence
    while batches and at <= last:
        at += survey(batches.pop(0)).records
    if at < last + 1 and entry.kind == EntryKind.LEAD:
        return
    if at != last + 1:
        reason = "copy the journal of a node that has them" if at > last else "this journal has another history"
        raise Corrupt(f"the log goes on at sequence {at}, this journal at {last + 1}: {reason}", at=at, last=last)
    if at == entry.first_sequence and entry.previous != engine.input_hash:
        raise Corrupt(f"before sequence {at} this journal has another history than the log", at=at)
    if batches:
        engine.apply_many(batches, entry.now)


def check_history(engine: ExchangeEngine, entry: Entry, *, at_end: bool) -> None:
    """Whether the journal holds what the log does, judged by the last entry that both have. Raises `Corrupt`."""
    first, last = entry.first_sequence, engine.last_sequence
    end = first - 1 + sum(survey(batch).records for batch in entry.batches)
    if at_end and end < last:
        raise Corrupt(f"the journal goes on to sequence {last}, beyond the replicated log's {end}: whose is it?")
    wanted = [(entry.now, batch) for batch in entry.batches]
    frames = engine.read_inputs(first, sum(map(len, entry.batches)) + 1)
    found = [(now, batch) for at, now, batch in frames if at >= first][: len(wanted)]
    if found != wanted[: len(found)] or not found:
        raise Corrupt(f"at sequence {first} this journal has another history than the log", at=first)


async def follow_until_leading(engine: ExchangeEngine, entries: ReplicatedLog, clock: Clock) -> Leader:
    """Follows until no leader was heard for a lease and this node was the first to append that it leads.

    Raises:
        Corrupt: journal and log do not belong together.
    """
    loop, follower = asyncio.get_running_loop(), Follower(engine, entries)
    await _patiently(follower.find_place)
    log.info("following", at=entries.read, sequence=engine.last_sequence, lease_s=entries.lease_s)
    seen = loop.time()
    while True:
        new = await _patiently(follower.catch_up)
        now = loop.time()
        if new or now - seen > entries.lease_s / 2:
            # Something was appended, or this node itself stood still: the leader has a whole lease from here.
            entries.heard_at = now
        seen = now
        if now - entries.heard_at > entries.lease_s:
            leader = Leader(engine, entries, clock)
            try:
                await leader.begin(follower.last_epoch + 1)
                return leader
            except LeadershipLost as error:
                entries.epoch = 0
                log.info("another_leads", reason=error.message)
        await asyncio.sleep(POLL_S)


async def _patiently(ask: Callable[[], Awaitable[T]]) -> T:
    while True:
        try:
            return await ask()
        except LogUnavailable as error:
            log.warning("log_unavailable", reason=error.message)
            await asyncio.sleep(1)


class Leader:
    """The node that appends: the sequencer's group log."""

    def __init__(self, engine: ExchangeEngine, entries: ReplicatedLog, clock: Clock) -> None:
        self._engine = engine
        self._entries = entries
        self._clock = clock

    @property
    def group_bytes_max(self) -> int:
        """What one entry takes."""
        return self._entries.group_bytes_max

    async def begin(self, epoch: int) -> None:
        """Takes the lead with an entry of its own. Raises `LeadershipLost` when another was first."""
        entries, engine = self._entries, self._engine
        entries.epoch = epoch
        now = max(self._clock.now(), engine.last_now)
        await entries.append(Entry(EntryKind.LEAD, epoch, engine.last_sequence + 1, now, engine.input_hash))
        log.info("leading", epoch=epoch, sequence=engine.last_sequence, entry=entries.read)

    async def append(self, first_sequence: int, previous: bytes, now: int, batches: Sequence[bytes]) -> None:
        """Appends a group. Raises `LeadershipLost`."""
        entry = Entry(EntryKind.GROUP, self._entries.epoch, first_sequence, now, previous, tuple(batches))
        await self._entries.append(entry)

    def check(self) -> None:
        """Whether the last group may be acknowledged now. Raises `LeadershipLost`."""
        self._entries.check()

    async def keep(self) -> None:
        """Tells followers that it is there and makes sure that nobody else appended. Raises `LeadershipLost`."""
        loop = asyncio.get_running_loop()
        confirmed = loop.time()
        while True:
            await self._entries.tell_alive()
            try:
                await self._entries.confirm()
                confirmed = loop.time()
            except LogUnavailable as error:
                log.warning("log_unavailable", reason=error.message)
                if loop.time() - confirmed > self._entries.lease_s:
                    raise LeadershipLost("the log has not answered for a lease: another node may lead") from None
            await asyncio.sleep(self._entries.lease_s / 4)
