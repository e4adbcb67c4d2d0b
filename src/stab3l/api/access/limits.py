"""How often who may call: quotas by kind of request and by who asks, told in every answer.

Counts are kept by the ``limits`` package (a sliding window), in memory or in a store that replicas share. The headers
are those of draft-ietf-httpapi-ratelimit-headers: ``RateLimit-Policy`` and ``RateLimit``.
"""

from __future__ import annotations

from typing import Final

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.storage import storage_from_string

from stab3l.api.problems import Problem
from stab3l.clock import SystemClock
from stab3l.units import NANOSECONDS_PER_SECOND

WINDOW_S: Final = 10
QUOTAS: Final[dict[str, dict[str, int]]] = {
    # by kind of request, for an address without a credential and for each tier of credential
    "read": {"anonymous": 600, "standard": 1_200, "professional": 6_000},
    "order": {"anonymous": 1_000, "standard": 3_000, "professional": 15_000},
    "auth": {"anonymous": 60, "standard": 120, "professional": 120},
}


class RateLimits:
    """The counts of this process, or of all that share ``store``. ``factor`` 0: no limits."""

    def __init__(self, store: str, factor: int) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(storage_from_string(store))
        self._factor = factor
        self._items: dict[tuple[str, str], RateLimitItem] = {
            (cost, tier): RateLimitItemPerSecond(max(1, quota * factor), WINDOW_S)
            for cost, tiers in QUOTAS.items()
            for tier, quota in tiers.items()
        }

    async def take(self, cost: str, tier: str, who: str, headers: dict[str, str], count: int = 1) -> None:
        """Counts a request and writes the headers. Raises `Problem` ``rate_limited``."""
        if not self._factor:
            return
        item = self._items[cost, tier]
        allowed = await self._limiter.hit(item, cost, who, cost=count)
        stats = await self._limiter.get_window_stats(item, cost, who)
        wait_s = max(1, min(WINDOW_S, int(stats.reset_time - _now()) + 1))
        headers["RateLimit-Policy"] = f'"{cost}";q={item.amount};w={WINDOW_S}'
        headers["RateLimit"] = f'"{cost}";r={max(0, stats.remaining)};t={wait_s}'
        if not allowed:
            raise Problem(
                "rate_limited",
                f"more than {item.amount} requests of this kind in {WINDOW_S} s",
                limit=item.amount,
                window_s=WINDOW_S,
                retry_after_s=wait_s,
            )


def _now() -> float:
    """The clock of ``limits``, whose reset times it is compared with."""
    return SystemClock().now() / NANOSECONDS_PER_SECOND
