"""The WebSocket without a socket: what to send, and what to make of what comes. No I/O.

`Conversation` pairs questions with answers; `Follower` keeps one channel whole over gaps and broken connections.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from stab3l.client.book import BookGap, LocalBook
from stab3l.client.problems import ApiUnavailable, error_of

Message = dict[str, Any]


class Promise(Protocol):
    """Where an answer goes: futures of asyncio and of threads both are."""

    def done(self) -> bool:
        """Whether it was settled or given up."""
        ...

    def set_result(self, result: Any, /) -> None:
        """Settles it."""
        ...

    def set_exception(self, error: Any, /) -> None:
        """Settles it with an error."""
        ...


class Conversation:
    """The questions of one socket that wait for their answers."""

    def __init__(self) -> None:
        self._last_id = 0
        self._waiting: dict[int, Promise] = {}
        self.head: Message | None = None
        """The last heartbeat: the sequencer's ``sequence``, ``block`` and ``time``."""

    def ask(self, question: Mapping[str, Any], promise: Promise) -> tuple[int, str]:
        """The question's number and the text to send for it."""
        self._last_id += 1
        self._waiting[self._last_id] = promise
        return self._last_id, msgspec.json.encode({"id": self._last_id, **question}).decode()

    def forget(self, number: int) -> None:
        """Nobody waits for this answer any more."""
        self._waiting.pop(number, None)

    def take(self, text: str | bytes) -> Message | None:
        """Settles the answer that came; a channel's message is handed back."""
        message: Message = msgspec.json.decode(text)
        kind = message.get("type")
        if kind in ("snapshot", "update"):
            return message
        if kind == "heartbeat":
            self.head = message
            return None
        promise = self._waiting.pop(message.get("id") or 0, None)
        if promise is not None and not promise.done():
            if kind == "problem":
                promise.set_exception(error_of(message.get("problem") or {}))
            else:
                promise.set_result(message.get("result", message))
        return None

    def broken(self) -> None:
        """The socket is gone: nothing will be answered any more."""
        waiting, self._waiting = self._waiting, {}
        for promise in waiting.values():
            if not promise.done():
                promise.set_exception(ApiUnavailable("the socket broke before the answer came"))


class Follower:
    """One channel, followed for as long as anyone wants it.

    ``greeting`` is sent after each connect; ``take`` says whether a message brought something new, and asks again for
    what is missing by raising `BookGap`.
    """

    def __init__(self, channel: str, market: str = "") -> None:
        self.channel, self.market = channel, market
        self.book = LocalBook(market)
        self._seq: int | None = None
        self._epoch: str | None = None

    def greeting(self) -> Message:
        """The subscription, from where the last connection ended."""
        since: Message = {}
        if self._seq is not None and self._epoch is not None:
            since = {"since_seq": str(self._seq), "epoch": self._epoch}
        return {"op": "subscribe", "channel": self.channel, "market": self.market, **since}

    def subscribed(self, answer: Message) -> None:
        """The answer to the greeting."""
        self._epoch = answer.get("epoch")

    def take(self, message: Message) -> bool:
        """Whether the message is this channel's and says something new. Raises `BookGap`."""
        if message["channel"] != self.channel or message.get("market", "") != self.market:
            return False
        if self.channel == "book":
            try:
                fresh = self.book.apply(message)
            except BookGap:
                self._seq, self.book = None, LocalBook(self.market)
                raise
            self._seq = self.book.seq
            return fresh
        if "seq" not in message:
            return True
        seq = int(message["seq"])
        if message["type"] != "snapshot" and self._seq is not None and seq <= self._seq:
            return False
        self._seq = seq
        return True
