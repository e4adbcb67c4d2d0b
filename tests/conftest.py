"""What every test starts from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

settings.register_profile("patient", parent=settings(), deadline=None)
settings.load_profile("patient")
"""A busy machine is no failure: no example has a deadline unless its test says so."""


@pytest.fixture(autouse=True)
def logs_of_its_own() -> Iterator[None]:
    """A command run inside a test sends logs to that test's stderr, which is closed when the next one logs."""
    yield
    structlog.reset_defaults()
