"""The peg's measurements (``stab3l bench peg``), kept as ``bench/results/peg.json``."""

from __future__ import annotations

import sys

from bench.report import keep_document
from stab3l.measure.peg import measure_peg


def say(text: str) -> None:
    """Progress, on stderr."""
    sys.stderr.write(f"{text}\n")


def main(quick: bool) -> None:
    """Measures and keeps."""
    sys.stdout.write(keep_document("peg", measure_peg(quick, say)))


if __name__ == "__main__":
    main("--quick" in sys.argv)
