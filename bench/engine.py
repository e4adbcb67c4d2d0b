"""The engine, layer by layer (``stab3l bench engine``), kept as ``bench/results/engine.json``."""

from __future__ import annotations

import sys

from bench.report import keep_document
from stab3l.measure.engine import QUICK, Scale, measure


def say(text: str) -> None:
    """Progress, on stderr."""
    sys.stderr.write(f"{text}\n")


def main(scale: Scale) -> None:
    """Measures and keeps."""
    sys.stdout.write(keep_document("engine", measure(scale, None, say)))


if __name__ == "__main__":
    main(QUICK if "--quick" in sys.argv else Scale())
