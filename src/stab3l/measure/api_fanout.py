"""One change told to many sockets: how many messages a second arrive, and how long the last of them takes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from stab3l.measure.api_load import Connection, ListeningConnection, close, connected, socket_frame
from stab3l.measure.api_stage import SYMBOL, Stage
from stab3l.measure.report import Result

RATES: Final = (25, 50, 100, 150, 200, 300)
"""Updates a second that are tried, each told to every socket; the first that is not kept up with ends it."""
KEPT_UP: Final = 90
SETTLE_S: Final = 3.0
CHANGES: Final = 30
PAUSE_S: Final = 0.15
TOLD_WITHIN_S: Final = 2


async def fanout(
    at: Stage, sockets: int, seconds: float, orders: Callable[[int], list[bytes]], say: Callable[[str], None]
) -> list[Result]:
    """Throughput on the trades channel (nothing is skipped there), latency on the book channel."""
    say(f"fan-out: connecting {sockets} sockets")
    connections = await _subscribed(at, sockets, "trades")
    best, delivered_at, heard, spent = 0, "", 0, 0.0
    for rate in RATES:
        say(f"fan-out: {rate} updates/s to {sockets} sockets")
        before = sum(at.api.cpu_times()[:2])
        got, wanted, took = await _trades_at(at, connections, rate, seconds / len(RATES), orders)
        heard, spent = heard + got, spent + sum(at.api.cpu_times()[:2]) - before
        if got * 100 < wanted * KEPT_UP:
            best, delivered_at = max((best, delivered_at), (int(got / took), f"{rate} updates/s, not all in time"))
            break
        best, delivered_at = max((best, delivered_at), (int(got / took), f"{rate} updates/s"))
    close(connections)
    say("fan-out: latency of book updates")
    connections = await _subscribed(at, sockets, "book")
    latencies = await _book_changes(at, connections, orders)
    close(connections)
    conditions = f"{sockets} sockets on the stream port; {at.core}"
    found = [Result("api.fanout.msgs_per_s", best, "1/s", f"trades channel at {delivered_at}; {conditions}")]
    per_core = "messages / (user + system seconds of the API process, all its threads), all rates together"
    found.append(Result("api.fanout.msgs_per_core_s", int(heard / spent), "1/s", f"{per_core}; {conditions}"))
    for per_cent in (50, 99):
        at_rank = latencies[min(len(latencies) * per_cent // 100, len(latencies) - 1)] // 1000 if latencies else 0
        told = f"book update, from the order's acknowledgement to each socket; {conditions}"
        found.append(Result(f"api.fanout.p{per_cent}_us", at_rank, "us", told))
    return found


async def _subscribed(at: Stage, count: int, channel: str) -> list[Connection]:
    connections = await connected(ListeningConnection, at.streams, count)
    request = socket_frame(f'{{"id":1,"op":"subscribe","channel":"{channel}","market":"{SYMBOL}"}}'.encode())
    for connection in connections:
        connection.transport.write(request)
    await asyncio.sleep(SETTLE_S)
    return connections


async def _trades_at(
    at: Stage, connections: list[Connection], rate: int, seconds: float, orders: Callable[[int], list[bytes]]
) -> tuple[int, int, float]:
    """(messages that came, messages that were to come, seconds)."""
    count = max(int(rate * seconds), 1)
    pairs = [b"".join(pair) for pair in _pairs(orders(2 * count))]
    before, begun = sum(one.messages for one in connections), time.perf_counter()
    for number, pair in enumerate(pairs):
        await asyncio.sleep(max(begun + number / rate - time.perf_counter(), 0))
        await at.gateway.submit(pair)
    wanted, last = count * len(connections), -1
    while (got := sum(one.messages for one in connections) - before) < wanted and got != last:
        last = got
        await asyncio.sleep(0.25)
    return got, wanted, time.perf_counter() - begun


def _pairs(records: list[bytes]) -> list[tuple[bytes, bytes]]:
    return list(zip(records[::2], records[1::2], strict=True))


async def _book_changes(at: Stage, connections: list[Connection], orders: Callable[[int], list[bytes]]) -> list[int]:
    latencies: list[int] = []
    told_at, all_told = 0, asyncio.Event()

    def told(connection: Any, count: int) -> None:
        latencies.append(time.perf_counter_ns() - told_at)
        if len(latencies) % len(connections) == 0:
            all_told.set()

    for connection in connections:
        connection.told = told
    for record in orders(CHANGES):
        all_told.clear()
        told_at = time.perf_counter_ns()
        await at.gateway.submit(record)
        told_at = time.perf_counter_ns()
        with suppress(TimeoutError):
            await asyncio.wait_for(all_told.wait(), TOLD_WITHIN_S)
        await asyncio.sleep(PAUSE_S)
    return sorted(latencies)
