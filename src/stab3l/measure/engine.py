"""``stab3l bench engine``: every layer of the engine, from matching alone to the gateway."""

from __future__ import annotations

import asyncio
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from stab3l.measure import binding, flow, gateway, program
from stab3l.measure.program import Say
from stab3l.measure.report import Result, document

METHOD: Final = (
    "each layer driven as fast as it goes (closed loop), the median of interleaved rounds; latency in open loop: "
    "messages come at scheduled times and are measured from them; flows are made from one seed"
)
BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured."""

    messages: int = 1_000_000
    rounds: int = 3
    recovery_messages: int = 10_000_000
    resting_orders: int = 1_000_000


QUICK: Final = Scale(messages=100_000, rounds=1, recovery_messages=200_000, resting_orders=200_000)


def measure(scale: Scale, folder: Path | None, say: Say) -> dict[str, Any]:
    """Everything, as one JSON object. Journals are written below ``folder`` and removed again.

    Raises:
        Unavailable: the measuring program cannot be built or run, or the gateway does not start.
    """
    say("building the measuring program")
    rust = program.build()
    with TemporaryDirectory(prefix="stab3l-bench-", dir=folder) as name:
        scratch = Path(name)
        found = program.results(rust, ["layers", str(scale.messages), str(scale.rounds), name], say)
        found += program.results(rust, ["memory", str(scale.resting_orders)], say)
        found += program.results(rust, ["recovery", str(scale.recovery_messages), name], say)
        found += _medians(_from_python(rust, scale, scratch, say), scale.rounds)
    return document(METHOD, found)


def _from_python(rust: Path, scale: Scale, scratch: Path, say: Say) -> Iterator[Result]:
    many = flow.batches(rust, scale.messages // 2, BATCH, scratch, say)
    single = flow.batches(rust, min(scale.messages // 10, 50_000), 1, scratch, say)
    for number in range(1, scale.rounds + 1):
        say(f"round {number}/{scale.rounds}: Python")
        with _fresh(scratch) as folder:
            yield binding.batched(folder / "many", many, BATCH)
            yield from binding.one_by_one(folder / "single", single)
        for durability in ("page_cache", "fdatasync"):
            say(f"round {number}/{scale.rounds}: gateway, {durability}")
            with _fresh(scratch) as folder:
                yield asyncio.run(gateway.orders_per_second(folder / "home", many, BATCH, durability))


@contextmanager
def _fresh(scratch: Path) -> Iterator[Path]:
    with TemporaryDirectory(dir=scratch) as name:
        yield Path(name)


def _medians(figures: Iterable[Result], rounds: int) -> list[Result]:
    """One figure for each name: the lower median over the rounds."""
    by_name: defaultdict[str, list[Result]] = defaultdict(list)
    for figure in figures:
        by_name[figure.name].append(figure)
    return [
        replace(
            found[0],
            value=statistics.median_low(figure.value for figure in found),
            conditions=f"{found[0].conditions}; median of {rounds} rounds",
        )
        for found in by_name.values()
    ]
