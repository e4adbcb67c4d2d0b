"""How many may read the public streams of one API at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from stab3l.api.problems import Problem

READERS_MAX: Final = 256


class Readers:
    """The readers of one desk, over all streams. ``count``: those that read now, never more than ``limit``."""

    def __init__(self, limit: int = READERS_MAX) -> None:
        self.limit = limit
        self.count = 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """A reader's place while it reads. Raises `Problem` ``too_many_readers``."""
        if self.count >= self.limit:
            raise Problem("too_many_readers", f"{self.limit} read already", retry_after_s=5)
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1
