"""A member never signs two statements for one claim, also after being killed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stab3l.errors import Corrupt
from stab3l.hashing import keccak256
from stab3l.verifier.memory import Memory
from stab3l.verifier.refusals import StatementConflict

FIRST, SECOND = keccak256(b"first"), keccak256(b"second")


def test_another_statement_for_the_same_claim_is_refused(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path)
    memory.remember(1, FIRST)
    memory.remember(1, FIRST)
    memory.remember(2, SECOND)
    with pytest.raises(StatementConflict):
        memory.remember(1, SECOND)


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    Memory.open(tmp_path).remember(1, FIRST)
    with pytest.raises(StatementConflict):
        Memory.open(tmp_path).remember(1, SECOND)


def test_a_line_that_a_crash_cut_short_is_dropped(tmp_path: Path) -> None:
    Memory.open(tmp_path).remember(1, FIRST)
    with (tmp_path / "signed").open("ab") as file:
        file.write(b"2 abcd")
    memory = Memory.open(tmp_path)
    memory.remember(2, SECOND)
    assert (tmp_path / "signed").read_text() == f"1 {FIRST.hex()}\n2 {SECOND.hex()}\n"


@pytest.mark.parametrize("content", [b"no line of ours\n", b"1 zz\n", b"1\n", b"\xff\xfe\n"])
def test_a_damaged_file_stops_the_member(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "signed").write_bytes(content)
    with pytest.raises(Corrupt):
        Memory.open(tmp_path)


def test_a_damaged_secret_stops_the_member(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"short")
    with pytest.raises(Corrupt):
        Memory.open(tmp_path)


def test_the_secret_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    Memory.open(tmp_path)
    assert os.stat(tmp_path / "secret").st_mode & 0o777 == 0o600


def test_the_choice_stays_when_asked_again_and_after_a_restart(tmp_path: Path) -> None:
    chosen = [Memory.open(tmp_path).chosen_product(FIRST, 1_000) for _ in range(3)]
    assert len(set(chosen)) == 1


def test_members_choose_independently_of_each_other_and_over_all_products(tmp_path: Path) -> None:
    members = [Memory.open(tmp_path / str(index)) for index in range(40)]
    assert {member.chosen_product(FIRST, 4) for member in members} == {0, 1, 2, 3}
