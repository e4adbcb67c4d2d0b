"""A slow reader is conflated or cut; what waits for it stays bounded."""

from __future__ import annotations

import asyncio

import pytest

from stab3l.api import outbox as module
from stab3l.api.outbox import MESSAGES_MAX, Outbox
from stab3l.api.problems import Problem

pytestmark = pytest.mark.anyio


async def drained(outbox: Outbox) -> list[bytes]:
    """Everything that a reader gets which now reads again."""
    sent: list[bytes] = []

    async def send(message: bytes) -> None:
        sent.append(message)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await outbox.drain(send)
    return sent


async def test_what_fits_arrives_in_order() -> None:
    outbox = Outbox(lambda market: b"snapshot")
    for number in range(10):
        outbox.put_book("M", b"%d" % number)
    assert await drained(outbox) == [b"%d" % number for number in range(10)]


async def test_a_book_that_falls_behind_is_replaced_by_one_snapshot() -> None:
    outbox = Outbox(lambda market: b"snapshot of " + market.encode())
    for number in range(10 * MESSAGES_MAX):
        outbox.put_book("M", b"%d" % number)
    sent = await drained(outbox)
    assert sent[-1] == b"snapshot of M"
    assert sent[:-1] == [b"%d" % number for number in range(len(sent) - 1)]
    assert len(sent) <= MESSAGES_MAX


async def test_only_the_newest_status_is_kept() -> None:
    outbox = Outbox(lambda market: b"")
    for number in range(1_000):
        outbox.put_latest(("status", ""), b"%d" % number)
    assert await drained(outbox) == [b"999"]


async def test_a_reader_that_misses_trades_is_cut() -> None:
    outbox = Outbox(lambda market: b"")
    for _ in range(MESSAGES_MAX + 1):
        outbox.put(b"trade")

    async def send(message: bytes) -> None:
        raise AssertionError("nothing is sent to a client that is cut")

    with pytest.raises(Problem) as cut:
        await outbox.drain(send)
    assert cut.value.problem == "too_slow"


async def test_a_send_that_hangs_cuts_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEND_TIMEOUT_S", 0.01)
    outbox = Outbox(lambda market: b"")
    outbox.put(b"message")

    async def send(message: bytes) -> None:
        await asyncio.sleep(60)

    with pytest.raises(Problem) as cut:
        await outbox.drain(send)
    assert cut.value.problem == "too_slow"
