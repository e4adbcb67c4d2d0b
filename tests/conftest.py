"""What every test starts from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def logs_of_its_own() -> Iterator[None]:
    """A command run inside a test sends logs to that test's stderr, which is closed when the next one logs."""
    yield
    structlog.reset_defaults()
