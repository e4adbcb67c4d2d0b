"""I5: replay of the journal = live state = sealed root."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stab3l._engine import Engine
from stab3l.audit.reference_exchange import ReferenceExchange
from stab3l.engine.wire import Seal, decode_events, encode
from stab3l.testing.command_stream import CommandStream

READ_BYTES = 4_096


@contextmanager
def engine_in(folder: Path, snapshot_every_records: int) -> Iterator[Engine]:
    engine = Engine.open(
        folder, durability="page_cache", segment_bytes=8_192, snapshot_every_records=snapshot_every_records
    )
    try:
        yield engine
    finally:
        engine.close()


def run_a_stream(engine: Engine, seed: int, batches: int) -> None:
    """Good and bad batches, which the reference exchange only serves to invent, and a seal that ends a block."""
    reference = ReferenceExchange()
    stream = CommandStream(Random(seed), reference, records_max=12)
    for _ in range(batches):
        batch = stream.batch()
        engine.apply(batch, stream.now)
        reference.apply(batch, stream.now)
    engine.apply(encode(Seal()), stream.now)


def frames_of(engine: Engine, stream: str) -> list[tuple[int, int, bytes]]:
    """A whole stream, read in pieces as a watcher does."""
    read = engine.read_inputs if stream == "inputs" else engine.read_outputs
    frames: list[tuple[int, int, bytes]] = []
    sequence = 1
    while sequence <= engine.last_sequence:
        piece = read(sequence, READ_BYTES)
        assert piece, f"nothing at {sequence} of {engine.last_sequence}"
        frames += piece
        last = engine.read_outputs(piece[-1][0], 1)[0][2]
        sequence = decode_events(last)[-1].sequence + 1
    return frames


@pytest.mark.parametrize("snapshot_every_records", [0, 60])
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_reopening_and_replaying_elsewhere_give_the_live_state(seed: int, snapshot_every_records: int) -> None:
    with tempfile.TemporaryDirectory() as live, tempfile.TemporaryDirectory() as elsewhere:
        with engine_in(Path(live), snapshot_every_records) as engine:
            run_a_stream(engine, seed, batches=25)
            digest, sealed = engine.digest(), engine.sealed()
            hashes = engine.input_hash, engine.output_hash
            inputs, outputs = frames_of(engine, "inputs"), frames_of(engine, "outputs")
        with engine_in(Path(live), snapshot_every_records) as reopened:
            assert (reopened.digest(), reopened.sealed()) == (digest, sealed)
            assert (reopened.input_hash, reopened.output_hash) == hashes
            assert reopened.recovery.output_frames_regenerated == 0
        with engine_in(Path(elsewhere), 0) as replay:
            again = [(first, now, replay.apply(batch, now)) for first, now, batch in inputs]
            assert again == outputs
            assert (replay.digest(), replay.sealed()) == (digest, sealed)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_an_independent_replay_of_the_public_inputs_reaches_the_sealed_root(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder, engine_in(Path(folder), 40) as engine:
        run_a_stream(engine, seed, batches=15)
        reference = ReferenceExchange()
        outputs = [reference.apply(batch, now) for _, now, batch in frames_of(engine, "inputs")]
        assert outputs == [events for _, _, events in frames_of(engine, "outputs")]
        assert decode_events(engine.sealed() or b"") == [reference.last_sealed]
