"""Help with an example everywhere; mistakes are one line on stderr and an exit status."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App

from stab3l.cli import processes
from stab3l.cli.app import app, run

USAGE, FAILURE, TEMPORARY = 2, 1, 75


def commands(parent: App = app, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command that does something."""
    names = [name for name in parent if not name.startswith("-")]
    if not names:
        yield path
    for name in names:
        yield from commands(parent[name], (*path, name))


COMMANDS = sorted(commands())


NEEDED = {
    "order place": "sSTB-USDC buy 1 0.06",
    "order amend": "1 1 0.06",
    "order cancel": "1",
    "order show": "1",
    "book": "sSTB-USDC",
    "trades": "sSTB-USDC",
    "candles": "sSTB-USDC",
    "deposit": "USDC 1",
    "withdraw": "USDC 1",
    "claim": "1",
    "redeem": "0x0000000000000000000000000000000000000001 --fuel 1 --primes 5",
    "job status": "1",
    "job accept": "1",
    "job dispute": "1",
    "proof balance": "USDC",
    "proof withdrawal": "1",
    "proof verify": "proof.json",
    "key new": "someone",
    "key import": "someone",
    "operator tier": "3f0c professional",
}
"""Arguments of the commands of traders, buyers and auditors."""


def needed_by(command: tuple[str, ...]) -> tuple[str, ...]:
    """Flags that a command cannot do without."""
    trades = {"maker", "trader", "arbitrageur"} & set(command)
    return (
        *(("--index", "0") if "verifier" in command else ()),
        *(("--role", "anyone") if "agent" in command else ()),
        *(("--market", "sSTB-USDC") if trades else ()),
        *(("--per-day", "0.5") if command in (("flow", "open"), ("flow", "adjust")) else ()),
        *(("--order", "1", "--role", "buyer") if command == ("judge",) else ()),
        *NEEDED.get(" ".join(command), "").split(),
        *(("--claim", "1") if command in (("recheck",), ("provider", "publish")) else ()),
    )


def knows_a_network(command: tuple[str, ...]) -> bool:
    """Whether a command works on the network of a folder; others, and what publishes files, need none."""
    if command == ("provider", "publish") or command[0] == "key" or command == ("proof", "verify"):
        return False
    found = app
    for name in command:
        found = found[name]
    return "home" in inspect.signature(found.default_command).parameters


def spoken(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of one command line."""
    with pytest.raises(SystemExit) as end:
        run(arguments)
    status = end.value.code
    out, err = capsys.readouterr()
    assert isinstance(status, int)
    return status, out, err


def one_line(said: str) -> str:
    assert said.startswith("stab3l: ")
    assert said.count("\n") == 1
    return said


def test_the_commands_are_all_there() -> None:
    assert {command[0] for command in COMMANDS} == {
        "up", "demo", "exchange", "api", "indexer", "keeper", "verifier", "provider", "agent", "peg",
        "bench", "verify", "flow", "simulate", "recheck", "judge", "backing", "status", "markets", "book", "trades",
        "candles", "balances", "positions", "fills", "ledger", "providers", "batches", "deposit", "withdraw", "claim",
        "redeem", "order", "job", "proof", "key", "operator", "faucet",
    }  # fmt: skip


def test_help_says_where_to_begin(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = spoken(capsys, "--help")
    assert status == 0
    assert "stab3l up: starts the whole system on local chains" in out
    assert "stab3l demo --json" in out
    assert "Starts the whole system on local chains with" in out, "each command is described in the list"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_help_of_each_command_shows_an_example_of_it(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = spoken(capsys, *command, "--help")
    assert (status, err) == (0, "")
    assert f"Example: stab3l {' '.join(command)}" in " ".join(out.split())


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_unknown_flag_is_one_line(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = spoken(capsys, *command, *needed_by(command), "--no-such-flag")
    assert (status, out) == (USAGE, "")
    assert "--no-such-flag" in one_line(err)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("nonsense",), "nonsense"),
        (("up", "--base-port", "high"), "--base-port"),
        (("up", "--base-port", "99999"), "99999 (primary) is no port"),
        (("up", "--api-port", "8545"), "port 8545 would be used by primary and api"),
        (("verifier", "serve"), "--index"),
        (("agent", "maker", "--role", "maker-0"), "--market"),
    ],
)
def test_a_wrong_argument_is_named_in_one_line(
    arguments: tuple[str, ...], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = spoken(capsys, *arguments)
    assert (status, out) == (USAGE, "")
    assert named in one_line(err)


@pytest.mark.parametrize(
    "command", [c for c in COMMANDS if c[0] not in ("up", "demo") and knows_a_network(c)], ids=" ".join
)
def test_without_a_network_each_process_ends_with_one_line(
    command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = spoken(capsys, *command, *needed_by(command), "--home", str(tmp_path))
    assert (status, out) == (FAILURE, "")
    assert "network.json is missing: start a network first (stab3l up)" in one_line(err)


def test_a_file_is_no_home_for_a_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.touch()
    status, _, err = spoken(capsys, "up", "--home", str(file))
    assert status == USAGE
    assert f"{file} cannot be the network's folder" in err.splitlines()[-1]


def test_the_demo_wants_an_empty_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "network.json").write_text("{}")
    status, out, err = spoken(capsys, "demo", "--json", "--home", str(tmp_path))
    assert (status, out) == (USAGE, "")
    assert "holds a network already" in one_line(err)


@pytest.mark.parametrize("keeper", ["deposits", "settlement", "oracle", "reverification"])
@pytest.mark.parametrize("flags", [(), ("--dry-run",)])
def test_a_keeper_runs_dry_when_it_is_told_to(
    keeper: str, flags: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Path, bool]] = []

    async def serve(home: Path, *, dry_run: bool = False) -> None:
        asked.append((home, dry_run))

    module = __import__(f"stab3l.keepers.{keeper}", fromlist=["serve"])
    assert inspect.signature(module.serve) == inspect.signature(serve)
    monkeypatch.setattr(module, "serve", serve)
    monkeypatch.setattr(processes, "configure_logs", lambda level: None)
    with pytest.raises(SystemExit, match="0"):
        run(["keeper", keeper, "--home", str(tmp_path), *flags])
    assert asked == [(tmp_path, bool(flags))]
