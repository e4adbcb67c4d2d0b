"""How much is called: Prometheus counts for the operator, hourly counts for each account with a credential."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Final

import structlog
from prometheus_client import Counter, Gauge, Histogram

from stab3l.api.access.identity import Identity
from stab3l.api.access.records import Records
from stab3l.clock import Clock, seconds
from stab3l.errors import Unavailable

FLUSH_S: Final = 5
WAITING_MAX: Final = 50_000
HOUR_S: Final = 3_600
_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

REQUESTS: Final = Counter("stab3l_api_requests", "Requests answered", ["method", "route", "status"])
SECONDS: Final = Histogram(
    "stab3l_api_request_seconds", "From the request's arrival to its answer", ["route"], buckets=_BUCKETS
)
SOCKETS: Final = Gauge("stab3l_api_sockets", "WebSocket clients connected")
MESSAGES: Final = Counter("stab3l_api_socket_messages", "WebSocket messages", ["direction"])
CUT: Final = Counter("stab3l_api_sockets_cut", "WebSocket clients cut because they did not read")

_requests_of: Final = cache(REQUESTS.labels)
_seconds_of: Final = cache(SECONDS.labels)
"""A counter by its labels, which are few: finding it among them costs more than counting."""
_log = structlog.get_logger(__name__)


class Usage:
    """Counts in memory, written every few seconds; what a killed process had not written is not counted."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._waiting: dict[tuple[str, int, str], tuple[int, int]] = {}

    def count(self, method: str, route: str, status: int, took_s: float, caller: Identity | None) -> None:
        """One request."""
        _requests_of(method, route, status).inc()
        _seconds_of(route).observe(took_s)
        if caller is None or len(self._waiting) >= WAITING_MAX:
            return
        now = seconds(self._clock.now())
        key = (caller.address, now - now % HOUR_S, f"{method} {route}")
        requests, errors = self._waiting.get(key, (0, 0))
        self._waiting[key] = (requests + 1, errors + (status >= 400))

    async def run(self) -> None:
        """Writes the counts until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_S)
            await self.flush()

    async def flush(self) -> None:
        """Writes what waits; keeps it while the database is away."""
        waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        try:
            await self._records.add_usage(waiting)
        except Unavailable as error:
            _log.warning("usage_not_written", error=error.message, rows=len(waiting))
            for key, (requests, errors) in waiting.items():
                more = self._waiting.get(key, (0, 0))
                self._waiting[key] = (requests + more[0], errors + more[1])
