"""What a differential has covered so far, kept with its results."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from bench.report import RESULTS, Result, keep_document
from stab3l.measure.report import document

METHOD = (
    "random commands to the native engine (journal at page_cache) and to the Python reference: every event's bytes of "
    "every command, the hash chains and the roots of every block, all queries and sampled proofs at random moments, "
    "with reopenings and snapshots; chunks of fresh exchanges, each with its own seed; a difference ends a run"
)
GROUPS = ("event", "closed", "outcome")
"""In the results' names and units, and as a report calls them."""
UNITS = {"event": "events", "closed": "orders", "outcome": "commands"}
REPORTED = {"event": "events", "closed": "closed", "outcome": "outcomes"}
PLAIN = ("commands", "blocks", "comparisons", "reopenings")


@dataclass(slots=True)
class Coverage:
    """Chunks of one length at one code, by their seeds, and the sums of what they reported."""

    code: str
    chunk: int
    seeds: set[int] = field(default_factory=set)
    sums: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @classmethod
    def kept(cls, code: str, chunk: int) -> Coverage:
        """What the results' file tells; nothing when they are of another code or chunk length."""
        path = RESULTS / "differential.json"
        found = json.loads(path.read_text()).get("progress") if path.exists() else None
        if not found or (found["code"], found["chunk"]) != (code, chunk):
            return cls(code, chunk)
        seeds = {seed for first, last in found["seeds"] for seed in range(first, last + 1)}
        return cls(code, chunk, seeds, Counter(found["sums"]), found["seconds"])

    @property
    def commands(self) -> int:
        """How many commands were compared."""
        return self.sums["commands"]

    def add(self, row: dict[str, Any]) -> None:
        """Counts a chunk's report."""
        self.seeds.add(row["seed"])
        self.seconds += row["seconds"]
        self.sums.update({name: row[name] for name in PLAIN})
        for group in GROUPS:
            self.sums.update({f"{group}.{name}": many for name, many in row[REPORTED[group]].items()})

    def keep(self, divergence: str) -> str:
        """Writes results and progress; what was written."""
        progress = {
            "code": self.code,
            "chunk": self.chunk,
            "seeds": self.ranges(),
            "seconds": round(self.seconds, 3),
            "sums": dict(sorted(self.sums.items())),
        }
        return keep_document("differential", {**document(METHOD, self.results(divergence)), "progress": progress})

    def ranges(self) -> list[tuple[int, int]]:
        """First and last of each run of seeds."""
        runs = groupby(enumerate(sorted(self.seeds)), key=lambda pair: pair[1] - pair[0])
        return [(run[0][1], run[-1][1]) for run in (list(members) for _, members in runs)]

    def results(self, divergence: str) -> list[Result]:
        """What the run covered."""
        told = f"{len(self.seeds)} chunks of seeds {self.ranges()}, code {self.code}"
        pace = round(self.commands / self.seconds) if self.seconds else 0
        return [
            Result("differential.commands", self.commands, "commands", told),
            Result("differential.divergences", int(bool(divergence)), "divergences", divergence),
            Result("differential.commands_per_core_s", pace, "1/s", "of processor time, both sides and the stream"),
            *(Result(f"differential.{name}", self.sums[name], name) for name in PLAIN[1:]),
            *(
                Result(f"differential.{name}", many, UNITS[group])
                for group in GROUPS
                for name, many in sorted(self.sums.items())
                if name.startswith(f"{group}.")
            ),
        ]
