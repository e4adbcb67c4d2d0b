"""What is published under one name, to whom, and the last of it again for who was away a moment.

Every message is encoded once. ``seq`` grows with each; a subscriber that says the last ``seq`` it has gets what it
missed, as far as the recent messages reach.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

import msgspec

from stab3l.api.live_messages import Channel
from stab3l.api.outbox import Outbox

RECENT: Final = 256
_encode = msgspec.json.Encoder().encode


class Topic:
    """One channel of one market or account."""

    def __init__(self, channel: Channel, name: str, seq: int = 0) -> None:
        self.channel: Channel = channel
        self.name = name
        self.seq = seq
        self.last: object = None
        """The content last published, where a repetition is not worth a message."""
        self.subscribers: set[Outbox] = set()
        self._joining: dict[Outbox, list[bytes]] = {}
        self._recent: deque[tuple[int, int, bytes]] = deque(maxlen=RECENT)

    @property
    def wanted(self) -> bool:
        """Whether anybody listens, or is about to."""
        return bool(self.subscribers or self._joining)

    def publish(self, seq: int, message: Callable[[str, str], Any]) -> None:
        """Sends ``message(seq, prev_seq)`` to all."""
        encoded = _encode(message(str(seq), str(self.seq)))
        self._recent.append((self.seq, seq, encoded))
        self.seq = seq
        for missed in self._joining.values():
            missed.append(encoded)
        for outbox in self.subscribers:
            self._put(outbox, encoded)

    def since(self, seq: int) -> list[bytes] | None:
        """What came after ``seq``; None when that cannot be told any more."""
        if seq == self.seq:
            return []
        after = [encoded for before, _, encoded in self._recent if before >= seq]
        return after if any(before == seq for before, _, _ in self._recent) else None

    def join(self, outbox: Outbox) -> None:
        """Begins a subscription: what comes from now on is kept until `begin`."""
        self._joining[outbox] = []

    def begin(self, outbox: Outbox) -> None:
        """Ends the beginning: what came meanwhile, and all that comes, goes out."""
        for encoded in self._joining.pop(outbox, []):
            self._put(outbox, encoded)
        self.subscribers.add(outbox)

    def leave(self, outbox: Outbox) -> None:
        """Ends a subscription, if there is one."""
        self.subscribers.discard(outbox)
        self._joining.pop(outbox, None)

    def _put(self, outbox: Outbox, encoded: bytes) -> None:
        if self.channel == "book":
            outbox.put_book(self.name, encoded)
        elif self.channel in ("ticker", "status"):
            outbox.put_latest((self.channel, self.name), encoded)
        else:
            outbox.put(encoded)
