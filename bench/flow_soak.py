"""``make flow-soak``: backpressure payments over days of chain time, and long runs of their Foundry invariants.

Runs both, bounded, and keeps what was run as ``bench/results/flow_soak.json``. Fails when either does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from bench.report import Result, keep
from bench.soak import ROOT, campaign

LIMIT_S = 7_200
METHOD = (
    "end to end on a local chain with the real Superfluid: each step an epoch or more of random signals, streams, "
    "departures, drains, every balance held to the last wei; then Foundry's invariant campaign with the same framework"
)


def end_to_end(steps: int) -> list[Result]:
    """The end-to-end test with so many steps."""
    begun = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-n0", "--timeout", str(LIMIT_S), "tests/end_to_end/test_flow.py"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "STAB3L_FLOW_STEPS": str(steps)}, check=True)
    seconds = round(time.monotonic() - begun)
    return [
        Result("flow.soak.steps", steps, "steps", "no sink above its capacity, every wei accounted for"),
        Result("flow.soak.seconds", seconds, "s", "on a shared machine"),
    ]


def main(steps: int) -> None:
    """Runs and keeps."""
    sys.stdout.write(keep("flow_soak", METHOD, [*end_to_end(steps), *campaign("Flow.t.sol", "flow.soak", LIMIT_S)]))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
