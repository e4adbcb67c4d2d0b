"""What happened, step by step: for the person who watches and for the JSON that a program reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stab3l.chain.port import Receipt
from stab3l.clock import monotonic_s


@dataclass(frozen=True, slots=True)
class Step:
    """One finished step. ``gas`` and ``tx`` are set when it was a transaction."""

    name: str
    seconds: float
    tx: str | None = None
    gas: int | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For JSON; integers beyond 53 bits as decimal strings."""
        record: dict[str, Any] = {"name": self.name, "seconds": round(self.seconds, 3)}
        if self.tx is not None:
            record |= {"tx": self.tx, "gas": self.gas}
        return record | {key: _plain(value) for key, value in self.values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return str(value)
    return value


class Steps:
    """Collects steps and tells a listener of each; `on_progress` hears of work that goes on within a step."""

    def __init__(
        self, listener: Callable[[Step], None], on_progress: Callable[[str, dict[str, Any]], None] = lambda *_: None
    ) -> None:
        self.done: list[Step] = []
        self.progress = on_progress
        self._listener = listener
        self._since = monotonic_s()

    def add(self, name: str, receipt: Receipt | None = None, **values: Any) -> None:
        """Records a step that has just ended; it took the time since the one before."""
        tx_hash, gas = (None, None) if receipt is None else (receipt.tx_hash, receipt.gas_used)
        self.note(name, tx_hash, gas, values)

    def note(self, name: str, tx_hash: bytes | None, gas: int | None, values: dict[str, Any]) -> None:
        """As `add`, for a transaction known by its hash and gas."""
        now = monotonic_s()
        step = Step(name, now - self._since, None if tx_hash is None else "0x" + tx_hash.hex(), gas, values)
        self._since = now
        self.done.append(step)
        self._listener(step)
