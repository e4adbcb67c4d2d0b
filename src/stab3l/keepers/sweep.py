"""Does in the engine what is due: closes dead orders, settles contracts, posts prices, has margins judged.

The engine has no clock, so somebody must say when a time has come. This keeper asks when the next one comes and says
nothing before; in an idle exchange without futures it only asks.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import structlog
from prometheus_client import Counter, Gauge

from stab3l.chain.rpc import RpcChain
from stab3l.clock import Clock, SystemClock
from stab3l.config import load_network
from stab3l.engine.wire import Expire, Outcome, OutcomeCode, Sweep
from stab3l.keepers.collateral import CollateralKeeper
from stab3l.keepers.exchange import OperatedExchange
from stab3l.keepers.mark_rules import MarkPolicy
from stab3l.keepers.marks import MarkKeeper, OracleAndBooks
from stab3l.keepers.rounds import Round, every, keep, operator_of
from stab3l.keepers.settings import KeeperSettings
from stab3l.keepers.spot_books import SpotBooks, SpotMarkKeeper
from stab3l.keepers.submitting import submit
from stab3l.keepers.sweep_rules import Attempt, attempted, due_command, has_worked

CLOSED: Final = Counter("stab3l_sweep_orders_closed", "Orders closed because their time had passed")
EXPIRED: Final = Counter("stab3l_contracts_expired", "Futures and options settled at their expiry")
UNHEALTHY: Final = Gauge("stab3l_accounts_unhealthy", "Accounts that are short of margin or in debt")
STEPS_MAX: Final = 100
"""Commands of one round; what is left waits for the next."""
MARKS_ROUNDS: Final = 3
CONTRACTS_ROUNDS: Final = 60
"""Prices and contracts are looked at once in so many rounds."""
ACCOUNTS_AT_ONCE: Final = 1_000
"""Accounts of one question: the engine works on nothing else meanwhile."""

log = structlog.get_logger(__name__)


class SweepKeeper:
    """Sweeps and expires. ``dry_run``: decide and tell, do nothing."""

    def __init__(self, gateway: OperatedExchange, clock: Clock, *, dry_run: bool = False) -> None:
        self._gateway = gateway
        self._clock = clock
        self._dry_run = dry_run

    async def round(self) -> None:
        """Does what is due until nothing is. Raises as the gateway does."""
        due = await self._gateway.due()
        for _ in range(STEPS_MAX):
            command = due_command(due, self._clock.now())
            if command is None:
                return
            if self._dry_run:
                log.info("would_do", command=str(command))
                return
            (outcome,) = await submit(self._gateway, [command])
            _tell(command, outcome)
            before, due = due, await self._gateway.due()
            if not has_worked(command, outcome, before, due):
                return


class LiquidationKeeper:
    """Has a price posted for who is short of margin since the last one, which makes the engine judge them."""

    def __init__(self, gateway: OperatedExchange, marks: MarkKeeper, clock: Clock) -> None:
        self._gateway = gateway
        self._marks = marks
        self._clock = clock
        self._looked_at = -1
        self._last = Attempt()

    async def round(self) -> None:
        """One look at every account that has positions or debts, when anything was said since the last look.

        Raises `PricesAway` while there is no fresh price to judge by, and as the gateway does.
        """
        sequence = (await self._gateway.status()).sequence
        if sequence == self._looked_at and not self._last.found:
            return
        found = await self._unhealthy()
        UNHEALTHY.set(len({account for account, _ in found}))
        attempt = attempted(self._last, found, self._clock.now())
        if attempt is not None:
            log.warning("short_of_margin", accounts=sorted({account for account, _ in found}), times=attempt.times)
            await self._marks.post({underlying for _, underlying in found})
        self._looked_at, self._last = sequence, attempt or (self._last if found else Attempt())

    async def _unhealthy(self) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        following: int | None = 0
        while following is not None:
            page = await self._gateway.unhealthy(following, ACCOUNTS_AT_ONCE)
            found += page.found
            following = page.next
        return found


def _tell(command: Sweep | Expire, outcome: Outcome) -> None:
    if outcome.code != OutcomeCode.ACCEPTED:
        return
    if isinstance(command, Sweep):
        CLOSED.inc(outcome.id)
        log.info("swept", orders=outcome.id)
    else:
        EXPIRED.inc()
        log.info("expired", market=command.market)


async def serve(home: Path, *, dry_run: bool = False) -> None:
    """Does what is due in the network's exchange until SIGTERM. ``dry_run``: decide and tell, do nothing.

    Raises:
        NotFound, Invalid: there is no usable network description.
    """
    settings, network = KeeperSettings(), load_network(home)
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(await operator_of(home, network))
        policy = MarkPolicy(settings.marks_heartbeat_s, settings.marks_deviation_bps)
        books = SpotBooks(gateway, network)
        spot = SpotMarkKeeper(gateway, books, network, policy, dry_run=dry_run)
        rounds: dict[str, Round] = {
            "sweep": SweepKeeper(gateway, SystemClock(), dry_run=dry_run).round,
            "spot_marks": every(MARKS_ROUNDS, spot.round),
        }
        if network.underlyings:
            chain = await stack.enter_async_context(RpcChain(network.primary))
            source = OracleAndBooks(chain, books, network)
            marks = MarkKeeper(gateway, source, network, policy, SystemClock(), dry_run=dry_run)
            rounds["contracts"] = every(CONTRACTS_ROUNDS, marks.list_due)
            rounds["marks"] = every(MARKS_ROUNDS, marks.round)
            if network.collateral:
                collateral = CollateralKeeper(gateway, source, network, dry_run=dry_run)
                rounds["collateral"] = every(MARKS_ROUNDS, collateral.round)
            rounds["liquidations"] = LiquidationKeeper(gateway, marks, SystemClock()).round
        await keep(rounds, settings.sweep_interval_s, metrics_port=settings.metrics_port)
