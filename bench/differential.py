"""``make differential``: the native engine against the reference exchange, as many commands as asked, over all cores.

A run is cut into chunks, each a fresh pair of exchanges with a seed of its own (``--seed`` plus its number), so that a
difference is seen again with ``python -m stab3l.testing.differential --seed N``. What finished chunks have covered is
kept in ``bench/results/differential.json``: a stopped run goes on from there, in any clone that has the file, as long
as `bench.differential_code.fingerprint` is the same. Another code begins anew. The reference runs compiled
(`bench.compiled_reference`).
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bench.compiled_reference import run_compiled
from bench.differential_code import fingerprint
from bench.differential_coverage import Coverage
from stab3l.testing.differential import Divergence, run


def chunk(commands: int, seed: int) -> dict[str, Any]:
    """One chunk's report, with the processor's seconds that it took, or the divergence that ended it."""
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        try:
            report = run(commands, seed, Path(folder))
        except Divergence as error:
            return {"seed": seed, "divergence": str(error)}
    return {**asdict(report), "seconds": round(time.process_time() - began, 3)}


def main() -> int:
    """Runs what is missing; 1 at the first divergence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=100_000_000, help="commands in all")
    parser.add_argument("--chunk", type=int, default=50_000, help="commands of one fresh pair")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first chunk")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    code = fingerprint()
    run_compiled(code)
    coverage = Coverage.kept(code, chosen.chunk)
    wanted = range(chosen.seed, chosen.seed + -(-chosen.commands // chosen.chunk))
    missing = [seed for seed in wanted if seed not in coverage.seeds]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    divergence = ""
    try:
        with closing(rows_of(missing, chosen.chunk, chosen.jobs)) as rows:
            for row in progress(rows, coverage, chosen.commands):
                if divergence := row.get("divergence", ""):
                    break
                coverage.add(row)
                coverage.keep("")
    except KeyboardInterrupt:
        sys.stderr.write("stopped; the same command goes on from here\n")
    finally:
        sys.stdout.write(coverage.keep(divergence))
    sys.stderr.write(divergence + "\n" if divergence else "")
    return int(bool(divergence) or not coverage.seeds.issuperset(wanted))


def rows_of(seeds: list[int], commands: int, jobs: int) -> Generator[dict[str, Any], None, None]:
    """The chunks' reports as they come; what has not begun when nobody asks on does not begin."""
    pool = ProcessPoolExecutor(jobs)
    try:
        for future in as_completed([pool.submit(chunk, commands, seed) for seed in seeds]):
            yield future.result()
    except BrokenProcessPool:
        sys.stderr.write("a process was killed; the same command goes on from here\n")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def progress(rows: Iterator[dict[str, Any]], coverage: Coverage, commands: int) -> Iterator[dict[str, Any]]:
    """The rows, with a bar on stderr that tells rate and remaining time."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>5.2f} %"))
    began, fresh = time.monotonic(), 0
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), speed_estimate_period=600) as bar:
        task = bar.add_task("starting", total=commands, completed=coverage.commands)
        for row in rows:
            yield row
            fresh += row.get("commands", 0)
            rate = round(fresh / (time.monotonic() - began))
            bar.update(task, advance=row.get("commands", 0), description=f"{rate:,} commands/s")


if __name__ == "__main__":
    raise SystemExit(main())
