"""What surrounds the measuring program: its results' shape, medians, and what it says when it cannot run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stab3l.errors import Unavailable
from stab3l.measure import program
from stab3l.measure.engine import _medians
from stab3l.measure.flow import batches
from stab3l.measure.report import Result, document


def test_a_document_names_the_machine_the_method_and_every_figure() -> None:
    found = document("by hand", [Result("engine.full.msgs_per_s", 5, "1/s", "none")])
    assert set(found) == {"machine", "method", "results"}
    assert {"processor", "cores", "memory_gib"} <= set(found["machine"])
    assert found["results"] == [
        {"name": "engine.full.msgs_per_s", "value": 5, "unit": "1/s", "conditions": "none"},
    ]


def test_rounds_become_one_median_for_each_name() -> None:
    rounds = [Result("a", value, "1/s", "idle") for value in (9, 1, 4)] + [Result("b", 7, "us", "busy")]
    assert [(each.name, each.value) for each in _medians(rounds, 3)] == [("a", 4), ("b", 7)]


def test_a_program_that_fails_says_its_last_words() -> None:
    said: list[str] = []
    with pytest.raises(Unavailable, match="no room left"):
        program.run(Path(sys.executable), ["-c", "import sys; sys.exit('no room left')"], said.append)
    assert said == ["no room left"]


def test_without_a_checkout_it_says_where_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "ENGINE", tmp_path)
    with pytest.raises(Unavailable, match="from a checkout"):
        program.build()


def test_a_flow_is_cut_into_what_opens_the_venue_and_what_is_measured(tmp_path: Path) -> None:
    writer = tmp_path / "writer"
    writer.write_text(
        f"#!{sys.executable}\nimport sys\n"
        "parts = [b'opening', b'filling', b'one', b'two']\n"
        "content = (2).to_bytes(8, 'little') + b''.join(len(p).to_bytes(4, 'little') + p for p in parts)\n"
        "open(sys.argv[5], 'wb').write(content)\n"
    )
    writer.chmod(0o755)
    flow = batches(writer, 2, 1, tmp_path, lambda _: None)
    assert (flow.opening, flow.measured, flow.messages) == ([b"opening", b"filling"], [b"one", b"two"], 2)
