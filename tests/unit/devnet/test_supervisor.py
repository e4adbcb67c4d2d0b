"""Processes that die, that will not stop, and that an earlier supervisor left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from stab3l.devnet import supervisor as supervising
from stab3l.devnet.supervisor import Service, Supervisor, end_leftovers
from stab3l.errors import Unavailable

PATIENCE_S = 10
SLEEPS = ("sleep", "60")


async def ready() -> bool:
    return True


def service(name: str, *command: str, **acts: Callable[[], Awaitable[None]]) -> Service:
    """A service that counts as ready at once; by default one that only sleeps."""
    return Service(name=name, command=lambda: command or SLEEPS, ready=ready, **acts)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def seen(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "not seen in time"
        await asyncio.sleep(0.02)


@pytest.fixture
async def supervisor(tmp_path: Path) -> AsyncIterator[Supervisor]:
    running = Supervisor(tmp_path)
    yield running
    await running.stop()


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """Someone else's process."""
    with subprocess.Popen(SLEEPS) as process:
        yield process
        process.kill()


@pytest.mark.anyio
async def test_a_service_that_dies_is_started_again_with_a_growing_pause(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "PAUSE_FIRST_S", 0.05)
    monkeypatch.setattr(supervising, "PAUSE_MAX_S", 0.3)
    starts: list[float] = []

    def command() -> list[str]:
        starts.append(time.monotonic())
        return ["true"]

    await supervisor.start(Service("brief", command, ready))
    await seen(lambda: len(starts) == 5)
    pauses = [later - earlier for earlier, later in pairwise(starts)]
    assert all(pause >= least for pause, least in zip(pauses, (0.1, 0.2, 0.3, 0.3), strict=True)), pauses
    assert supervisor.status()[0][2] >= 3


@pytest.mark.anyio
async def test_a_service_that_was_killed_comes_back_as_another_process(supervisor: Supervisor) -> None:
    comings: list[int] = []

    async def started() -> None:
        comings.append(supervisor.pid("one"))

    await supervisor.start(service("one", started=started))
    os.kill(supervisor.pid("one"), signal.SIGKILL)
    await seen(lambda: len(comings) == 2)
    assert comings[0] != comings[1]
    assert alive(comings[1])
    assert supervisor.status() == [("one", comings[1], 1)]


@pytest.mark.anyio
async def test_a_service_that_came_up_by_half_is_ended_and_started_once_more(supervisor: Supervisor) -> None:
    comings: list[int] = []

    async def started() -> None:
        comings.append(supervisor.pid("one"))
        if len(comings) == 2:
            raise Unavailable("its first request was not answered")

    await supervisor.start(service("one", started=started))
    os.kill(supervisor.pid("one"), signal.SIGKILL)
    await seen(lambda: len(comings) == 3)
    assert [alive(pid) for pid in comings] == [False, False, True]


@pytest.mark.anyio
async def test_a_service_that_cannot_start_again_is_tried_until_it_can(supervisor: Supervisor, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.symlink_to("/bin/sleep")
    await supervisor.start(service("one", str(program), "60"))
    program.unlink()
    os.kill(supervisor.pid("one"), signal.SIGKILL)
    await seen(lambda: not alive(supervisor.pid("one")))
    await asyncio.sleep(0.6)
    program.symlink_to("/bin/sleep")
    await seen(lambda: alive(supervisor.pid("one")))


@pytest.mark.anyio
async def test_a_service_that_ends_at_start_is_named_with_its_log(supervisor: Supervisor, tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    with pytest.raises(Unavailable, match=r"one ended at start: see .*one\.log"):
        await supervisor.start(Service("one", lambda: ["sh", "-c", "echo why it failed; exit 3"], never))
    assert (tmp_path / "logs" / "one.log").read_text() == "why it failed\n"


@pytest.mark.anyio
async def test_stop_ends_all_in_reverse_order(supervisor: Supervisor, tmp_path: Path) -> None:
    last_words = tmp_path / "last_words"
    for name in ("first", "second", "third"):
        trap = f"trap 'echo {name} >> {last_words}; exit 0' TERM; echo up > {tmp_path / name}"
        await supervisor.start(service(name, "sh", "-c", f"{trap}; while :; do sleep 0.05; done"))
        await seen((tmp_path / name).exists)
    pids = [pid for _, pid, _ in supervisor.status()]
    await supervisor.stop()
    assert last_words.read_text().split() == ["third", "second", "first"]
    assert not any(map(alive, pids))
    assert not (tmp_path / "processes.json").exists()


@pytest.mark.anyio
@pytest.mark.parametrize("failure", [Unavailable("no answer"), KeyError("result"), OSError("disk full")])
async def test_a_failing_last_act_leaves_nobody_running(supervisor: Supervisor, failure: Exception) -> None:
    async def fail() -> None:
        raise failure

    await supervisor.start(service("first"))
    await supervisor.start(service("second", stopping=fail))
    await supervisor.start(service("third"))
    pids = [pid for _, pid, _ in supervisor.status()]
    await supervisor.stop()
    assert not any(map(alive, pids))


@pytest.mark.anyio
async def test_a_service_that_ignores_the_request_to_end_is_killed(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "STOP_TIMEOUT_S", 0.2)
    await supervisor.start(service("deaf", "sh", "-c", f"trap '' TERM; echo up > {tmp_path / 'deaf'}; sleep 60"))
    await seen((tmp_path / "deaf").exists)
    pid = supervisor.pid("deaf")
    await supervisor.stop()
    assert not alive(pid)


@pytest.mark.anyio
async def test_a_held_service_stays_down_until_it_is_released(supervisor: Supervisor) -> None:
    await supervisor.start(service("one"))
    before = supervisor.pid("one")
    await supervisor.hold("one")
    await asyncio.sleep(3 * supervising.PAUSE_FIRST_S)
    assert supervisor.pid("one") == before
    assert not alive(before)
    await supervisor.release("one")
    after = supervisor.pid("one")
    assert alive(after)
    os.kill(after, signal.SIGKILL)
    await seen(lambda: supervisor.pid("one") != after)


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from stab3l.devnet.supervisor import Service, Supervisor

async def ready():
    return True

async def main():
    supervisor = Supervisor(Path(sys.argv[1]))
    for name in ("first", "second"):
        await supervisor.start(Service(name, lambda: ["sleep", "60"], ready))
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.mark.anyio
async def test_what_a_killed_supervisor_left_behind_is_ended(tmp_path: Path) -> None:
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, str(tmp_path))
    assert await killed.wait() == -signal.SIGKILL
    left = {name: entry["pid"] for name, entry in json.loads((tmp_path / "processes.json").read_text()).items()}
    assert all(map(alive, left.values()))
    assert end_leftovers(tmp_path) == ["first", "second"]
    assert not any(map(alive, left.values()))
    assert end_leftovers(tmp_path) == []


@pytest.mark.anyio
async def test_a_process_that_got_the_id_of_an_old_one_is_left_alone(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    earlier = str(psutil.Process(sleeper.pid).create_time() - 3_600)
    record = {"reused": {"pid": sleeper.pid, "created": earlier}, "unknown": {"pid": sleeper.pid, "created": None}}
    (tmp_path / "processes.json").write_text(json.dumps(record))
    assert end_leftovers(tmp_path) == []
    assert sleeper.poll() is None


def test_leftovers_that_are_gone_already_are_no_trouble(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as process:
        record = {"gone": {"pid": process.pid, "created": str(psutil.Process(process.pid).create_time())}}
    (tmp_path / "processes.json").write_text(json.dumps(record))
    assert end_leftovers(tmp_path) == []
    assert not (tmp_path / "processes.json").exists()
