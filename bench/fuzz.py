"""``make fuzz``: libFuzzer on the engine's decoders and command sequences (engine/fuzz), on stable Rust.

The compiler's own coverage passes are used, so neither a nightly toolchain nor cargo-fuzz is needed. The corpus begins
with what the random command stream of the differential tests sends, and is kept under engine/fuzz/target/corpus.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

from bench.report import Result, keep
from stab3l._engine import Engine
from stab3l.audit.reference_exchange import ReferenceExchange
from stab3l.testing.command_stream import CommandStream

FUZZ = Path(__file__).parent.parent / "engine" / "fuzz"
TARGETS = ("batches", "frames")
COVERAGE = (
    "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 "
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table "
    "-Cllvm-args=-sanitizer-coverage-trace-compares"
)
SEEDS = 40
SEED_BATCHES = 12
INPUT_BYTES_MAX = 16_384


def main() -> None:
    """Builds, fuzzes each target for the given seconds, and keeps ``bench/results/fuzz.json``; fails at a crash."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=120, help="for each target")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    environment = {**os.environ, "RUSTFLAGS": COVERAGE}
    # With its target named, cargo leaves build scripts, which no fuzzer runs, without coverage.
    build = ["cargo", "build", "--quiet", "--release", "--target", host()]
    subprocess.run(build, cwd=FUZZ, env=environment, check=True)
    results = [result for target in TARGETS for result in run(target, given.seconds, given.seed)]
    method = (
        "libFuzzer (libfuzzer-sys) over stable rustc's sancov passes, overflow checks and debug assertions on, one "
        f"process, seed {given.seed}, {given.seconds} s a target; a panic, a lost outcome, a broken conservation, a "
        "restored state that answers otherwise, or 10 s on one input ends it as a failure"
    )
    sys.stdout.write(keep("fuzz", method, results))


def run(target: str, seconds: int, seed: int) -> list[Result]:
    """Fuzzes one target. Raises `CalledProcessError` when it found something; the input lies in engine/fuzz/target."""
    corpus = FUZZ / "target" / "corpus" / target
    corpus.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(seeds(target)):
        (corpus / f"seed-{number}").write_bytes(content)
    command = [
        str(FUZZ / "target" / host() / "release" / target),
        str(corpus),
        f"-max_total_time={seconds}",
        f"-seed={seed}",
    ]
    options = [f"-max_len={INPUT_BYTES_MAX}", "-timeout=10", "-print_final_stats=1", "-rss_limit_mb=2048"]
    artifacts = f"-artifact_prefix={FUZZ / 'target'}/{target}-"
    done = subprocess.run([*command, *options, artifacts], check=False, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.stderr.write(done.stderr[-4_000:])
        done.check_returncode()
    executed = int(re.findall(r"stat::number_of_executed_units: (\d+)", done.stderr)[-1])
    edges, features = map(int, re.findall(r"cov: (\d+) ft: (\d+)", done.stderr)[-1])
    return [
        Result(f"fuzz.{target}.executed", executed, "inputs"),
        Result(f"fuzz.{target}.edges", edges, "edges", "of the engine's code, covered"),
        Result(f"fuzz.{target}.features", features, "features", "edges with their counts and compared values"),
    ]


def host() -> str:
    """This machine's target triple."""
    told = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    return re.findall(r"^host: (\S+)$", told, re.MULTILINE)[0]


def seeds(target: str) -> list[bytes]:
    """Inputs to begin with: batches of the random command stream, or the frames that they make."""
    if target == "batches":
        return [_batches(Random(number)) for number in range(SEEDS)]
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine.open(folder, durability="page_cache")
        for batch, now in _sent(Random(1)):
            engine.apply(batch, now)
        engine.close()
        return [path.read_bytes()[:INPUT_BYTES_MAX] for path in Path(folder).rglob("*.seg")]


def _batches(random: Random) -> bytes:
    sent = [batch for batch, _ in _sent(random)]
    return b"\0" + b"".join(b"\1" + len(batch).to_bytes(2, "little") + batch for batch in sent)


def _sent(random: Random) -> Iterator[tuple[bytes, int]]:
    reference = ReferenceExchange()
    stream = CommandStream(random, reference, records_max=6)
    for _ in range(SEED_BATCHES):
        batch = stream.batch()
        yield batch, stream.now
        reference.apply(batch, stream.now)


if __name__ == "__main__":
    main()
