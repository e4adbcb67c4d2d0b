"""What every test starts from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import is_hypothesis_test, settings

settings.register_profile("steady", parent=settings(), deadline=None, derandomize=True)
settings.register_profile("explore", parent=settings(), deadline=None, print_blob=True)
settings.load_profile("steady")
"""The same tree always gives the same verdict; ``make properties`` looks further, with fresh random examples. A busy
machine is no failure: no example has a deadline unless its test says so."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--properties``: only the tests that draw random examples."""
    parser.addoption("--properties", action="store_true", help="only the tests that draw random examples")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what draws no examples, when asked to."""
    if config.getoption("--properties"):
        items[:] = [item for item in items if is_hypothesis_test(getattr(item, "obj", None))]


@pytest.fixture(autouse=True)
def logs_of_its_own() -> Iterator[None]:
    """A command run inside a test sends logs to that test's stderr, which is closed when the next one logs."""
    yield
    structlog.reset_defaults()
