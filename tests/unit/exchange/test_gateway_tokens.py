"""The gateway's credentials at rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from stab3l.errors import NotFound
from stab3l.exchange.errors import TokenInvalid
from stab3l.exchange.tokens import OPERATE_FILE, TRADE_FILE, Role, ensure_tokens, read_token, role_of


def test_tokens_are_made_once_and_only_for_their_owner(tmp_path: Path) -> None:
    tokens = ensure_tokens(tmp_path)
    assert ensure_tokens(tmp_path) == tokens
    assert tokens[Role.TRADE] != tokens[Role.OPERATE]
    assert [(tmp_path / "keys" / name).stat().st_mode & 0o777 for name in (TRADE_FILE, OPERATE_FILE)] == [0o600] * 2


def test_a_token_proves_its_own_role_and_nothing_else_any(tmp_path: Path) -> None:
    tokens = ensure_tokens(tmp_path)
    for role, token in tokens.items():
        assert role_of(f"Bearer {token}", tokens) is role
        assert role_of(token, tokens) is None
        assert role_of(f"Bearer {token[:-1]}", tokens) is None
    assert role_of("", tokens) is None
    assert role_of("Bearer ", tokens) is None
    assert role_of("Bearer \u00e9\u4e2d", tokens) is None


def test_a_token_that_others_can_read_is_refused(tmp_path: Path) -> None:
    ensure_tokens(tmp_path)
    (tmp_path / "keys" / TRADE_FILE).chmod(0o640)
    with pytest.raises(TokenInvalid, match="readable by others"):
        read_token(tmp_path, TRADE_FILE)


def test_a_short_token_is_refused(tmp_path: Path) -> None:
    ensure_tokens(tmp_path)
    (tmp_path / "keys" / OPERATE_FILE).write_text("short")
    with pytest.raises(TokenInvalid, match="fewer than"):
        ensure_tokens(tmp_path)


def test_a_missing_token_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=TRADE_FILE):
        read_token(tmp_path, TRADE_FILE)
