"""The life of a keeper: failures back off and stay their own."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from stab3l.errors import Corrupt, Unavailable
from stab3l.keepers.oracle import Policy, Report, is_due
from stab3l.keepers.rounds import BACKOFF_S_MAX, HALTED, backoff_s, every, keep
from stab3l.units import WAD, Wad


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_each_failure_doubles_the_wait_up_to_a_limit() -> None:
    assert [backoff_s(1, failures) for failures in (0, 1, 2, 10, 1000)] == [1, 2, 4, BACKOFF_S_MAX, BACKOFF_S_MAX]
    assert backoff_s(60, 5) == 60


@pytest.mark.anyio
async def test_a_failing_round_does_not_stop_the_others_and_sigterm_ends_all() -> None:
    done = asyncio.Event()
    failed = 0

    async def failing() -> None:
        nonlocal failed
        failed += 1
        raise Corrupt("two facts disagree") if failed == 1 else Unavailable("the peer is away")

    async def working() -> None:
        done.set()

    keeping = asyncio.create_task(keep({"failing": failing, "working": working}, 1))
    await asyncio.wait_for(done.wait(), 5)
    assert HALTED.labels("failing")._value.get() == 1
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(keeping, 5)
    assert failed == 1


@pytest.mark.anyio
async def test_a_defect_ends_the_keeper_loudly() -> None:
    async def defective() -> None:
        raise KeyError("defect")

    with pytest.raises(ExceptionGroup):
        await asyncio.wait_for(keep({"defective": defective}, 1), 5)


POLICY = Policy(heartbeat_s=60, deviation_bps=10)
NOW = 1_000_000


@pytest.mark.parametrize(
    ("report", "due"),
    [
        (Report(Wad(0), 0), True),
        (Report(Wad(WAD), NOW - 59), False),
        (Report(Wad(WAD), NOW - 60), True),
        (Report(Wad(WAD * 999 // 1000), NOW), True),
        (Report(Wad(WAD * 9_991 // 10_000), NOW), False),
    ],
)
def test_a_report_is_due_at_the_heartbeat_or_when_the_price_moved(report: Report, due: bool) -> None:
    assert is_due(report, Wad(WAD), NOW, 3_600, POLICY) is due


def test_a_feed_that_goes_stale_soon_is_reported_to_sooner() -> None:
    assert is_due(Report(Wad(WAD), NOW - 10), Wad(WAD), NOW, 20, POLICY)
    assert not is_due(Report(Wad(WAD), NOW - 9), Wad(WAD), NOW, 20, POLICY)


@pytest.mark.anyio
async def test_a_seldom_round_runs_first_and_then_each_third_time() -> None:
    runs = 0

    async def run() -> None:
        nonlocal runs
        runs += 1

    seldom, seen = every(3, run), []
    for _ in range(7):
        await seldom()
        seen.append(runs)
    assert seen == [1, 1, 1, 2, 2, 2, 3]
