"""Keeps results under ``bench/results`` in the shape of `stab3l.measure.report` (DESIGN section 13)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stab3l.measure.report import Result, document, machine

__all__ = ["Result", "keep", "keep_document", "machine"]

RESULTS = Path(__file__).parent / "results"


def keep(scenario: str, method: str, results: list[Result]) -> str:
    """Writes ``bench/results/<scenario>.json`` and returns what was written."""
    return keep_document(scenario, document(method, results))


def keep_document(scenario: str, found: dict[str, Any]) -> str:
    """As `keep`, of a whole run."""
    text = json.dumps(found, indent=1) + "\n"
    RESULTS.mkdir(exist_ok=True)
    unfinished = RESULTS / f".{scenario}.json"
    unfinished.write_text(text)
    unfinished.rename(RESULTS / f"{scenario}.json")  # whoever stops this program finds the old results or the new ones
    return text
