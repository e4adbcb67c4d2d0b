"""Group commit: what waits together is applied together, in order, and a failure acknowledges nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from stab3l._engine import Engine, EngineHalted
from stab3l.engine.wire import Seal, encode, encode_batch
from stab3l.exchange.errors import EngineStopped
from stab3l.exchange.sequencer import Sequencer
from stab3l.testing.trading_desk import LISTING
from stab3l.units import Nanoseconds

pytestmark = pytest.mark.anyio

REGISTER = encode(LISTING[0])


class StandingClock:
    def now(self) -> Nanoseconds:
        return Nanoseconds(1_700_000_000 * 10**9)


class GatedEngine:
    """The native engine behind a door that the test opens, so that batches pile up as behind a slow disk."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.door = threading.Event()
        self.groups: list[int] = []
        self.fails = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._engine, name)

    def apply_many(self, batches: Sequence[bytes], now: int) -> list[bytes]:
        assert self.door.wait(10)
        self.groups.append(len(batches))
        if self.fails:
            raise EngineHalted("no space left on device")
        return self._engine.apply_many(batches, now)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[GatedEngine]:
    native = Engine.open(tmp_path / "journal", durability="page_cache")
    yield GatedEngine(native)
    native.close()


async def test_batches_that_wait_share_one_commit_and_keep_their_order(engine: GatedEngine) -> None:
    sequencer = Sequencer(engine, StandingClock())  # type: ignore[arg-type]
    running = asyncio.create_task(sequencer.run())
    answers = [await sequencer.enqueue(REGISTER)]
    await asyncio.sleep(0.05)
    answers += [await sequencer.enqueue(REGISTER) for _ in range(50)]
    engine.door.set()
    firsts = [(await answer).first_sequence for answer in answers]
    assert firsts == list(range(1, 52))
    assert engine.groups == [1, 50]
    assert sequencer.progress.sequence == 51
    sequencer.close()
    await running


async def test_closing_applies_what_was_taken(engine: GatedEngine) -> None:
    sequencer = Sequencer(engine, StandingClock())  # type: ignore[arg-type]
    running = asyncio.create_task(sequencer.run())
    answers = [await sequencer.enqueue(encode_batch(LISTING)) for _ in range(3)]
    sequencer.close()
    with pytest.raises(EngineStopped):
        await sequencer.enqueue(REGISTER)
    engine.door.set()
    await running
    assert [answer.result().first_sequence for answer in answers] == [1, 5, 9]


async def test_a_failing_engine_acknowledges_nothing_and_ends_the_sequencer(engine: GatedEngine) -> None:
    engine.fails = True
    sequencer = Sequencer(engine, StandingClock())  # type: ignore[arg-type]
    running = asyncio.create_task(sequencer.run())
    answers = [await sequencer.enqueue(encode(Seal())) for _ in range(3)]
    engine.door.set()
    with pytest.raises(EngineStopped, match="no space left"):
        await running
    assert all(isinstance(answer.exception(), EngineStopped) for answer in answers)
    with pytest.raises(EngineStopped):
        await sequencer.enqueue(REGISTER)


async def test_a_full_queue_makes_its_clients_wait(engine: GatedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stab3l.exchange.sequencer.WAITING_BYTES_MAX", 3 * len(REGISTER))
    sequencer = Sequencer(engine, StandingClock())  # type: ignore[arg-type]
    running = asyncio.create_task(sequencer.run())
    await sequencer.enqueue(REGISTER)
    await asyncio.sleep(0.05)
    for _ in range(3):
        await sequencer.enqueue(REGISTER)
    late = asyncio.create_task(sequencer.enqueue(REGISTER))
    await asyncio.sleep(0.05)
    assert not late.done()
    engine.door.set()
    assert (await (await late)).first_sequence == 5
    sequencer.close()
    await running
