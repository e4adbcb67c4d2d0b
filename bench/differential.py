"""``make differential``: the native engine against the reference exchange, as many commands as asked, over all cores.

A run is cut into chunks, each a fresh pair of exchanges with a seed of its own (``--seed`` plus its number), so that a
difference is seen again with ``python -m stab3l.testing.differential --seed N``. Finished chunks are kept in
``bench/results/differential.jsonl``: a stopped run goes on with the same ``--seed`` and ``--chunk``, as long as neither
engine nor reference has changed since; however it ends, ``bench/results/differential.json`` says what has been run.
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
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

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
    """One chunk's report, with the processor's seconds that it took, or the divergence that ended it."""
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        try:
            report = run(commands, seed, Path(folder))
        except Divergence as error:
            return {"seed": seed, "chunk": commands, "divergence": str(error)}
    return {**asdict(report), "chunk": commands, "seconds": round(time.process_time() - began, 3)}


def finished(first_seed: int, count: int, commands: int, code: str) -> dict[int, dict[str, Any]]:
    """Chunks of this run that an earlier one finished, by seed."""
    if not KEPT.exists():
        return {}
    rows = [json.loads(line) for line in KEPT.read_text().splitlines()]
    wanted = range(first_seed, first_seed + count)
    same = [row for row in rows if (row["chunk"], row["code"]) == (commands, code)]
    return {row["seed"]: row for row in same if row["seed"] in wanted}


def main() -> int:
    """Runs what is missing; 1 at the first divergence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=100_000_000, help="commands in all")
    parser.add_argument("--chunk", type=int, default=50_000, help="commands of one fresh pair")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first chunk")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    count, code = -(-chosen.commands // chosen.chunk), fingerprint()
    done = finished(chosen.seed, count, chosen.chunk, code)
    missing = [seed for seed in range(chosen.seed, chosen.seed + count) if seed not in done]
    divergence = ""
    try:
        for row in progress(rows_of(missing, chosen.chunk, chosen.jobs), done, chosen.commands):
            if "divergence" in row:
                divergence = row["divergence"]
                break
            done[row["seed"]] = {**row, "code": code}
            with KEPT.open("a") as file:
                file.write(json.dumps(done[row["seed"]]) + "\n")
    except KeyboardInterrupt:
        sys.stderr.write("stopped; the same command goes on from here\n")
    finally:
        if done:
            sys.stdout.write(keep("differential", METHOD, results_of(list(done.values()), divergence)))
    sys.stderr.write(divergence + "\n" if divergence else "")
    return int(bool(divergence) or len(done) < count)


def rows_of(seeds: list[int], commands: int, jobs: int) -> Iterator[dict[str, Any]]:
    """The chunks' reports as they come; what has not begun when nobody asks on does not begin."""
    with ProcessPoolExecutor(jobs) as pool:
        try:
            for future in as_completed([pool.submit(chunk, commands, seed) for seed in seeds]):
                yield future.result()
        except BrokenProcessPool:
            sys.stderr.write("a process was killed; the same command goes on from here\n")
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def progress(
    rows: Iterator[dict[str, Any]], done: dict[int, dict[str, Any]], commands: int
) -> Iterator[dict[str, Any]]:
    """The rows, with a bar on stderr that tells rate and remaining time."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>5.2f} %"))
    began, fresh = time.monotonic(), 0
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), speed_estimate_period=600) as bar:
        task = bar.add_task("starting", total=commands, completed=sum(row["commands"] for row in done.values()))
        for row in rows:
            yield row
            fresh += row.get("commands", 0)
            rate = round(fresh / (time.monotonic() - began))
            bar.update(task, advance=row.get("commands", 0), description=f"{rate:,} commands/s")


METHOD = (
    "random commands to the native engine (journal at page_cache) and to the Python reference: every event's bytes of "
    "every command, the hash chains and the roots of every block, all queries and sampled proofs at random moments, "
    "with reopenings and snapshots; chunks of fresh exchanges, each with its own seed; a difference ends a run"
)


def results_of(rows: list[dict[str, Any]], divergence: str) -> list[Result]:
    """What the run covered."""
    outcomes, events, closed, plain = (Counter[str]() for _ in range(4))
    for row in rows:
        outcomes.update(row["outcomes"])
        events.update(row["events"])
        closed.update(row["closed"])
        plain.update({name: row[name] for name in ("commands", "blocks", "comparisons", "reopenings")})
    seeds, seconds = [row["seed"] for row in rows], sum(row["seconds"] for row in rows)
    told = f"{len(rows)} chunks of seeds {min(seeds)} to {max(seeds)}, code {rows[0]['code']}"
    pace = round(plain["commands"] / seconds)
    return [
        Result("differential.commands", plain["commands"], "commands", told),
        Result("differential.divergences", int(bool(divergence)), "divergences", divergence),
        Result("differential.commands_per_core_s", pace, "1/s", "of processor time, both sides and the stream"),
        *(Result(f"differential.{name}", plain[name], name) for name in ("blocks", "comparisons", "reopenings")),
        *(Result(f"differential.event.{name}", many, "events") for name, many in sorted(events.items())),
        *(Result(f"differential.closed.{name}", many, "orders") for name, many in sorted(closed.items())),
        *(Result(f"differential.outcome.{name}", many, "commands") for name, many in sorted(outcomes.items())),
    ]


if __name__ == "__main__":
    raise SystemExit(main())
