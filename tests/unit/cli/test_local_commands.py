"""`stab3l up` and `stab3l demo` as processes: one JSON object, one line of complaint, nothing left behind."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from stab3l.devnet.ports import fixed_ports, require_free
from stab3l.errors import Unavailable

SOURCE = Path(__file__).parents[3] / "src"
INTERRUPTED, TEMPORARY = 130, 75
TIMEOUT_S = 60
SPREAD = 16
CHAINS = 3
ENDED_WITHIN_S = 5


@contextmanager
def stab3l(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A command that runs, and is stopped at the latest when the test is over."""
    command = [sys.executable, "-m", "stab3l", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, env={**os.environ, **environment}, text=True, **pipes)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=TIMEOUT_S)


def finished(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    with stab3l(*arguments, **environment) as process:
        out, err = process.communicate(timeout=TIMEOUT_S)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


@pytest.fixture
def base() -> int:
    """First of a row of ports that nobody uses."""
    for candidate in range(20_000 + os.getpid() % 500 * SPREAD, 60_000, SPREAD):
        try:
            require_free(fixed_ports(candidate, candidate + SPREAD - 1))
        except Unavailable:
            continue
        return candidate
    raise AssertionError("no ports are free")


@contextmanager
def in_use(home: Path) -> Iterator[None]:
    """The home as another network's process holds it."""
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711")
        lock.flush()
        yield


def test_a_demo_that_cannot_start_prints_one_json_object_and_nothing_else(tmp_path: Path) -> None:
    with in_use(tmp_path):
        demo = finished("demo", "--json", "--home", str(tmp_path))
    found = json.loads(demo.stdout)
    assert demo.returncode == 1
    assert found["ok"] is False
    assert found["error"] == {
        "code": "unavailable",
        "message": f"{tmp_path} is in use by process 4711: stop that first",
    }
    assert "Traceback" not in demo.stderr


def test_a_demo_without_the_toolchain_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "stab3l").symlink_to(SOURCE / "stab3l")
    elsewhere = {"PYTHONPATH": str(tmp_path / "src"), "PATH": "/usr/bin:/bin"}
    demo = finished("demo", "--json", "--home", str(tmp_path / "home"), **elsewhere)
    found = json.loads(demo.stdout)
    assert demo.returncode == 1
    assert (found["ok"], found["error"]) == (
        False,
        {"code": "not_found", "message": "anvil is missing: run make setup"},
    )


def test_a_taken_port_is_one_clear_line(tmp_path: Path, base: int) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", base + 5))
        taken.listen()
        up = finished("up", "--home", str(tmp_path), "--base-port", str(base), "--api-port", str(base + 15))
    assert up.returncode == TEMPORARY
    assert up.stdout == ""
    assert re.fullmatch(
        rf"stab3l: port {base + 5} \(exchange\) is taken by process {os.getpid()} \(.+\): stop that, or choose others "
        r"\(--base-port, --api-port\)\n",
        up.stderr,
    )
    assert not (tmp_path / "processes.json").exists()


def test_a_home_that_is_in_use_is_one_clear_line(tmp_path: Path, base: int) -> None:
    with in_use(tmp_path):
        up = finished("up", "--home", str(tmp_path), "--base-port", str(base), "--api-port", str(base + 15))
    assert up.returncode == TEMPORARY
    assert up.stderr == f"stab3l: {tmp_path} is in use by process 4711: stop that first\n"


def name_of(process: psutil.Process) -> str:
    """Empty for a process that has ended."""
    try:
        return process.name() if process.is_running() and process.status() != psutil.STATUS_ZOMBIE else ""
    except psutil.NoSuchProcess:
        return ""


def assert_ended(family: list[psutil.Process]) -> None:
    deadline = time.monotonic() + ENDED_WITHIN_S
    while any(name_of(process) for process in family):
        assert time.monotonic() < deadline, [name_of(process) for process in family]
        time.sleep(0.05)


def family_while_starting(process: subprocess.Popen[str], home: Path) -> list[psutil.Process]:
    """Every process that it has started, once the chains run and the contracts are on their way."""
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "it ended before it was interrupted"
        family = psutil.Process(process.pid).children(recursive=True)
        names = [name_of(each) for each in family]
        if (home / "keys").exists() and "forge" in names and names.count("anvil") == CHAINS:
            return family
        time.sleep(0.02)
    raise AssertionError("the deployment did not begin")


@pytest.mark.chain
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_demo_stopped_while_it_starts_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    home = tmp_path / "home"
    with stab3l("demo", "--json", "--home", str(home)) as demo:
        family = family_while_starting(demo, home)
        demo.send_signal(number)
        demo.send_signal(number)
        out, err = demo.communicate(timeout=TIMEOUT_S)
    assert demo.returncode == INTERRUPTED
    assert out == ""
    assert "Traceback" not in err
    assert err.splitlines()[-1] == "stopping everything"
    assert_ended(family)
    assert not (home / "processes.json").exists()


@pytest.mark.chain
def test_a_network_stopped_while_it_starts_has_saved_its_chains(tmp_path: Path, base: int) -> None:
    with stab3l("up", "--home", str(tmp_path), "--base-port", str(base), "--api-port", str(base + 15)) as up:
        family = family_while_starting(up, tmp_path)
        up.send_signal(signal.SIGINT)
        _, err = up.communicate(timeout=TIMEOUT_S)
    assert up.returncode == 0
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("stopped; the next start resumes")
    assert_ended(family)
    assert sorted(path.name for path in (tmp_path / "chains").iterdir()) == ["138.json", "412346.json", "651940.json"]
    require_free(fixed_ports(base, base + 15))


EARLY = """
import signal, sys
from importlib.abc import MetaPathFinder

interrupted, home = sys.argv[1:]

class Interrupts(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == interrupted:
            signal.raise_signal(signal.SIGINT)
        return None

sys.meta_path.insert(0, Interrupts())
from stab3l.cli import main
sys.argv = ["stab3l", "up", "--home", home]
main()
"""


@pytest.mark.parametrize("module", ["cyclopts", "stab3l.cli.telling", "stab3l.devnet.live"])
def test_ctrl_c_prints_no_traceback_however_early(tmp_path: Path, module: str) -> None:
    command = [sys.executable, "-c", EARLY, module, str(tmp_path)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert (ended.returncode, ended.stdout, ended.stderr) == (INTERRUPTED, "", "")
