"""The engine from Python: one call per batch, and one call per message."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from stab3l._engine import Engine
from stab3l.clock import SystemClock
from stab3l.measure.flow import Batches
from stab3l.measure.report import Result

CLOCK = SystemClock()


def _opened(folder: Path, flow: Batches) -> Engine:
    engine = Engine.open(folder, durability="page_cache")
    engine.apply_many(flow.opening, CLOCK.now())
    return engine


def batched(folder: Path, flow: Batches, size: int) -> Result:
    """Messages a second through `Engine.apply_many`, eight batches to a call."""
    engine = _opened(folder, flow)
    begun = time.perf_counter_ns()
    for first in range(0, len(flow.measured), 8):
        engine.apply_many(flow.measured[first : first + 8], CLOCK.now())
    took = time.perf_counter_ns() - begun
    engine.close()
    conditions = f"Engine.apply_many, 8 x {size} messages a call, page cache, hash chains"
    return Result("engine.python_batch.msgs_per_s", flow.messages * 10**9 // took, "1/s", conditions)


def one_by_one(folder: Path, flow: Batches) -> list[Result]:
    """Calls a second of `Engine.apply` with one message each, and how long a call takes."""
    engine = _opened(folder, flow)
    took = []
    for batch in flow.measured:
        begun = time.perf_counter_ns()
        engine.apply(batch, CLOCK.now())
        took.append(time.perf_counter_ns() - begun)
    engine.close()
    conditions = "Engine.apply, one message a call, page cache, hash chains"
    quantiles = statistics.quantiles(took, n=100)
    return [
        Result("engine.python_call.msgs_per_s", len(took) * 10**9 // sum(took), "1/s", conditions),
        Result("engine.python_call.p50_us", round(quantiles[49] / 1000, 2), "us", conditions),
        Result("engine.python_call.p99_us", round(quantiles[98] / 1000, 2), "us", conditions),
    ]
