"""Committed ABIs: what a caller may send and what may come back, without bytecode.

``python -m stab3l.chain.abi`` writes them from ``contracts/out`` (after ``forge build``); a test holds them equal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from stab3l.errors import NotFound

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Names of all contracts with a committed ABI."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


@cache
def load_abi(name: str) -> tuple[Mapping[str, Any], ...]:
    """ABI of a contract.

    Raises:
        NotFound: no ABI is committed under that name.
    """
    path = FOLDER / f"{name}.json"
    if not path.is_file():
        raise NotFound(f"no ABI is committed for {name}", contract=name)
    return tuple(json.loads(path.read_bytes()))
