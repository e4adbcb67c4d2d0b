"""The segment files that the gateway gives out are the journal's, and end where the acknowledged ends."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from exchange_setting import Setting
from gateway_process import GatewayProcess

from stab3l._engine import Engine
from stab3l.audit.journal import FrameReader
from stab3l.engine.wire import Side, encode_batch
from stab3l.errors import Corrupt, Invalid, NotFound
from stab3l.exchange.gateway_client import GatewayClient
from stab3l.exchange.journal_files import JournalFiles
from stab3l.testing.trading_desk import BASE, LOT, TradingDesk


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    engine = Engine.open(tmp_path, segment_bytes=1_000, durability="page_cache")
    desk = TradingDesk.listed(engine)
    desk.fund(1, BASE, 100 * LOT)
    for ticks in range(1, 30):
        desk.accepted(desk.order(3, Side.SELL, 1, ticks))
    engine.close()
    return tmp_path


@pytest.mark.parametrize("stream", ["inputs", "outputs"])
def test_at_every_acknowledged_number_the_files_hold_whole_frames_up_to_it(journal: Path, stream: str) -> None:
    every = JournalFiles(journal)
    last = every.segments(stream, 10**9)[-1].last_sequence
    assert len(every.segments(stream, last)) > 2
    whole = FrameReader(stream).feed(b"".join(path.read_bytes() for path in sorted((journal / stream).glob("*.seg"))))
    sequences = set()
    for through in (0, *(frame.last_sequence for frame in whole)):
        files = JournalFiles(journal)
        segments = files.segments(stream, through)
        content = b"".join(files.read(stream, s.first_sequence, 0, s.size, through) for s in segments)
        reader = FrameReader(stream)
        frames = reader.feed(content)
        assert reader.bytes_left == 0
        reached = frames[-1].last_sequence if frames else 0
        assert reached == through
        sequences.add(reached)
        assert segments[-1].last_sequence == reached
        assert [s.complete for s in segments] == [True] * (len(segments) - 1) + [False]
        for segment, following in pairwise(segments):
            assert segment.head == following.previous or following.previous == b""
    assert max(sequences) == last


def test_a_growing_journal_is_followed(tmp_path: Path) -> None:
    engine, files = Engine.open(tmp_path, segment_bytes=2_000, durability="page_cache"), JournalFiles(tmp_path)
    desk = TradingDesk.listed(engine)
    desk.fund(1, BASE, 100 * LOT)
    for ticks in range(1, 30):
        desk.accepted(desk.order(3, Side.SELL, 1, ticks))
        assert files.segments("inputs", engine.last_sequence)[-1].last_sequence == engine.last_sequence
    engine.close()
    assert files.bytes_on_disk() == sum(path.stat().st_size for path in tmp_path.rglob("*.seg"))


def test_bytes_beyond_the_end_and_segments_that_are_not_there(journal: Path) -> None:
    files = JournalFiles(journal)
    first = files.segments("inputs", 10**9)[0]
    assert files.read("inputs", 1, first.size, 10, 10**9) == b""
    assert len(files.read("inputs", 1, first.size - 3, 10, 10**9)) == 3
    with pytest.raises(NotFound):
        files.read("inputs", 2, 0, 1, 10**9)
    with pytest.raises(Invalid):
        files.segments("../keys", 1)


def test_a_file_that_does_not_hold_the_next_frame_is_corrupt(journal: Path) -> None:
    last = sorted((journal / "inputs").glob("*.seg"))[-1]
    last.write_bytes(b"\7" * 200)
    with pytest.raises(Corrupt):
        JournalFiles(journal).segments("inputs", 10**9)


def test_room_behind_the_last_frame_is_not_given_out(journal: Path) -> None:
    before = JournalFiles(journal).segments("inputs", 10**9)
    last = sorted((journal / "inputs").glob("*.seg"))[-1]
    last.write_bytes(last.read_bytes() + bytes(70_000))
    assert JournalFiles(journal).segments("inputs", 10**9) == before
    beyond = before[-1].last_sequence + 1
    (journal / "inputs" / f"{beyond:020}.seg").write_bytes(bytes(70_000))
    assert JournalFiles(journal).segments("inputs", 10**9)[-1].size == 0


@pytest.mark.anyio
async def test_the_gateway_gives_out_its_files(
    gateway: GatewayProcess, trader: GatewayClient, setting: Setting
) -> None:
    await trader.submit(encode_batch([setting.order(0, Side.SELL, 1, 100)]))
    (segment,) = await trader.segments("inputs")
    assert segment.last_sequence == (await trader.status()).sequence
    path = gateway.home / "exchange" / "journal" / "inputs" / f"{1:020}.seg"
    content = path.read_bytes()
    assert await trader.read_segment("inputs", 1, 0, 1 << 20) == content[: segment.size]
    assert await trader.read_segment("inputs", 1, 7, 5) == content[7:12]
    with pytest.raises(NotFound):
        await trader.read_segment("inputs", 2, 0, 1)
    with pytest.raises(Invalid):
        await trader.segments("secrets")
