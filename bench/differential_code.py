"""What decides the outcome of the differential: the state machine, the reference, the wire and the random stream.

How a journal is written, what a document says and who calls the engine do not: what was compared stays compared when
these change. Comments, docstrings and a module's own tests are left out for the same reason.
"""

from __future__ import annotations

import ast
import hashlib
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
NO_RULES = ("benchmark.rs", "engine.rs", "failure.rs", "lib.rs", "prefetch.rs", "python.rs")
"""Of the engine's own modules; its folders (journal, python, peg, flow) hold none either."""
PYTHON = (
    "audit/reference_*.py",
    "engine/wire*.py",
    "testing/command_stream.py",
    "testing/differential.py",
    "testing/stream_*.py",
    "testing/trading_desk.py",
)


def fingerprint() -> str:
    """Sixteen hexadecimal digits: equal where nothing changed that could make a difference."""
    package = ROOT / "src" / "stab3l"
    rust = [file for file in sorted((ROOT / "engine" / "src").glob("*.rs")) if file.name not in NO_RULES]
    python = sorted(file for pattern in PYTHON for file in package.glob(pattern))
    parts = [(file.name, rust_code(file.read_text())) for file in rust]
    parts += [(file.name, python_code(file.read_text())) for file in python]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def rust_code(text: str) -> str:
    """A module without its comments, its blank lines and its tests, which come last."""
    body = text.partition("\n#[cfg(test)]\nmod tests")[0]
    lines = (line.strip() for line in body.splitlines())
    return "\n".join(re.sub(r"\s+// .*$", "", line) for line in lines if line and not line.startswith("//"))


def python_code(text: str) -> str:
    """A module without its comments and its docstrings, as Python writes it."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [one for one in body if not _is_text(one)] or [ast.Pass()]  # type: ignore[attr-defined]
    return ast.unparse(tree)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
