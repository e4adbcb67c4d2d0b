"""The exchange engine's port: `port.ExchangeEngine` (the Protocol), `wire` (its language), `Engine` (native)."""

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
]

Durability = Literal["page_cache", "fdatasync"]
