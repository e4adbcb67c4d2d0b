"""What the command line shows to people: rows that stay lines, amounts in tokens, what to do about an error."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from stab3l.api.history import SupplyView
from stab3l.cli import asking, output, processes
from stab3l.client.problems import ApiProblem
from stab3l.errors import Invalid, Unavailable

HASH = "0x" + "0123456789abcdef" * 4


class Row(msgspec.Struct, frozen=True):
    """Something with a hash."""

    name: str
    state_root: str
    more: str = "m" * 40


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output.talk, "width", 100)


def test_a_hash_is_shown_whole_where_there_is_room(capsys: pytest.CaptureFixture[str]) -> None:
    asking.show_rows([Row("a", HASH)], "name state_root")
    assert HASH in capsys.readouterr().err


def test_a_crowded_row_stays_a_line_and_shortens_its_hash(capsys: pytest.CaptureFixture[str]) -> None:
    asking.show_rows([Row("a", HASH)], "name state_root more")
    lines = [line for line in capsys.readouterr().err.splitlines() if "m" * 40 in line]
    assert [HASH[:6] + "…" + HASH[-4:] in line for line in lines] == [True]


def test_no_row_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    asking.show_rows([], "name state_root")
    assert "state root" in capsys.readouterr().err


def test_a_value_inside_a_value_is_no_field(capsys: pytest.CaptureFixture[str]) -> None:
    asking.show_pairs([("sequence", "7"), ("supply", SupplyView("1", "2", "3", "4", "5"))])
    shown = capsys.readouterr().err
    assert "sequence" in shown
    assert "supply" not in shown


@pytest.mark.parametrize("text", ["1800000000", "1800000000000000000"])
def test_times_are_written_as_people_do(text: str) -> None:
    assert asking.moment(text) == "2027-01-15 08:00:00 UTC"


def test_an_error_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    output.complain(ApiProblem("account_unknown", {"detail": "nobody has no account yet", "action": "Deposit first."}))
    assert capsys.readouterr().err.splitlines() == ["stab3l: nobody has no account yet", "Deposit first."]
    output.complain(Invalid("wrong"))
    assert capsys.readouterr().err.splitlines() == ["stab3l: wrong"]


def test_what_ends_a_part_of_a_process_reads_as_that_part_said_it(tmp_path: Path) -> None:
    async def serve(home: Path) -> None:
        raise ExceptionGroup("tasks", [ExceptionGroup("server", [Unavailable("the port is taken")])])

    with pytest.raises(Unavailable, match="the port is taken"):
        processes._run(tmp_path, "api", serve)

    async def err(home: Path) -> None:
        raise ExceptionGroup("tasks", [Unavailable("the port is taken"), ValueError("a mistake")])

    with pytest.raises(ExceptionGroup):
        processes._run(tmp_path, "api", err)
