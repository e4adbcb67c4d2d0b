"""Values of a chain as JSON carries them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any


def json_ready(value: Any, numbers: Collection[str]) -> Any:
    """Nested dicts and sequences with every integer as a decimal string, except under the keys in ``numbers``.

    Amounts outgrow what a JSON number holds exactly; counters, times and identifiers do not.
    """
    if isinstance(value, dict):
        return {key: inner if key in numbers else json_ready(inner, numbers) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [json_ready(inner, numbers) for inner in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
