"""Entries of the replicated log, and journals that hold part of one, or another history."""

from __future__ import annotations

from pathlib import Path

import pytest

from stab3l._engine import Engine
from stab3l.engine.wire import Seal, Side, encode, encode_batch
from stab3l.errors import Corrupt
from stab3l.exchange.connection import target_of
from stab3l.exchange.replication import Entry, EntryKind
from stab3l.exchange.standby import apply_entry, check_history
from stab3l.testing.trading_desk import BASE, LOT, START_NS, TradingDesk


def engine_in(folder: Path) -> Engine:
    return Engine.open(folder, durability="page_cache")


def listed(engine: Engine) -> TradingDesk:
    desk = TradingDesk.listed(engine)
    desk.fund(1, BASE, 100 * LOT)
    return desk


def group(engine: Engine, desk: TradingDesk, count: int) -> Entry:
    """What a leader with this engine would append."""
    batches = tuple(
        encode_batch([desk.order(3, Side.SELL, 1, 100 + n), desk.order(3, Side.SELL, 1, 90)]) for n in range(count)
    )
    return Entry(EntryKind.GROUP, 1, engine.last_sequence + 1, engine.last_now + 5, engine.input_hash, batches)


def test_entries_come_back_and_anything_else_is_corrupt() -> None:
    entry = Entry(EntryKind.GROUP, 7, 8, 9, b"\1" * 32, (b"one", b"", b"three"))
    data = entry.encode()
    assert Entry.decode(data) == entry
    for damaged in (b"", data[:-1], data + b"x", b"X" + data[1:], data[:6] + b"\7" + data[7:]):
        with pytest.raises(Corrupt):
            Entry.decode(damaged)


def test_two_engines_that_apply_the_same_entries_hold_the_same(tmp_path: Path) -> None:
    one, two = engine_in(tmp_path / "one"), engine_in(tmp_path / "two")
    desk = listed(one)
    listed(two)
    for entry in (group(one, desk, 3), Entry(EntryKind.GROUP, 1, 0, 0, b"", ())):
        if entry.batches:
            apply_entry(one, entry)
            apply_entry(two, entry)
            apply_entry(two, entry)
    assert (one.digest(), one.output_hash) == (two.digest(), two.output_hash)


def test_a_group_of_which_a_kill_left_a_part_is_completed(tmp_path: Path) -> None:
    whole, part = engine_in(tmp_path / "whole"), engine_in(tmp_path / "part")
    desk = listed(whole)
    listed(part)
    entry = group(whole, desk, 4)
    apply_entry(whole, entry)
    part.apply_many(list(entry.batches[:2]), entry.now)
    check_history(part, entry, at_end=True)
    apply_entry(part, entry)
    assert (part.last_sequence, part.digest()) == (whole.last_sequence, whole.digest())
    assert part.input_hash == whole.input_hash


def test_other_histories_and_gaps_are_refused(tmp_path: Path) -> None:
    one, two = engine_in(tmp_path / "one"), engine_in(tmp_path / "two")
    desk = listed(one)
    listed(two)
    entry = group(one, desk, 1)
    two.apply(encode(Seal()), START_NS + 10**9)
    with pytest.raises(Corrupt):
        check_history(two, entry, at_end=True)
    with pytest.raises(Corrupt):
        apply_entry(two, Entry(EntryKind.LEAD, 2, two.last_sequence + 1, 0, one.input_hash))
    with pytest.raises(Corrupt):
        apply_entry(engine_in(tmp_path / "empty"), entry)
    one.apply(encode(Seal()), one.last_now)
    one.apply_many(list(entry.batches), entry.now)
    with pytest.raises(Corrupt):
        check_history(one, Entry(EntryKind.GROUP, 1, 1, 1, bytes(32), (encode(Seal()),)), at_end=True)


def test_several_addresses_are_one_target() -> None:
    assert target_of("127.0.0.1:1") == "127.0.0.1:1"
    assert target_of("127.0.0.1:1,127.0.0.1:2") == "ipv4:127.0.0.1:1,127.0.0.1:2"
