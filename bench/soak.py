"""Long runs of Foundry's invariants: by the profile ``soak``, each with a seed of its own, which the result names."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

from bench.report import Result

ROOT = Path(__file__).parent.parent
CONTRACTS = ROOT / "contracts"
CAMPAIGN = re.compile(r"\[PASS\] (\w+)\(\) \(runs: (\d+), calls: (\d+), reverts: (\d+)\)")
ACTION = re.compile(r"^\|\s*\w+Handler\s*\|\s*(\w+)\s*\|\s*(\d+)\s*\|", re.MULTILINE)


def campaign(file: str, prefix: str, limit_s: int) -> list[Result]:
    """Runs the invariants of one file under ``contracts/test/invariant``; ends the program where one does not hold."""
    seed = secrets.token_hex(8)
    environment = {**os.environ, "FOUNDRY_PROFILE": "soak", "FOUNDRY_FUZZ_SEED": f"0x{seed}"}
    forge = str(CONTRACTS / "node_modules" / ".bin" / "forge")
    command = [forge, "test", "--match-path", f"test/invariant/{file}", "--match-test", "invariant_"]
    done = subprocess.run(
        command, cwd=CONTRACTS, env=environment, capture_output=True, text=True, check=False, timeout=limit_s
    )
    if done.returncode != 0:
        sys.exit(f"seed {seed}\n{done.stdout[-5_000:]}")
    results = [
        Result(f"{prefix}.{name}.calls", int(calls), "calls", f"{runs} runs, {reverts} reverts, seed {seed}, all held")
        for name, runs, calls, reverts in CAMPAIGN.findall(done.stdout)
    ]
    actions = [Result(f"{prefix}.{name}", int(calls), "calls", "in it") for name, calls in ACTION.findall(done.stdout)]
    return [*results, *actions]
