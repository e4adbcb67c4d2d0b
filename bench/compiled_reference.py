"""The reference exchange compiled by mypyc, from the same source: the long differential ends sooner.

The reference is Python of complete types, so that the compiler that comes with mypy takes it as it is. What it says
cannot become right by that: a rule that the compiler changed would differ from the engine's, and end the run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.differential_code import ROOT

PARTS = ("audit/reference_*.py", "engine/wire*.py", "testing/command_stream.py", "testing/stream_*.py")
UNCOMPILED = "(msgspec.Struct"
"""Classes that a library builds from their annotations cannot be compiled; they stay as they are."""
FOLDER = ROOT / ".venv" / ".reference"


def compiled(code: str) -> Path:
    """A folder with the package, its reference compiled; built when there is none of this ``code`` (a minute).

    Raises `subprocess.CalledProcessError` when the compiler refuses, with its words on stderr.
    """
    folder = FOLDER / code
    if not folder.exists():
        shutil.rmtree(FOLDER, ignore_errors=True)
        unfinished = FOLDER / "unfinished"
        shutil.copytree(ROOT / "src" / "stab3l", unfinished / "stab3l", ignore=shutil.ignore_patterns("console"))
        _compile(unfinished)
        unfinished.rename(folder)
    engine = folder / "stab3l" / "_engine.abi3.so"
    engine.unlink()  # a link to the present one, which may have been built anew; another run may have this one open
    engine.symlink_to(ROOT / "src" / "stab3l" / engine.name)
    return folder


def run_compiled(code: str) -> None:
    """Goes on as this same command with the compiled reference; returns where it runs already or cannot be built."""
    if "STAB3L_REFERENCE" in os.environ:
        return
    sys.stderr.write("compiling the reference\n")
    try:
        folder = compiled(code)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"not compiled, so that it takes longer: {error}\n")
        return
    environment = {**os.environ, "PYTHONPATH": str(folder), "STAB3L_REFERENCE": "compiled"}
    os.execve(sys.executable, [sys.executable, "-m", "bench.differential", *sys.argv[1:]], environment)


def _compile(folder: Path) -> None:
    package = folder / "stab3l"
    files = [file for pattern in PARTS for file in sorted(package.glob(pattern)) if UNCOMPILED not in file.read_text()]
    names = [str(file.relative_to(folder)) for file in files]
    command = [sys.executable, "-m", "mypyc", "--ignore-missing-imports", *names]
    environment = {**os.environ, "MYPYC_OPT_LEVEL": "2"}
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=environment)
