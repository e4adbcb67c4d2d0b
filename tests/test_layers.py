"""Imports go one way: values <- rules <- ports <- processes <- skins (STYLE.md, Layers)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "stab3l"

LAYERS: tuple[tuple[str, ...], ...] = (
    ("units", "errors", "clock", "config", "hashing", "_engine"),
    ("compute", "peg", "flow", "pricing", "ledger"),
    ("chain", "store", "feeds", "engine", "http", "enclave"),
    ("exchange", "keepers", "relay", "watch", "provider", "verifier", "audit", "api"),
    ("client", "cli", "sim", "devnet", "testing", "measure", "__main__"),
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
PROCESSES = LAYERS[3]
DOORS = {
    "stab3l.exchange.gateway_client",
    "stab3l.exchange.listing",
    "stab3l.watch.queries",
    "stab3l.watch.derivative_queries",
    "stab3l.watch.pages",
    "stab3l.watch.values",
    "stab3l.watch.backing",
    "stab3l.provider.jobs",
    "stab3l.provider.execution",
}
PURE = LAYERS[1]
IMPURE_MODULES = {"asyncio", "anyio", "httpx", "socket", "subprocess", "os", "logging", "structlog", "time", "random"}


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            if node.module in ("stab3l", *(f"stab3l.{p}" for p in PROCESSES)):
                yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, node.module


def owner(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py").removesuffix(".pyi")


def violations(path: Path) -> list[str]:
    mine = owner(path)
    found = []
    for line, module in imports_of(path):
        parts = module.split(".")
        where = f"{path.relative_to(SOURCE)}:{line} imports {module}"
        if mine in PURE and parts[0] in IMPURE_MODULES:
            found.append(f"{where}: rules are pure, pass it in")
        if parts[0] != "stab3l" or len(parts) < 2 or parts[1] == "__version__":
            continue
        theirs = parts[1]
        if theirs not in RANK:
            found.append(f"{where}: {theirs} has no layer; add it to LAYERS")
        elif RANK[theirs] > RANK[mine]:
            found.append(f"{where}: a {mine} module may not know {theirs}")
        elif (
            mine in PROCESSES
            and theirs in PROCESSES
            and mine != theirs
            and not any(module == door or module.startswith(door + ".") for door in DOORS)
        ):
            found.append(f"{where}: processes meet only at {sorted(DOORS)}")
    return found


MODULES = sorted(p for p in SOURCE.rglob("*.py") if owner(p) != "__init__" and not p.name.endswith("_pb2.py"))


def test_there_is_something_to_check() -> None:
    assert len(MODULES) > 10


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_go_one_way(path: Path) -> None:
    assert violations(path) == []


def test_a_rule_that_reaches_upwards_is_caught(tmp_path: Path) -> None:
    """The check itself can fail: a rule importing a process is named."""
    fake = SOURCE / "compute" / "imagined.py"
    module = ast.parse("from stab3l.api.app import x\nimport socket\n")
    found = [n for n in ast.walk(module) if isinstance(n, ast.ImportFrom | ast.Import)]
    assert len(found) == 2
    assert RANK["api"] > RANK[owner(fake)]
