"""I6: no acknowledged command is lost; none is applied twice."""

from __future__ import annotations

import multiprocessing
import resource
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Literal

import pytest

from stab3l._engine import Engine, EngineHalted, JournalIo, keccak256
from stab3l.engine.wire import (
    Deposit,
    Event,
    Outcome,
    OutcomeCode,
    Place,
    RegisterAsset,
    Side,
    Withdraw,
    decode_events,
    encode_batch,
)
from stab3l.testing.trading_desk import CHAIN, LISTING, MARKET, QUOTE, SECOND_NS, START_NS, owner

SPAWN = multiprocessing.get_context("spawn")
AMOUNT = 1_000
USER = 3
Durability = Literal["page_cache", "fdatasync"]
Acknowledged = tuple[int, int, bytes]
"""batch number, last sequence number, hash of the events"""


def open_in(folder: Path, durability: Durability = "page_cache") -> Engine:
    """Small segments and frequent snapshots, so that a kill also falls between those."""
    return Engine.open(folder, durability=durability, segment_bytes=16_384, snapshot_every_records=50)


def batch_number(number: int) -> bytes:
    """A deposit, an order and a withdrawal that are only ever accepted once; the first opens the venue."""
    expires_at = START_NS + 3_600 * SECOND_NS
    opening = LISTING if number == 1 else ()
    return encode_batch(
        (
            *opening,
            Deposit(CHAIN, number, QUOTE, 0, owner(1), AMOUNT, bytes(32)),
            Place(USER, MARKET, 2 * number, expires_at, 1 + number % 50, 1, Side.BUY),
            Withdraw(USER, QUOTE, 2 * number + 1, expires_at, 1, owner(1)),
        )
    )


def write_until_killed(folder: Path, durability: Durability, first: int, answers: Connection) -> None:
    """The process under test: applies batch after batch and says so only after the engine has answered."""
    engine = open_in(folder, durability)
    number = first
    while True:
        events = engine.apply(batch_number(number), START_NS + number)
        answers.send((number, engine.last_sequence, keccak256(events)))
        number += 1


def killed_after(folder: Path, durability: Durability, first: int, answers: int) -> list[Acknowledged]:
    """What a process acknowledged before ``kill -9`` fell at some moment after so many answers."""
    receiving, sending = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=write_until_killed, args=(folder, durability, first, sending), daemon=True)
    process.start()
    sending.close()
    acknowledged = [receiving.recv() for _ in range(answers)]
    process.kill()
    with suppress(EOFError):
        while True:
            acknowledged.append(receiving.recv())
    process.join()
    receiving.close()
    return acknowledged


def events_by_batch(engine: Engine) -> dict[int, bytes]:
    """The whole output stream, by the last sequence number of each batch."""
    found: dict[int, bytes] = {}
    sequence = 1
    while sequence <= engine.last_sequence:
        for _, _, events in engine.read_outputs(sequence, 1 << 20):
            sequence = decode_events(events)[-1].sequence + 1
            found[sequence - 1] = events
    return found


def accepted(events: list[Event], kind: int) -> int:
    """How many commands of a kind were accepted."""
    return sum(
        isinstance(event, Outcome) and (event.code, event.command_kind) == (OutcomeCode.ACCEPTED, kind)
        for event in events
    )


@pytest.mark.parametrize("durability", ["page_cache", "fdatasync"])
def test_kill_9_again_and_again_loses_nothing_acknowledged_and_repeats_nothing(
    tmp_path: Path, durability: Durability
) -> None:
    random = Random(durability)
    acknowledged: list[Acknowledged] = []
    for _ in range(6):
        # The sender repeats what was not acknowledged, as a client with a timeout does.
        acknowledged += killed_after(tmp_path, durability, len(acknowledged) + 1, random.randrange(1, 60))
    assert [number for number, _, _ in acknowledged] == list(range(1, len(acknowledged) + 1))
    engine = open_in(tmp_path)
    found = events_by_batch(engine)
    for number, last_sequence, events_hash in acknowledged:
        assert keccak256(found[last_sequence]) == events_hash, f"batch {number}"
    everything = [event for events in found.values() for event in decode_events(events)]
    count = engine.chain_deposits(CHAIN)[0]
    assert count in (len(acknowledged), len(acknowledged) + 1), "at most the one that was under way"
    assert [accepted(everything, kind) for kind in (Deposit.KIND, Place.KIND, Withdraw.KIND)] == [count] * 3
    assert engine.totals(QUOTE) == (count * AMOUNT, count, count * (AMOUNT - 1))
    assert len(engine.open_orders(USER)) == count
    engine.close()


def fill_the_disk(folder: Path, bytes_max: int, answers: Connection) -> None:
    """Applies batches until the operating system refuses to write, then tries once more."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, bytes_max))
    engine = Engine.open(folder, durability="page_cache", snapshot_every_records=0)
    number = 0
    try:
        while True:
            number += 1
            engine.apply(batch_number(number), START_NS)
    except JournalIo:
        answers.send(number - 1)
    try:
        engine.apply(batch_number(number), START_NS)
    except EngineHalted as halted:
        answers.send(halted.reason)


@pytest.mark.parametrize("bytes_max", [5_000, 8_191, 20_011])
def test_a_full_disk_halts_the_engine_and_nothing_unwritten_is_acknowledged(tmp_path: Path, bytes_max: int) -> None:
    receiving, sending = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=fill_the_disk, args=(tmp_path, bytes_max, sending))
    process.start()
    sending.close()
    acknowledged, reason = receiving.recv(), receiving.recv()
    process.join()
    assert "File too large" in reason
    engine = open_in(tmp_path)
    assert engine.chain_deposits(CHAIN)[0] in (acknowledged, acknowledged + 1)
    engine.apply(batch_number(acknowledged + 1), START_NS)
    assert engine.chain_deposits(CHAIN)[0] == acknowledged + 1
    assert engine.totals(QUOTE)[0] == (acknowledged + 1) * AMOUNT
    engine.close()


def test_a_command_that_the_rules_refuse_is_refused_again_after_a_restart(tmp_path: Path) -> None:
    nonsense = [b"\xff" * 40, b"\x05", encode_batch([RegisterAsset(CHAIN, owner(9), 99)]), batch_number(7)]
    engine = open_in(tmp_path)
    answers = [engine.apply(batch, START_NS) for batch in nonsense]
    digest = engine.digest()
    engine.close()
    for _ in range(2):
        engine = open_in(tmp_path)
        assert (engine.digest(), engine.recovery.frames_replayed) == (digest, len(nonsense))
        assert list(events_by_batch(engine).values()) == answers
        engine.close()
