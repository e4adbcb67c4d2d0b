"""`make` says in one line what a machine lacks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDED = ("python3", "node", "npm", "cargo")


def program(name: str) -> Path:
    """Where a program of this machine really is: version switchers' stand-ins need more than themselves."""
    found = str(Path(sys.executable).resolve()) if name == "python3" else shutil.which(name)
    assert found is not None
    return Path(found)


def machine(folder: Path, *, without: str, **scripts: str) -> subprocess.CompletedProcess[str]:
    """`tools/prerequisites` on a machine that has only the named programs."""
    folder.mkdir()
    for name in NEEDED:
        if name in scripts:
            (folder / name).write_text(f"#!/bin/sh\n{scripts[name]}\n")
            (folder / name).chmod(0o755)
        elif name != without:
            (folder / name).symlink_to(program(name))
    environment = {**os.environ, "PATH": str(folder), "PYTHON": "python3"}
    command = ["/bin/sh", str(ROOT / "tools/prerequisites")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_complete_machine_hears_nothing(tmp_path: Path) -> None:
    done = machine(tmp_path / "bin", without="")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("missing", "said"), [("python3", "Python 3.11"), ("node", "Node 20"), ("npm", "npm"), ("cargo", "Rust")]
)
def test_each_missing_program_is_named_in_one_line(tmp_path: Path, missing: str, said: str) -> None:
    done = machine(tmp_path / "bin", without=missing)
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr


def test_an_old_python_is_named_with_its_version(tmp_path: Path) -> None:
    old = 'case "$1" in --version) echo "Python 3.9.2";; *) exit 1;; esac'
    done = machine(tmp_path / "bin", without="", python3=old)
    assert done.returncode != 0
    assert "3.9.2 found" in done.stderr


def test_a_node_that_the_consoles_build_refuses_is_named_with_its_version(tmp_path: Path) -> None:
    node = shutil.which("node")
    old = (
        'case "$1" in --version) echo "v20.18.9"; exit;; esac\n'
        f"""exec {node} -e "Object.defineProperty(process.versions, 'node', {{value: '20.18.9'}}); $2" """
    )
    done = machine(tmp_path / "bin", without="", node=old)
    assert done.returncode != 0
    assert "v20.18.9 found" in done.stderr


def test_setup_stops_at_the_first_line(tmp_path: Path) -> None:
    """`make setup` in a fresh copy prints the same line and does nothing else."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "make", "python3", "find", "mkdir", "touch", "grep"):
        (folder / name).symlink_to(program(name))
    environment = {"PATH": str(folder), "HOME": str(tmp_path)}
    command = [str(folder / "make"), "-C", str(tmp_path), "setup"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "stab3l needs Node 20.19 or newer" in done.stderr
    assert not (tmp_path / ".venv" / "bin").exists()


def test_the_python_of_set_up_can_make_the_environment() -> None:
    named = subprocess.run([str(ROOT / "tools/python")], capture_output=True, text=True, check=True).stdout.strip()
    judged = "import sys, venv, ensurepip; print(sys.version_info >= (3, 11))"
    assert subprocess.run([named, "-c", judged], capture_output=True, text=True, check=True).stdout == "True\n"
