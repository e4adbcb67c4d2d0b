"""The exchange engine's port: `port.ExchangeEngine` (the Protocol), `wire` (its language), `Engine` (native).

docs/reference/python-engine.md shows how to use it.
"""

from __future__ import annotations

from typing import Literal

from stab3l._engine import (
    BatchTooLarge,
    Engine,
    EngineClosed,
    EngineError,
    EngineHalted,
    JournalCorrupt,
    JournalIo,
    JournalLocked,
    OutputMismatch,
    Recovery,
)
from stab3l.engine.port import ExchangeEngine
from stab3l.engine.typed import apply_batches, apply_commands

__all__ = [
    "BatchTooLarge",
    "Durability",
    "Engine",
    "EngineClosed",
    "EngineError",
    "EngineHalted",
    "ExchangeEngine",
    "JournalCorrupt",
    "JournalIo",
    "JournalLocked",
    "OutputMismatch",
    "Recovery",
    "apply_batches",
    "apply_commands",
]

Durability = Literal["page_cache", "fdatasync"]
