"""``make peg-differential``: the rules of the peg in Python against its contracts on a local chain, ten thousand times.

Runs ``tests/differential`` and keeps how many operations gave the same integers, by kind, as
``bench/results/peg_differential.json``. Fails when one differs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.report import Result, keep

ROOT = Path(__file__).parent.parent
METHOD = (
    "random operations on both sides, compared bit for bit: pools (price, state, history), the whole stabiliser, a "
    "simulated run replayed, and each library's functions; several operations share a block"
)


def main(operations: int) -> None:
    """Runs and keeps."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "compared.json"
        environment = {
            **os.environ,
            "STAB3L_DIFFERENTIAL_OPERATIONS": str(operations),
            "STAB3L_DIFFERENTIAL_RESULT": str(told),
        }
        begun = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-n0", "--timeout", "3400", "tests/differential"]
        done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
        seconds = time.monotonic() - begun
        if done.returncode != 0:
            sys.exit(done.returncode)
        compared: dict[str, dict[str, int]] = json.loads(told.read_text())
    results = [
        Result(f"peg.differential.{test}.{kind.replace(': ', '_').replace(' ', '_').lower()}", count, "operations")
        for test, kinds in sorted(compared.items())
        for kind, count in sorted(kinds.items())
    ]
    for test, kinds in sorted(compared.items()):
        results.append(Result(f"peg.differential.{test}", sum(kinds.values()), "operations", "all alike"))
    results.append(Result("peg.differential.seconds", round(seconds), "s", "on a shared machine"))
    sys.stdout.write(keep("peg_differential", METHOD, results))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
