"""Keystores: made once, opened with the right password only, never overwritten."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from chain_anvil import RICH_KEY
from eth_account import Account

from stab3l.chain.signer import PASSWORD_VARIABLE, Signer, create_password, keystore_path
from stab3l.errors import Corrupt, Invalid, NotFound, Unauthorised

CHEAP = 2**4


@pytest.fixture
def home(tmp_path: Path) -> Path:
    create_password(tmp_path)
    return tmp_path


def test_a_key_that_was_made_can_be_opened_again(home: Path) -> None:
    made = Signer.create(home, "sequencer", work_factor=CHEAP)
    assert Signer.load(home, "sequencer").address == made.address


def test_a_given_key_is_the_one_that_is_stored(home: Path) -> None:
    Signer.create(home, "deployer", key=RICH_KEY, work_factor=CHEAP)
    assert Signer.load(home, "deployer").address == Account.from_key(RICH_KEY).address


def test_a_keystore_is_one_that_wallets_open(home: Path) -> None:
    Signer.create(home, "deployer", key=RICH_KEY, work_factor=CHEAP)
    stored = json.loads(keystore_path(home, "deployer").read_bytes())
    password = (home / "keys" / "password").read_text()
    assert Account.decrypt(stored, password) == RICH_KEY


def test_keys_and_password_are_readable_by_their_owner_only(home: Path) -> None:
    Signer.create(home, "sequencer", work_factor=CHEAP)
    for path in (keystore_path(home, "sequencer"), home / "keys" / "password"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(p.name for p in (home / "keys").iterdir()) == ["password", "sequencer.json"]


def test_a_key_is_never_overwritten(home: Path) -> None:
    made = Signer.create(home, "sequencer", work_factor=CHEAP)
    with pytest.raises(Invalid, match="never overwritten"):
        Signer.create(home, "sequencer", work_factor=CHEAP)
    assert Signer.load(home, "sequencer").address == made.address


def test_a_second_password_does_not_replace_the_first(home: Path) -> None:
    before = (home / "keys" / "password").read_bytes()
    create_password(home)
    assert (home / "keys" / "password").read_bytes() == before


def test_the_environments_password_goes_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Signer.create(home, "sequencer", work_factor=CHEAP)
    monkeypatch.setenv(PASSWORD_VARIABLE, "another")
    with pytest.raises(Unauthorised):
        Signer.load(home, "sequencer")


def test_a_missing_key_or_password_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=PASSWORD_VARIABLE):
        Signer.create(tmp_path, "sequencer", work_factor=CHEAP)
    with pytest.raises(NotFound, match="sequencer"):
        Signer.load(tmp_path, "sequencer")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"version": 3}', b"\xff"])
def test_a_damaged_keystore_is_called_corrupt(home: Path, content: bytes) -> None:
    keystore_path(home, "sequencer").write_bytes(content)
    with pytest.raises(Corrupt):
        Signer.load(home, "sequencer")


@pytest.mark.parametrize("role", ["", "../deployer", "a/b", "a.b"])
def test_a_role_cannot_name_another_folder(home: Path, role: str) -> None:
    with pytest.raises(Invalid):
        Signer.create(home, role)


def test_a_signer_does_not_show_its_key() -> None:
    assert RICH_KEY.hex() not in repr(Signer(RICH_KEY))


@pytest.mark.parametrize("key", [b"", bytes(32), b"\xff" * 32, bytes(33)])
def test_what_is_no_key_is_refused(key: bytes) -> None:
    with pytest.raises(Invalid):
        Signer(key)
