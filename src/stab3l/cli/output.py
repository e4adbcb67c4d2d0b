"""Where words go: data to stdout, talk to stderr."""

from __future__ import annotations

import logging
import sys
from typing import Any

import msgspec
import structlog
from rich.console import Console

from stab3l.errors import Stab3lError

talk = Console(stderr=True, highlight=False)
"""For people: progress, tables, errors."""


def emit(value: Any) -> None:
    """Writes one JSON object to stdout."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=1).decode() + "\n")
    sys.stdout.flush()


def complain(error: Stab3lError) -> None:
    """For a person: what went wrong and, where the error says so, what to do."""
    talk.print(f"stab3l: {error.message}", style="red", markup=False, soft_wrap=True)
    action = getattr(error, "action", "")
    if action:
        talk.print(action, markup=False, soft_wrap=True)


def configure_logs(level: str, *, quiet: bool = False) -> None:
    """Structured JSON lines on stderr; with `quiet` only errors."""
    names = logging.getLevelNamesMapping()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.CRITICAL if quiet else names.get(level.upper(), logging.INFO)
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,  # a cached logger would keep writing to a stream that tests have closed
    )
