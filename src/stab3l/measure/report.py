"""The one shape of every result: machine, method, named values with units and conditions."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """One figure. ``name`` is dotted and stable."""

    name: str
    value: int | float
    unit: str
    conditions: str = ""


def machine() -> dict[str, str | int | float]:
    """What the figures were measured on, and how busy it was."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = (line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "load_average": round(os.getloadavg()[0], 1),
        "processor": next(models, platform.processor()),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def document(method: str, results: Sequence[Result]) -> dict[str, Any]:
    """One run as a JSON object."""
    return {"machine": machine(), "method": method, "results": [asdict(result) for result in results]}
