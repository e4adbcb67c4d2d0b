"""How soon the console can be used (part of ``stab3l bench api``), kept as ``bench/results/console.json``."""

from __future__ import annotations

import sys

from bench.report import keep_document
from stab3l.measure.api_console import measure_console

LOADS = 15


def say(text: str) -> None:
    """Progress, on stderr."""
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.stdout.write(keep_document("console", measure_console(LOADS, say)))
