"""Proving compute and checking it: speed, proofs, gas."""

from __future__ import annotations

import sys

from bench.report import keep_document
from stab3l.measure.verification import measure


def main() -> None:
    """Runs the scenario and keeps its results."""
    sys.stdout.write(keep_document("verification", measure(lambda text: sys.stderr.write(text + "\n") and None)))


if __name__ == "__main__":
    main()
