"""Both implementations of the exchange behind one face, so that one law judges both."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from stab3l._engine import Engine
from stab3l.audit.reference_exchange import ReferenceExchange
from stab3l.audit.reference_queries import ReferenceQueries

IMPLEMENTATIONS: Final = ("reference", "native")


class OpenExchange(Protocol):
    """An exchange that can be asked what it holds (see ``src/stab3l/_engine.pyi``)."""

    def apply(self, batch: bytes, now: int) -> bytes:
        """Apply a batch; the events' bytes."""
        ...

    def balances(self, account: int) -> list[tuple[int, int, int]]:
        """(asset, available, held) of an account."""
        ...

    def totals(self, asset: int) -> tuple[int, int, int]:
        """(credited, withdrawn, sum over all accounts) of an asset."""
        ...


class ReferenceEngine(ReferenceQueries):
    """The reference exchange with the native engine's face."""

    def apply(self, batch: bytes, now: int) -> bytes:
        """Apply a batch; the events' bytes."""
        return self.exchange.apply(batch, now)


@contextmanager
def opened(implementation: str) -> Iterator[OpenExchange]:
    """A fresh exchange of `IMPLEMENTATIONS`; the native one's journal is gone afterwards."""
    if implementation == "reference":
        yield ReferenceEngine(ReferenceExchange())
        return
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine.open(Path(folder), durability="page_cache")
        try:
            yield engine
        finally:
            engine.close()
