"""How many may read the public streams of one API at once, in all and from one address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from stab3l.api.problems import Problem

READERS_MAX: Final = 256
READERS_OF_ADDRESS_MAX: Final = 32
"""So that nobody alone can take every place."""


class Readers:
    """The readers of one desk, over all streams. ``count``: those that read now."""

    def __init__(self, limit: int = READERS_MAX, limit_of_address: int = READERS_OF_ADDRESS_MAX) -> None:
        self.limit = limit
        self.limit_of_address = limit_of_address
        self.count = 0
        self._of_address = Counter[str]()

    @contextmanager
    def one_more(self, address: str) -> Iterator[None]:
        """A reader's place while it reads. Raises `Problem` ``too_many_readers``."""
        if self.count >= self.limit:
            raise Problem("too_many_readers", f"{self.limit} read already", retry_after_s=5)
        if self._of_address[address] >= self.limit_of_address:
            told = f"{self.limit_of_address} read already from {address[:48]}"
            raise Problem("too_many_readers", told, retry_after_s=5)
        self.count += 1
        self._of_address[address] += 1
        try:
            yield
        finally:
            self.count -= 1
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]
