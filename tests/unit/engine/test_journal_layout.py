"""The journal's files, read by a reader that was written from docs/reference/journal.md alone."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from eth_utils.crypto import keccak

from stab3l._engine import Engine
from stab3l.engine.wire import Seal, Side, encode
from stab3l.testing.trading_desk import BASE, LOT, QUOTE, TICK, TradingDesk

HEADER = struct.Struct("<4sHHQQQQII32s")
CRC_32C = 0x82F63B78


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame, its checksum already judged."""

    first_sequence: int
    group_first: int
    now: int
    record_count: int
    previous: bytes
    payload: bytes


def crc_32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (CRC_32C if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def frames_of(folder: Path, magic: bytes) -> Iterator[Frame]:
    for segment in sorted(folder.glob("*.seg")):
        content = segment.read_bytes()
        offset = 0
        while offset < len(content) and content[offset] != 0:
            fields = HEADER.unpack_from(content, offset)
            found, version, header_length, first, group, now, length, count, checksum, previous = fields
            assert (found, version, header_length) == (magic, 1, 80)
            assert offset > 0 or segment.stem == f"{first:020}"
            payload = content[offset + 80 : offset + 80 + length]
            header = content[offset : offset + 44] + bytes(4) + content[offset + 48 : offset + 80]
            assert checksum == crc_32c(header + payload)
            yield Frame(first, group, now, count, previous, payload)
            offset += 80 + length


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Trades, a seal, a group and several segments."""
    engine = Engine.open(tmp_path, segment_bytes=1_000)
    desk = TradingDesk.listed(engine)
    desk.fund(1, BASE, 100 * LOT)
    desk.fund(2, QUOTE, 10_000 * TICK)
    desk.accepted(desk.order(3, Side.SELL, 10, 100))
    desk.accepted(desk.order(4, Side.BUY, 4, 100), desk.order(4, Side.BUY, 1, 90))
    desk.seal()
    desk.accepted(*(desk.order(4, Side.BUY, 1, 50 + i) for i in range(40)))
    orders = [encode(desk.order(3, Side.SELL, 1, 120)) for _ in range(5)]
    engine.apply_many([*orders, encode(Seal())], desk.now + 5)
    engine.snapshot()
    (tmp_path / "expected").write_bytes(engine.input_hash + engine.output_hash + engine.digest())
    engine.close()
    return tmp_path


def test_both_streams_chain_to_the_engines_hashes(journal: Path) -> None:
    expected = (journal / "expected").read_bytes()
    inputs, outputs = list(frames_of(journal / "inputs", b"S3IN")), list(frames_of(journal / "outputs", b"S3OU"))
    assert len(list((journal / "inputs").iterdir())) > 1
    input_hash = output_hash = bytes(32)
    sequence = 1
    for frame, events in zip(inputs, outputs, strict=True):
        assert (frame.first_sequence, frame.previous) == (sequence, input_hash)
        assert (events.first_sequence, events.previous) == (sequence, output_hash)
        assert (events.record_count, events.now) == (frame.record_count, frame.now)
        link = struct.pack("<QIQ", frame.first_sequence, frame.record_count, frame.now)
        input_hash = keccak(input_hash + link + hashed(frame.payload))
        output_hash = keccak(output_hash + hashed(b"" if is_accepted_seal(events.payload) else events.payload))
        sequence += frame.record_count
    assert max(len(frame.payload) for frame in inputs) > 2_048
    assert input_hash + output_hash == expected[:64]


def hashed(payload: bytes) -> bytes:
    """Length and root of a payload: a tree over the hashes of its chunks of 1,024 bytes."""
    layer = [keccak(payload[at : at + 1024]) for at in range(0, len(payload), 1024)] or [bytes(32)]
    while len(layer) & (len(layer) - 1):
        layer.append(bytes(32))
    while len(layer) > 1:
        layer = [keccak(layer[i] + layer[i + 1]) for i in range(0, len(layer), 2)]
    return struct.pack("<Q", len(payload)) + layer[0]


def is_accepted_seal(events: bytes) -> bool:
    return struct.unpack_from("<HH", events, 16) == (0, 8)


def test_room_behind_the_frames_of_a_running_engine_reads_as_zeros(tmp_path: Path) -> None:
    engine = Engine.open(tmp_path, durability="page_cache")
    desk = TradingDesk.listed(engine)
    desk.fund(2, QUOTE, 1_000_000 * TICK)
    segment = tmp_path / "inputs" / f"{1:020}.seg"
    ends = []
    for _ in range(20_000):
        desk.accepted(desk.order(3, Side.BUY, 1, 1))
        content = segment.read_bytes()
        frames = list(frames_of(tmp_path / "inputs", b"S3IN"))
        ends.append(sum(80 + len(frame.payload) for frame in frames))
        assert frames[-1].first_sequence + frames[-1].record_count == engine.last_sequence + 1
        assert not content[ends[-1] :].strip(b"\0")
        if len(content) > ends[-1] and len(ends) > 20:
            break
    assert len(content) > ends[-1], "no room was reserved"
    engine.close()
    assert segment.stat().st_size == ends[-1]


def test_frames_of_one_call_share_a_group(journal: Path) -> None:
    groups = [frame.group_first for frame in frames_of(journal / "inputs", b"S3IN")]
    assert groups[-6:] == [groups[-6]] * 6
    assert len(set(groups[:-6])) == len(groups) - 6


def test_a_snapshots_body_hashes_to_the_digest(journal: Path) -> None:
    (snapshot,) = (journal / "snapshots").iterdir()
    content = snapshot.read_bytes()
    magic, version, header_length, sequence, length, body_hash = struct.unpack_from("<4sHHQQ32s", content)
    assert (magic, version, header_length, length) == (b"S3SN", 1, 56, len(content) - 56)
    assert snapshot.name == f"{sequence:020}.snap"
    assert body_hash == keccak(content[56:]) == (journal / "expected").read_bytes()[64:]
