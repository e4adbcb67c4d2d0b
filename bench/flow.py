"""Backpressure payments: gas on the real Superfluid, speed of the simulator."""

from __future__ import annotations

import sys

from bench.report import keep_document
from stab3l.measure.backpressure import measure


def main() -> None:
    """Runs the scenario and keeps its results."""
    sys.stdout.write(keep_document("flow", measure(lambda text: sys.stderr.write(text + "\n") and None)))


if __name__ == "__main__":
    main()
