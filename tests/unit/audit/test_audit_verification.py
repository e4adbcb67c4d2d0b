"""An honest journal is verified; every kind of lie in it is found, with the sequence number where it stands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import google_crc32c
import pytest

from stab3l._engine import Engine
from stab3l.audit.journal import HEADER, FileSource, FrameReader, JournalFrame
from stab3l.audit.verification import Report, verify
from stab3l.cli.app import run
from stab3l.engine.wire import Sealed, Side, Trade, decode_events, encode_batch, encode_events
from stab3l.errors import Corrupt, NotFound
from stab3l.testing.trading_desk import BASE, LOT, QUOTE, TICK, TradingDesk

pytestmark = pytest.mark.anyio
Change = Callable[[JournalFrame], JournalFrame | None]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Trades, two blocks and several segments."""
    folder = tmp_path / "journal"
    engine = Engine.open(folder, segment_bytes=1_000, durability="page_cache")
    desk = TradingDesk.listed(engine)
    desk.fund(1, BASE, 100 * LOT)
    desk.fund(2, QUOTE, 10_000 * TICK)
    desk.accepted(desk.order(3, Side.SELL, 10, 100))
    desk.accepted(desk.order(4, Side.BUY, 4, 100), desk.order(4, Side.BUY, 1, 90))
    desk.seal()
    desk.accepted(desk.order(3, Side.SELL, 1, 120))
    desk.seal()
    (tmp_path / "head").write_bytes(engine.input_hash + engine.output_hash)
    engine.close()
    return folder


def frame_bytes(magic: bytes, frame: JournalFrame) -> bytes:
    """A frame with a checksum that fits: what a liar would write."""
    fields = (frame.first_sequence, frame.group_first, frame.now, len(frame.payload), frame.record_count)
    unsigned = HEADER.pack(magic, 1, HEADER.size, *fields, 0, frame.previous)
    checksum = google_crc32c.value(unsigned + frame.payload)
    return HEADER.pack(magic, 1, HEADER.size, *fields, checksum, frame.previous) + frame.payload


def frames_of(journal: Path, stream: str) -> list[JournalFrame]:
    content = b"".join(path.read_bytes() for path in sorted((journal / stream).glob("*.seg")))
    return FrameReader(stream).feed(content)


def rewritten(journal: Path, stream: str, change: Change) -> FileSource:
    """The journal with one stream changed frame by frame, in one file."""
    changed = [change(frame) for frame in frames_of(journal, stream)]
    magic = {"inputs": b"S3IN", "outputs": b"S3OU"}[stream]
    file = journal.parent / "changed"
    file.write_bytes(b"".join(frame_bytes(magic, frame) for frame in changed if frame is not None))
    files = {name: sorted((journal / name).glob("*.seg")) for name in ("inputs", "outputs")} | {stream: [file]}
    return FileSource(files["inputs"], files["outputs"])


def with_payload(frame: JournalFrame, payload: bytes) -> JournalFrame:
    return JournalFrame(frame.first_sequence, frame.group_first, frame.now, frame.record_count, frame.previous, payload)


async def verified(source: FileSource) -> Report:
    return await verify(source, laws=True)


async def test_an_honest_journal_is_verified_to_the_engines_own_hashes(journal: Path) -> None:
    told: list[tuple[int, int]] = []
    report = await verify(FileSource.of_folder(journal), laws=True, progress=lambda *at: told.append(at))
    assert report.divergence is None
    assert report.input_hash + report.output_hash == (journal.parent / "head").read_bytes()
    assert (report.blocks, report.torn_bytes, report.outputs_missing) == (2, 0, 0)
    source = FileSource.of_folder(journal)
    assert told[-1] == (await source.bytes_of("inputs") + await source.bytes_of("outputs"),) * 2


async def test_a_trade_that_was_told_otherwise_is_named(journal: Path) -> None:
    lied_at = []

    def lie(frame: JournalFrame) -> JournalFrame:
        events = decode_events(frame.payload)
        for at, event in enumerate(events):
            if isinstance(event, Trade):
                lied_at.append(event.sequence)
                events[at] = Trade(**{f: getattr(event, f) for f in event.__struct_fields__} | {"lots": 3})
        return with_payload(frame, encode_events(events))

    found = (await verified(rewritten(journal, "outputs", lie))).divergence
    assert found is not None
    assert found.sequence == lied_at[0]
    assert "lots=4" in found.expected
    assert "lots=3" in found.found


async def test_a_false_state_root_is_named(journal: Path) -> None:
    def lie(frame: JournalFrame) -> JournalFrame:
        events = [
            Sealed(**{f: getattr(e, f) for f in e.__struct_fields__} | {"state_root": b"\7" * 32})
            if isinstance(e, Sealed)
            else e
            for e in decode_events(frame.payload)
        ]
        return with_payload(frame, encode_events(events))

    found = (await verified(rewritten(journal, "outputs", lie))).divergence
    assert found is not None
    assert found.what == "an event"
    assert repr(b"\7" * 32) in found.found


async def test_an_input_that_was_changed_afterwards_breaks_the_outputs_there(journal: Path) -> None:
    def lie(frame: JournalFrame) -> JournalFrame:
        if frame.first_sequence != 7:
            return frame
        return with_payload(frame, frame.payload[:-1] + bytes([frame.payload[-1] ^ 1]))

    found = (await verified(rewritten(journal, "inputs", lie))).divergence
    assert found is not None
    assert found.sequence >= 7


async def test_a_time_that_was_changed_afterwards_is_found(journal: Path) -> None:
    def lie(frame: JournalFrame) -> JournalFrame:
        now = frame.now + (frame.first_sequence == 7)
        return JournalFrame(
            frame.first_sequence, frame.group_first, now, frame.record_count, frame.previous, frame.payload
        )

    assert (await verified(rewritten(journal, "outputs", lie))).divergence is not None
    assert (await verified(rewritten(journal, "inputs", lie))).divergence is not None


async def test_outputs_without_inputs_are_found(journal: Path) -> None:
    last = frames_of(journal, "inputs")[-1].first_sequence
    source = rewritten(journal, "inputs", lambda frame: None if frame.first_sequence == last else frame)
    found = (await verified(source)).divergence
    assert found is not None
    assert (found.sequence, found.what) == (last, "the input stream")


async def test_outputs_that_are_not_written_yet_are_counted_not_blamed(journal: Path) -> None:
    last = frames_of(journal, "outputs")[-1].first_sequence
    report = await verified(rewritten(journal, "outputs", lambda f: None if f.first_sequence == last else f))
    assert (report.divergence, report.outputs_missing) == (None, 1)


async def test_a_torn_end_is_told_and_a_missing_or_damaged_frame_is_corrupt(journal: Path) -> None:
    (last,) = sorted((journal / "inputs").glob("*.seg"))[-1:]
    whole = last.read_bytes()
    last.write_bytes(whole[:-1])
    (outputs,) = sorted((journal / "outputs").glob("*.seg"))[-1:]
    outputs.write_bytes(b"")
    report = await verified(FileSource.of_folder(journal))
    assert report.divergence is None
    assert 0 < report.torn_bytes < len(whole)
    last.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    with pytest.raises(Corrupt):
        await verified(FileSource.of_folder(journal))
    with pytest.raises(Corrupt):
        await verified(rewritten(journal, "outputs", lambda frame: None if frame.first_sequence == 5 else frame))


async def test_room_behind_the_frames_is_no_torn_end_and_a_zero_among_them_is_damage(journal: Path) -> None:
    before = await verified(FileSource.of_folder(journal))
    for stream in ("inputs", "outputs"):
        (last,) = sorted((journal / stream).glob("*.seg"))[-1:]
        last.write_bytes(last.read_bytes() + bytes(70_000))
    report = await verified(FileSource.of_folder(journal))
    assert (report.divergence, report.torn_bytes) == (None, 0)
    assert report.input_hash + report.output_hash == before.input_hash + before.output_hash
    (first,) = sorted((journal / "inputs").glob("*.seg"))[:1]
    first.write_bytes(bytes(1) + first.read_bytes()[1:])
    with pytest.raises(Corrupt, match="follows"):
        await verified(FileSource.of_folder(journal))


async def test_an_empty_folder_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        FileSource.of_folder(tmp_path)


def test_the_command_tells_people_and_programs(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["verify", "--journal", str(journal), "--json"])
    assert ended.value.code == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["divergence"], told["blocks"]) == (True, None, 2)

    source = rewritten(journal, "outputs", lambda frame: with_payload(frame, encode_events([])))
    assert source is not None
    inputs = journal.parent / "whole"
    inputs.write_bytes(b"".join(path.read_bytes() for path in sorted((journal / "inputs").glob("*.seg"))))
    with pytest.raises(SystemExit) as ended:
        run(["verify", "--inputs", str(inputs), "--outputs", str(journal.parent / "changed")])
    assert ended.value.code == 1
    assert "DIVERGENCE at sequence 1" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--inputs", "x"], ["--journal", "x", "--url", "http://y"]])
def test_the_command_wants_one_source(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["verify", *arguments])
    assert ended.value.code == 2
    assert encode_batch([]) == b""
    assert "source" in capsys.readouterr().err or arguments == ["--inputs", "x"]
