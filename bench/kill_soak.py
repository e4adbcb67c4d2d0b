"""``make soak-kill``: 200 kills of a gateway under load, judged as tests/support/kill_soak.py says."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from dataclasses import astuple
from pathlib import Path
from random import Random

from rich.console import Console
from rich.progress import Progress

from bench.report import Result, keep

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

from kill_soak import CLIENTS, Durability, Soak, soak

DURABILITIES: tuple[Durability, ...] = ("page_cache", "fdatasync")


def main() -> None:
    """Runs it and keeps ``bench/results/kill_soak.json``; fails when anything acknowledged was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with Progress(console=Console(stderr=True)) as progress, tempfile.TemporaryDirectory() as folder:
        found = [
            _soaked(Path(folder) / durability, (given.kills + at) // 2, given.seed, durability, progress)
            for at, durability in enumerate(DURABILITIES)
        ]
    method = (
        "kill -9 of `exchange serve` (half of the kills at page_cache, half at fdatasync; a snapshot every 3,000 "
        f"commands) at random moments, seed {given.seed}, under {CLIENTS} clients that repeat batches until they are "
        "answered; then every answer is looked up in the output stream, every order counted there once, and the "
        "journal replayed by the auditor's implementation; the run fails, and keeps no result, when anything is lost, "
        "doubled or different"
    )
    sys.stdout.write(keep("kill_soak", method, results_of(Soak(*map(sum, zip(*map(astuple, found), strict=True))))))


def _soaked(home: Path, kills: int, seed: int, durability: Durability, progress: Progress) -> Soak:
    task = progress.add_task(f"kill -9 at {durability}", total=kills)
    return asyncio.run(soak(home, kills, Random(seed), durability, lambda done: progress.update(task, completed=done)))


def results_of(found: Soak) -> list[Result]:
    """The figures of one soak; it ends with an error instead when something was lost or doubled."""
    return [
        Result("kill_soak.kills", found.kills, "kills"),
        Result("kill_soak.kills_while_starting", found.killed_while_starting, "kills", "the moment fell into a start"),
        Result("kill_soak.acknowledged", found.acknowledged, "batches", "each stands as answered in the output stream"),
        Result("kill_soak.retries", found.retries, "batches", "repeated by a client because no answer came"),
        Result("kill_soak.commands", found.commands, "commands", "replayed without a divergence"),
    ]


if __name__ == "__main__":
    main()
