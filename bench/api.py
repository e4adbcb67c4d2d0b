"""The API (``stab3l bench api``), kept as ``bench/results/api.json``."""

from __future__ import annotations

import sys

from bench.report import keep_document
from stab3l.measure.api import QUICK, Scale, measure


def say(text: str) -> None:
    """Progress, on stderr."""
    sys.stderr.write(f"{text}\n")


def main(scale: Scale) -> None:
    """Measures and keeps."""
    sys.stdout.write(keep_document("api", measure(scale, say)))


if __name__ == "__main__":
    main(QUICK if "--quick" in sys.argv else Scale())
