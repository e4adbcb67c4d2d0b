"""The Rust program that measures the engine from inside: ``engine/examples/measure``."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from stab3l.errors import Unavailable
from stab3l.measure.report import Result

ENGINE: Final = Path(__file__).parents[3] / "engine"
BUILD: Final = ("cargo", "build", "--release", "--locked", "--quiet", "--example", "measure")

Say = Callable[[str], None]


def build() -> Path:
    """Builds the program in the checkout that this package runs from. Raises `Unavailable` without it or cargo."""
    if not (ENGINE / "Cargo.toml").exists():
        raise Unavailable("the measuring program is built from source: run this from a checkout")
    if shutil.which("cargo") is None:
        raise Unavailable("the measuring program is built by cargo, which is not installed")
    done = subprocess.run(BUILD, cwd=ENGINE, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"cargo cannot build the measuring program: {done.stderr.strip()[-500:]}")
    return ENGINE / "target" / "release" / "examples" / "measure"


def run(program: Path, arguments: list[str], say: Say) -> str:
    """Runs the program, passing on what it says; what it printed. Raises `Unavailable` when it fails."""
    with subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        if running.stdout is None or running.stderr is None:
            raise Unavailable("the measuring program has no output")
        last = ""
        for line in running.stderr:
            last = line.strip()
            say(last)
        printed = running.stdout.read()
    if running.returncode:
        raise Unavailable(f"the measuring program failed: {last}")
    return printed


def results(program: Path, arguments: list[str], say: Say) -> list[Result]:
    """Runs the program; the figures that it printed."""
    return [Result(**figure) for figure in json.loads(run(program, arguments, say))]
