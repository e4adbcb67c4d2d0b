"""Documents are held to what exists: links, commands, settings."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from stab3l.cli.app import app, run
from stab3l.config import ChainConfig, CollateralConfig, MarketConfig, Network, Settings, UnderlyingConfig

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "STYLE.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("contracts/*.md")])
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    dead = [target for target in LINK.findall(page.read_text()) if not (page.parent / target).exists()]
    assert dead == []


def test_the_readmes_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`?make ([a-z-]+)", (ROOT / "README.md").read_text()))
    assert named
    assert named <= targets


def test_ci_runs_the_readmes_test_command() -> None:
    assert "make test" in (ROOT / "README.md").read_text()
    assert "exec make test" in (ROOT / ".ci/run").read_text()


@pytest.mark.parametrize("model", [Network, ChainConfig, MarketConfig, UnderlyingConfig, CollateralConfig, Settings])
def test_each_setting_is_documented(model: type) -> None:
    page = (ROOT / "docs/reference/configuration.md").read_text()
    missing = [name for name in model.model_fields if f"`{name}`" not in page]
    assert missing == []


def commands() -> list[str]:
    page = (ROOT / "docs/reference/command-line.md").read_text()
    return re.findall(r"^## `stab3l ([a-z -]+)`", page, re.MULTILINE)


def test_the_command_line_page_names_commands() -> None:
    assert {"up", "demo", "exchange serve", "provider onboard"} <= set(commands())


@pytest.mark.parametrize("command", commands())
def test_each_documented_command_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        run([*command.split(), "--help"])
    assert "Example" in capsys.readouterr().out


def test_every_command_is_documented() -> None:
    found, waiting = set(), [((), app)]
    while waiting:
        path, part = waiting.pop()
        names = [name for name in part if not name.startswith("-")]
        found |= set() if names else {" ".join(path)}
        waiting += [((*path, name), part[name]) for name in names]
    assert found - set(commands()) == set()


SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINES = sorted(
    {
        (str(page.relative_to(ROOT)), line.removeprefix(".venv/bin/").partition("#")[0].partition(" | ")[0].strip())
        for page in PAGES
        for block in SHELL.findall(page.read_text())
        for line in block.splitlines()
        if line.removeprefix(".venv/bin/").startswith("stab3l ")
    }
)


def test_the_quick_starts_are_among_the_examples() -> None:
    assert len([line for page, line in LINES if page == "docs/guides/quick-starts.md"]) > 20


@pytest.mark.parametrize(("page", "line"), LINES)
def test_every_command_in_the_documents_can_be_typed(page: str, line: str) -> None:
    """Names, arguments and flags are those of the command line; the command itself is not run."""
    command, _, _ = app.parse_args(shlex.split(line)[1:], print_error=False, exit_on_error=False)
    assert callable(command)
