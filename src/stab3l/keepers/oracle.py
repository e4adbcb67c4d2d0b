"""Reporters tell each chain's Oracle the price, in time for it never to go stale.

Each reporter has a key of its own (``reporter-0``, ``reporter-1``, ...); the contract takes the fresh ones' median.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from prometheus_client import Counter

from stab3l.chain.contracts import contract
from stab3l.chain.errors import ContractRejected
from stab3l.chain.port import Chain, Receipt
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer, keystore_path
from stab3l.config import ChainConfig, load_network
from stab3l.errors import NotFound
from stab3l.feeds.fixed import FixedFeed
from stab3l.feeds.port import PriceFeed
from stab3l.hashing import keccak256
from stab3l.keepers.rounds import Round, keep
from stab3l.keepers.settings import KeeperSettings
from stab3l.units import BASIS_POINTS, Wad

PAIRS: Final = ("USDC/USD", "USDT/USD", "EUR/USD", "XAU/USD", "CU/USD", "sSTB/USD", "sSTB-FUTURES/USD")
"""What is reported where a chain's oracle has a feed for it."""
REPORTS: Final = Counter("stab3l_oracle_reports", "Prices reported", ["chain", "reporter"])

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """A reporter's last report on a chain: price [wad dollars] and time [unix seconds]; zero when there is none."""

    price: Wad
    at: int


@dataclass(frozen=True, slots=True)
class Policy:
    """When a report is due."""

    heartbeat_s: int
    deviation_bps: int


def is_due(report: Report, price: Wad, now: int, age_s_max: int, policy: Policy) -> bool:
    """Whether to report: no report yet, half of its allowed age or the heartbeat is over, or the price moved."""
    if report.at == 0 or now - report.at >= min(policy.heartbeat_s, age_s_max // 2):
        return True
    return abs(price - report.price) * BASIS_POINTS >= policy.deviation_bps * report.price


class Reporter:
    """One reporter on one chain."""

    def __init__(
        self,
        chain: Chain,
        config: ChainConfig,
        sender: Sender,
        feed: PriceFeed,
        policy: Policy,
        *,
        dry_run: bool = False,
    ) -> None:
        self._chain = chain
        self._sender = sender
        self._feed = feed
        self._policy = policy
        self._dry_run = dry_run
        self._oracle = contract(config, "Oracle")
        self._age_s_max: dict[str, int] = {}

    async def round(self) -> None:
        """One look, and at most one transaction with all reports that are due.

        Raises:
            ContractRejected: a price deviates beyond its guard.
            Unavailable: the chain or the prices' source is away.
        """
        due = await self.due()
        if not due:
            return
        place = {"chain": self._chain.chain_id, "reporter": self._sender.signer.address, "prices": due}
        if self._dry_run:
            log.info("would_report", **place)
            return
        receipt = await self._report(due)
        REPORTS.labels(self._chain.chain_id, self._sender.signer.address).inc(len(due))
        log.info("prices_reported", tx=receipt.tx_hash.hex(), gas=receipt.gas_used, **place)
        self._age_s_max.clear()

    async def due(self) -> dict[str, Wad]:
        """The prices that are due, by pair."""
        if not self._age_s_max:
            self._age_s_max = await self._feeds()
        now = (await self._chain.head()).timestamp
        due: dict[str, Wad] = {}
        for pair, age_s_max in self._age_s_max.items():
            price = await self._feed.price(pair)
            last = await self._chain.call(self._oracle, "reportOf", feed_of(pair), self._sender.signer.address)
            if is_due(Report(last.price, last.at), price, now, age_s_max, self._policy):
                due[pair] = price
        return due

    async def _feeds(self) -> dict[str, int]:
        """The pairs that this chain's oracle has, and how old their reports may be [seconds]."""
        found: dict[str, int] = {}
        for pair in PAIRS:
            try:
                found[pair] = (await self._chain.call(self._oracle, "rulesOf", feed_of(pair))).ageSecondsMax
            except ContractRejected as error:
                if error.error_name != "FeedUnknown":
                    raise
        return found

    async def _report(self, due: dict[str, Wad]) -> Receipt:
        feeds, prices = [feed_of(pair) for pair in due], list(due.values())
        if len(due) == 1:
            return await self._sender.transact(self._oracle, "report", feeds[0], prices[0])
        return await self._sender.transact(self._oracle, "reportMany", feeds, prices)


def feed_of(pair: str) -> bytes:
    """The oracle's id of a pair."""
    return keccak256(pair.encode())


def load_reporters(home: Path) -> list[Signer]:
    """The keys ``reporter-0``, ``reporter-1``, ... as far as they go. Raises ``NotFound`` when there is none."""
    signers: list[Signer] = []
    while keystore_path(home, f"reporter-{len(signers)}").exists():
        signers.append(Signer.load(home, f"reporter-{len(signers)}"))
    if not signers:
        raise NotFound(f"{keystore_path(home, 'reporter-0')} is missing: there is no reporter", home=str(home))
    return signers


async def serve(home: Path, *, dry_run: bool = False) -> None:
    """Reports on every chain that has an Oracle, until SIGTERM. ``dry_run``: decide and tell, send nothing.

    Raises:
        NotFound, Invalid, Unauthorised: there is no usable network description or reporter key.
    """
    settings, network = KeeperSettings(), load_network(home)
    signers = await asyncio.to_thread(load_reporters, home)
    policy = Policy(settings.oracle_heartbeat_s, settings.oracle_deviation_bps)
    async with AsyncExitStack() as stack:
        chains = [await stack.enter_async_context(RpcChain(c)) for c in network.chains if "Oracle" in c.contracts]
        rounds: dict[str, Round] = {}
        for chain in chains:
            feed = FixedFeed(chain)
            for place, signer in enumerate(signers):
                reporter = Reporter(chain, chain.config, Sender(chain, signer), feed, policy, dry_run=dry_run)
                rounds[f"report_{chain.chain_id}_{place}"] = reporter.round
        await keep(rounds, settings.oracle_interval_s, metrics_port=settings.metrics_port)
