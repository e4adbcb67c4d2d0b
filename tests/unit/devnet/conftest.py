"""Tests of the local network's parts: real processes, real ports, a real anvil."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
