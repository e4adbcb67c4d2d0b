"""The one shape of every result: machine, method, named values with units and conditions (DESIGN section 13)."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Result:
    """One figure. ``name`` is dotted and stable."""

    name: str
    value: int | float
    unit: str
    conditions: str = ""


def machine() -> dict[str, str | int]:
    """What the figures were measured on."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def keep(scenario: str, method: str, results: list[Result]) -> str:
    """Writes ``bench/results/<scenario>.json`` and returns what was written."""
    text = (
        json.dumps({"machine": machine(), "method": method, "results": [asdict(r) for r in results]}, indent=1) + "\n"
    )
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{scenario}.json").write_text(text)
    return text
