"""What an operator does to the keys of an API's users, and to its own."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from stab3l.api.access.keys import ApiKeys
from stab3l.api.access.records import Records
from stab3l.api.desk import read_status
from stab3l.cli.app import run
from stab3l.clock import SystemClock, seconds
from stab3l.config import PRIMARY_CHAIN_ID, ChainConfig, Network
from stab3l.errors import Unavailable
from stab3l.store import heartbeats
from stab3l.store.heartbeats import beating, running

OWNER = b"\x07" * 20


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a network and one API key."""
    custody = {"Custody": "0x" + "c" * 40}
    chain = ChainConfig(
        chain_id=PRIMARY_CHAIN_ID, name="primary", rpc_url="http://127.0.0.1:1", confirmations=1, block_seconds=1,
        deploy_block=0, contracts=custody,
    )  # fmt: skip
    network = Network(
        chains=(chain,), markets=(), gateway="127.0.0.1:1", api_url="http://127.0.0.1:1", verifier_urls=(),
        provider_url="http://127.0.0.1:1", database_url="sqlite://",
    )  # fmt: skip
    (tmp_path / "network.json").write_text(network.model_dump_json())
    return tmp_path


def told(home: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """The JSON of a command that works."""
    with pytest.raises(SystemExit, match="0"):
        run(["operator", *arguments, "--home", str(home), "--json"])
    return json.loads(capsys.readouterr().out)


def test_a_key_gets_another_tier(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def add() -> str:
        records = Records(f"sqlite:///{home / 'access.sqlite'}")
        try:
            options: dict[str, Any] = {"scopes": ["read"], "allowed_ips": [], "expires_at": None}
            keys = ApiKeys(records, frozenset(), SystemClock())
            return (await keys.add(OWNER, name="bot", public_key=bytes(32), **options)).key_id
        finally:
            await records.close()

    key = asyncio.run(add())
    assert [one["tier"] for one in told(home, capsys, "keys")] == ["standard"]
    assert told(home, capsys, "tier", key, "professional") == {"key_id": key, "tier": "professional"}
    assert [one["tier"] for one in told(home, capsys, "keys", "--account", "0x" + OWNER.hex())] == ["professional"]
    assert told(home, capsys, "keys", "--account", "0x" + "1" * 40) == []
    with pytest.raises(SystemExit, match="1"):
        run(["operator", "tier", "none", "professional", "--home", str(home)])
    assert "there is no API key none" in capsys.readouterr().err


def test_a_new_token_key_signs_at_once_and_three_leave_no_old_one(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = [told(home, capsys, "rotate-tokens") for _ in range(4)]
    assert [one["still_checks"] for one in made[:2]] == [[], [made[0]["signs"]]]
    assert made[3]["still_checks"] == [made[2]["signs"], made[1]["signs"]]


def test_processes_are_told_of_until_they_end_and_the_silent_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeats, "BEAT_S", 0.01)
    clock = SystemClock()

    class Gone:
        async def status(self) -> Any:
            raise Unavailable("gone")

        supply = chains = status

    async def turn() -> None:
        async with beating(tmp_path, "Keeper_Deposits", clock):
            found = await read_status(Gone(), Gone(), clock, tmp_path)  # type: ignore[arg-type]
            assert [(one.name, one.state) for one in found.processes] == [("keeper-deposits", "running")]
            before = running(tmp_path, seconds(clock.now()))[0].seen
            async with asyncio.timeout(20):
                while running(tmp_path, seconds(clock.now()))[0].seen == before:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            later = seconds(clock.now()) + heartbeats.SILENT_S + 1
            assert [one.state(later) for one in running(tmp_path, later)] == ["silent"]
            assert running(tmp_path, later + heartbeats.KEPT_S) == []
        assert running(tmp_path, seconds(clock.now())) == []
        (tmp_path / "processes" / "broken.json").write_text("{")
        assert running(tmp_path, 0) == []

    asyncio.run(turn())
