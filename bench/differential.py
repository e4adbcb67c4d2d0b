"""``make differential``: the native engine against the reference exchange, as many commands as asked, over all cores.

A run is cut into chunks, each a fresh pair of exchanges with a seed of its own (``--seed`` plus its number), so that a
difference is seen again with ``python -m stab3l.testing.differential --seed N``. Finished chunks are kept in
``bench/results/differential.jsonl``: a stopped run goes on with the same ``--seed`` and ``--chunk``, as long as neither
engine nor reference has changed since.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from bench.report import RESULTS, Result, keep
from stab3l import _engine
from stab3l.testing.differential import Divergence, run

KEPT = RESULTS / "differential.jsonl"


def fingerprint() -> str:
    """Of everything that is compared: the engine's library, the reference, the wire and the stream."""
    package = Path(_engine.__file__).parent
    files = [
        Path(_engine.__file__),
        *(file for part in ("audit", "engine", "testing") for file in package.glob(f"{part}/*.py")),
    ]
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(files))).hexdigest()[:16]


def chunk(commands: int, seed: int) -> dict[str, Any]:
    """One chunk's report, with the seconds that it took and the divergence if there was one."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        try:
            report = run(commands, seed, Path(folder))
        except Divergence as error:
            return {"seed": seed, "chunk": commands, "divergence": str(error)}
    seconds = round(time.monotonic() - began, 3)
    counted = {"commands": report.commands, "trades": report.trades, "outcomes": report.outcomes}
    return {"seed": seed, "chunk": commands, "code": fingerprint(), "seconds": seconds, **counted}


def finished(first_seed: int, count: int, commands: int) -> dict[int, dict[str, Any]]:
    """Chunks of this run that an earlier one finished, by seed."""
    if not KEPT.exists():
        return {}
    rows = [json.loads(line) for line in KEPT.read_text().splitlines()]
    wanted = range(first_seed, first_seed + count)
    same = [row for row in rows if (row["chunk"], row["code"]) == (commands, fingerprint())]
    return {row["seed"]: row for row in same if row["seed"] in wanted}


def main() -> int:
    """Runs what is missing; 1 at the first divergence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=100_000_000, help="commands in all")
    parser.add_argument("--chunk", type=int, default=200_000, help="commands of one fresh pair")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first chunk")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    count = -(-chosen.commands // chosen.chunk)
    done = finished(chosen.seed, count, chosen.chunk)
    missing = [seed for seed in range(chosen.seed, chosen.seed + count) if seed not in done]
    began = time.monotonic()
    columns = (*Progress.get_default_columns()[:1], BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar, ProcessPoolExecutor(chosen.jobs) as pool:
        task = bar.add_task("chunks", total=count, completed=len(done))
        for future in as_completed([pool.submit(chunk, chosen.chunk, seed) for seed in missing]):
            row = future.result()
            if "divergence" in row:
                sys.stderr.write(row["divergence"] + "\n")
                pool.shutdown(cancel_futures=True)
                return 1
            done[row["seed"]] = row
            with KEPT.open("a") as file:
                file.write(json.dumps(row) + "\n")
            bar.advance(task)
    sys.stdout.write(keep("differential", METHOD, results_of(list(done.values()), time.monotonic() - began, missing)))
    return 0


METHOD = (
    "random commands to the native engine (journal at page_cache) and to the Python reference, every event byte, query "
    "and sampled proof compared, with reopenings and snapshots; chunks of fresh exchanges, one process for each core"
)


def results_of(rows: list[dict[str, Any]], seconds: float, fresh: list[int]) -> list[Result]:
    """What the run covered; commands per second are those of this process's chunks, over its wall clock."""
    outcomes: Counter[str] = Counter()
    for row in rows:
        outcomes.update(row["outcomes"])
    commands = sum(row["commands"] for row in rows)
    now = sum(row["commands"] for row in rows if row["seed"] in set(fresh))
    found = [
        Result("differential.commands", commands, "commands", "compared byte for byte; a difference ends a run"),
        Result("differential.trades", sum(row["trades"] for row in rows), "trades"),
        Result("differential.outcome_codes", len(outcomes), "codes", "of docs/reference/engine.md, met at least once"),
    ]
    if now:
        found.append(Result("differential.commands_per_s", round(now / seconds), "commands/s", "all processes"))
    return found


if __name__ == "__main__":
    raise SystemExit(main())
