"""The life of a keeper: rounds at an interval, patience while a peer is away, a clean end at SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

import structlog
from prometheus_client import Counter, Gauge, start_http_server

from stab3l.config import Network
from stab3l.errors import Corrupt, NotFound, Stab3lError, Unavailable
from stab3l.exchange.gateway_client import GatewayClient, operator_client

Round = Callable[[], Awaitable[None]]

BACKOFF_S_MAX: Final = 30
TOKEN_WAIT_S: Final = 1

ROUNDS: Final = Counter("stab3l_keeper_rounds", "Rounds by outcome: done, or an error's code", ["round", "outcome"])
HALTED: Final = Gauge("stab3l_keeper_halted", "1 while a round finds facts that contradict each other", ["round"])

log = structlog.get_logger(__name__)


async def keep(rounds: Mapping[str, Round], interval_s: int, *, metrics_port: int = 0) -> None:
    """Runs each round again and again, independently of the others, until SIGTERM or SIGINT.

    A round that raises an error of this package is tried again, later each time; it never stops the others. Being
    cancelled in the middle is what a kill would do, and rounds are made for that.
    """
    if metrics_port:
        start_http_server(metrics_port, "127.0.0.1")
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    log.info("keeper_started", rounds=sorted(rounds), interval_s=interval_s)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_repeat(name, run, interval_s)) for name, run in rounds.items()]
        await stop.wait()
        for task in tasks:
            task.cancel()
    log.info("keeper_stopped", rounds=sorted(rounds))


def every(count: int, run: Round) -> Round:
    """Runs a round only each ``count``-th time, beginning with the first: for what need not be looked at so often."""
    left = 0

    async def sometimes() -> None:
        nonlocal left
        if left == 0:
            await run()
        left = (left + 1) % count

    return sometimes


async def operator_of(home: Path, network: Network) -> GatewayClient:
    """The operator's client, as soon as the gateway has written its token."""
    while True:
        try:
            return operator_client(home, network.gateway)
        except NotFound as error:
            log.info("waiting_for_gateway", reason=error.message)
            await asyncio.sleep(TOKEN_WAIT_S)


async def _repeat(name: str, run: Round, interval_s: int) -> None:
    failures = 0
    while True:
        try:
            await run()
            failures = 0
            HALTED.labels(name).set(0)
            ROUNDS.labels(name, "done").inc()
        except Stab3lError as error:
            failures += 1
            _tell(name, error, failures)
        await asyncio.sleep(backoff_s(interval_s, failures))


def backoff_s(interval_s: int, failures: int) -> int:
    """Seconds until the next round: the interval, doubled for each failure in a row."""
    return min(interval_s << min(failures, 16), max(interval_s, BACKOFF_S_MAX))


def _tell(name: str, error: Stab3lError, failures: int) -> None:
    ROUNDS.labels(name, error.code).inc()
    HALTED.labels(name).set(int(isinstance(error, Corrupt)))
    say = log.critical if isinstance(error, Corrupt) else log.warning if isinstance(error, Unavailable) else log.error
    say("round_failed", round=name, code=error.code, reason=error.message, failures=failures)
