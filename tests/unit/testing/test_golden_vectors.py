"""Both implementations answer the committed golden vectors byte for byte."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from stab3l.engine.wire import EventKind, Outcome, OutcomeCode, decode_events
from stab3l.testing.exchanges import IMPLEMENTATIONS, opened
from stab3l.testing.golden_vectors import vectors

VECTORS = Path(__file__).parents[2] / "golden" / "engine.json"


def committed() -> list[dict[str, str]]:
    """The file's vectors."""
    found: list[dict[str, str]] = json.loads(VECTORS.read_text())
    return found


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_the_committed_vectors_are_answered_byte_for_byte(implementation: str) -> None:
    with opened(implementation) as exchange:
        for vector in committed():
            events = exchange.apply(bytes.fromhex(vector["batch"]), int(vector["now"]))
            assert events.hex() == vector["events"], vector["title"]


def test_the_committed_vectors_are_the_story_as_it_is_told_now() -> None:
    assert committed() == [asdict(vector) for vector in vectors()]


def test_the_vectors_meet_every_outcome_and_every_event() -> None:
    events = [event for vector in committed() for event in decode_events(bytes.fromhex(vector["events"]))]
    codes = {event.code for event in events if isinstance(event, Outcome)}
    assert codes == set(OutcomeCode)
    assert {event.KIND for event in events} == set(EventKind)


def test_the_vectors_stay_small_enough_to_read() -> None:
    assert VECTORS.stat().st_size < 80_000
