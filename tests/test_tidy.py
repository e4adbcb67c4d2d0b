"""STYLE.md, executed. Each message says what to write instead."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINES_MAX = 600
FUNCTION_LINES_MAX = 70
README_LINES_MAX = 150
TRACKED_BYTES_MAX = 600_000

TOP_LEVEL = set(
    ".ci .gitignore LICENSE Makefile README.md STYLE.md CHANGELOG.md bench contracts deploy docs engine pyproject.toml "
    "requirements.in requirements.lock src tests tools web".split()
)
BANNED_NAMES = set("utils util helpers helper common misc core services managers controllers shared".split())
BANNED_WORDS = {
    r"\bTODO\b|\bFIXME\b|\bXXX\b": "finish it before it lands",
    r"time\.time\(|datetime\.now\(|time\.time_ns\(": "take a stab3l.clock.Clock",
    r"(?<!\.)\brandom\.random\(": "take a random.Random(seed)",
    r"\bfloat\(": "integers, or a ratio for display only in a skin",
    r"^\s*print\(": "structlog, or a rich console in the command line",
    r"except Exception:\s*$": "name the error, or log it with its values and go on deliberately",
}
EXEMPT = {"src/stab3l/clock.py"}
PLACES = re.compile(
    r"(^|[^A-Za-z0-9_.])/(work|farm)/|https?://[a-z0-9.-]*(npm|pypi|pythonhosted|crates|maven)[a-z0-9.-]*"
)


def tracked(*suffixes: str) -> list[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [p for p in paths if p.is_file() and (not suffixes or p.suffix in suffixes)]


GENERATED = {"gateway_pb2.py", "gateway_pb2.pyi", "gateway_pb2_grpc.py"}
SOURCES = [p for p in tracked(".py", ".rs", ".sol", ".ts", ".tsx", ".js", ".css", ".html") if p.name not in GENERATED]
PYTHON = [p for p in SOURCES if p.suffix == ".py"]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_only_known_names_stand_at_the_top() -> None:
    assert {p.relative_to(ROOT).parts[0] for p in tracked()} <= TOP_LEVEL


def test_no_folder_or_file_is_a_dumping_ground() -> None:
    bad = [relative(p) for p in tracked() if BANNED_NAMES & {part.split(".")[0] for part in p.relative_to(ROOT).parts}]
    assert bad == []


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_a_file_is_short_enough_to_read(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= LINES_MAX, f"{lines} lines: split it by noun"


@pytest.mark.parametrize("path", PYTHON, ids=relative)
def test_functions_fit_on_a_page(path: Path) -> None:
    long = [
        f"{node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= FUNCTION_LINES_MAX
    ]
    assert long == []


@pytest.mark.parametrize("path", [p for p in PYTHON if relative(p).startswith("src/")], ids=relative)
def test_source_is_tidy(path: Path) -> None:
    if relative(path) in EXEMPT:
        return
    found = [
        f"{relative(path)}:{number}: {line.strip()!r}: {instead}"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        for pattern, instead in BANNED_WORDS.items()
        if re.search(pattern, line)
    ]
    assert found == []


@pytest.mark.parametrize("path", [p for p in PYTHON if relative(p).startswith("src/")], ids=relative)
def test_public_names_have_docstrings(path: Path) -> None:
    module = ast.parse(path.read_text())
    bare = [
        f"{node.name} (line {node.lineno})"
        for node in module.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and ast.get_docstring(node) is None
    ]
    assert ast.get_docstring(module) is not None or not module.body, "the module says nothing about itself"
    assert bare == []


def test_nothing_names_a_machine_or_a_registry() -> None:
    found = []
    for path in tracked():
        if path == Path(__file__):
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{relative(path)}:{n}" for n, line in enumerate(text.splitlines(), 1) if PLACES.search(line)]
    assert found == []


def test_no_artifact_is_tracked() -> None:
    assert [relative(p) for p in tracked() if p.stat().st_size > TRACKED_BYTES_MAX] == []


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= README_LINES_MAX


def test_no_test_is_skipped() -> None:
    mark = re.compile(r"pytest\.(skip|mark\.(skip|xfail))|vm\.skip|#\[ignore|\b(it|test|describe)\.(skip|todo)")
    found = [relative(p) for p in SOURCES if p != Path(__file__) and mark.search(p.read_text())]
    # The standby's server comes from apt or Go (`make nats-server`); where neither works, its tests say so.
    # So does chromium, which opens the console (`make chromium`).
    assert sorted(found) == ["tests/support/console_setting.py", "tests/support/nats_process.py"]
