"""The whole main job by its one command, while every process of it is killed once with SIGKILL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

INVARIANTS = {"I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8"}
STEPS = {
    "provider.register", "provider.commit_root", "provider.attest", "provider.mint", "rewards.claim", "stake.unlock",
    "deposits.credited", "trade", "batch.settled", "withdrawal.paid", "redemption.delivered", "redemption.confirm",
    "redemption.expire", "contract.trade", "contract.margin",
}  # fmt: skip
FIRST_KILL_AFTER_S = 8
PAUSE_S = 5
TIMEOUT_S = 540


def services(home: Path) -> dict[str, int]:
    """Process ids by name, as the supervisor records them."""
    try:
        record = json.loads((home / "processes.json").read_text())
    except FileNotFoundError:
        return {}
    return {name: entry["pid"] for name, entry in record.items()}


def wait_for_all(demo: subprocess.Popen[bytes], home: Path) -> list[str]:
    while "provider" not in services(home):
        assert demo.poll() is None, "the demo ended before everything ran"
        time.sleep(0.5)
    return list(services(home))


@pytest.mark.chain
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_demo_holds_every_invariant_though_each_process_is_killed(tmp_path: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "out.json"
    with out.open("wb") as stdout:
        command = [sys.executable, "-m", "stab3l", "demo", "--json", "--home", str(home)]
        demo = subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE)
    killed = []
    try:
        names = wait_for_all(demo, home)
        time.sleep(FIRST_KILL_AFTER_S)
        for name in names:
            if demo.poll() is not None:
                break
            os.kill(services(home)[name], signal.SIGKILL)
            killed.append(name)
            time.sleep(PAUSE_S)
        _, talk = demo.communicate(timeout=TIMEOUT_S)
    finally:
        if demo.poll() is None:
            demo.terminate()
            demo.communicate(timeout=60)
    found = json.loads(out.read_text())
    assert found["ok"], (found.get("error"), [v for v in found["invariants"] if not v["ok"]], talk.decode()[-3000:])
    assert demo.returncode == 0
    assert killed == names
    assert {verdict["id"] for verdict in found["invariants"]} == INVARIANTS
    assert {step["name"] for step in found["steps"]} >= STEPS
    assert all(step["gas"] < 200_000 for step in found["steps"] if step.get("gas"))
