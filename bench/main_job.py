"""How long a person waits: set-up from nothing, start of the local network, the whole demo, each step's gas."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.report import Result, keep

ROOT = Path(__file__).parent.parent
DEMO_ROUNDS = 3


def seconds_of(command: list[str], cwd: Path) -> float:
    """Wall seconds of a command that must succeed; what it says goes to stderr, so that a failure can be read."""
    begun = time.monotonic()
    subprocess.run(command, cwd=cwd, check=True, stdout=sys.stderr, stderr=sys.stderr)
    return time.monotonic() - begun


def fresh_clone() -> list[Result]:
    """``make setup`` and ``make test`` as a newcomer runs them; package downloads included."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "stab3l"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        return [
            Result("main_job.setup", seconds_of(["make", "setup"], clone), "s", "fresh clone, downloads included"),
            Result("main_job.tests", seconds_of(["make", "test"], clone), "s", "fresh clone, after set-up"),
        ]


def demo() -> dict[str, object]:
    """One run of ``stab3l demo --json``."""
    done = subprocess.run([str(ROOT / ".venv/bin/stab3l"), "demo", "--json"], cwd=ROOT, check=True, capture_output=True)
    return dict(json.loads(done.stdout))


def main(with_clone: bool) -> None:
    """Runs the scenario and keeps its results."""
    runs = [demo() for _ in range(DEMO_ROUNDS)]
    results = [
        Result("main_job.demo", statistics.median(float(r["seconds"]) for r in runs), "s", f"median of {DEMO_ROUNDS}"),
        Result(
            "main_job.start",
            statistics.median(float(r["start_seconds"]) for r in runs),
            "s",
            "chains, contracts, processes",
        ),
    ]
    gas: dict[str, int] = {}
    for step in runs[-1]["steps"]:
        if step.get("gas"):
            gas[step["name"]] = max(gas.get(step["name"], 0), int(step["gas"]))
    results += [Result(f"main_job.gas.{name}", value, "gas", "largest of the run") for name, value in gas.items()]
    method = "wall clock of whole commands on this machine"
    kept = keep("main_job", method, results)  # now, so that a failing test does not lose it
    if with_clone:
        kept = keep("main_job", method, results + fresh_clone())
    sys.stdout.write(kept)


if __name__ == "__main__":
    main(with_clone="--with-clone" in sys.argv)
