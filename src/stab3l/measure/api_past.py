"""Many past trades in the index, and how long the API takes to answer about them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from stab3l.clock import SystemClock, monotonic_s
from stab3l.measure.api_load import HttpConnection, Told, close, connected, http_get, opened
from stab3l.measure.report import Result
from stab3l.store.database import open_database
from stab3l.store.types import AMOUNT_DIGITS

CHUNK: Final = 500_000
SPACING_NS: Final = 10**6
FEE: Final = 500
KIND: Final = {"kind": "CREATE INDEX%"}
QUERIES_PER_S: Final = 50
FILL: Final = """
WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)
INSERT INTO trades (trade_id, sequence, at, market, taker_side, maker_order, taker_order, maker_account, taker_account,
ticks, lots, maker_fee, taker_fee)
SELECT i, i, :at + i * :spacing, 0, i % 2, 2 * i, 2 * i + 1, 3 + i % 1000, 3 + (i + 1) % 1000, 590 + i % 21,
1 + i % 500, :fee, :fee FROM n
"""
ASKED: Final = {
    "trades": "/v1/markets/{symbol}/trades?limit=100",
    "candles": "/v1/markets/{symbol}/candles?interval=1m&limit=500",
    "account": "/v1/accounts/{owner}/orders?limit=100",
    "book": "/v1/markets/{symbol}/book?depth=50",
}


async def build(file: Path, count: int, within_s: int, say: Callable[[str], None]) -> int:
    """Fills the trades of a fresh index, as far as the time allows; how many there are. Indexes are made at the end."""
    async with await open_database(f"sqlite:///{file}"):
        pass
    fee, begun, made = str(FEE).zfill(AMOUNT_DIGITS), monotonic_s(), 0
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -200000")
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'trades' AND sql LIKE :kind", KIND
    )
    apart = indexes.fetchall()
    for name, _ in apart:
        connection.execute(f'DROP INDEX "{name}"')
    at = SystemClock().now() - count * SPACING_NS
    while made < count and monotonic_s() - begun < within_s:
        last = min(made + CHUNK, count)
        connection.execute(FILL, {"first": made + 1, "last": last, "at": at, "spacing": SPACING_NS, "fee": fee})
        connection.commit()
        made = last
        say(f"queries: {made:,} trades in the index after {monotonic_s() - begun:.0f} s")
    for _, sql in apart:
        say("queries: indexing")
        connection.execute(sql)
    connection.commit()
    connection.execute("PRAGMA analysis_limit = 1000")
    connection.execute("ANALYZE")
    connection.close()
    return made


async def latencies(
    address: tuple[str, int], symbol: str, owner: str, queries: int, made: int, took_s: float
) -> list[Result]:
    """p50 and p99 of each question, asked at scheduled times."""
    found = []
    for name, target in ASKED.items():
        connections = await connected(HttpConnection, address, 8)
        request = http_get(target.format(symbol=symbol, owner=owner))
        told: Told = await opened(connections, [request] * queries, QUERIES_PER_S, pipelined=False)
        close(connections)
        where = f"{made:,} trades in SQLite (built in {took_s:.0f} s); open loop, {QUERIES_PER_S} queries/s"
        found += [
            Result(f"api.query.{name}.p{per_cent}_us", told.quantile_us(per_cent * 10), "us", where)
            for per_cent in (50, 99)
        ]
    return found
