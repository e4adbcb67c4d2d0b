"""The honest benchmark, fresh for each test, so that a test may spoil it."""

from __future__ import annotations

import pytest
from small_benchmark import Benchmark, honest


@pytest.fixture
def benchmark() -> Benchmark:
    return honest()
