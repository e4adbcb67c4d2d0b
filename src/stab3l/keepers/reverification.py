"""Calls the summons that an epoch's hash asks for, and writes down the answers (docs/reference/reverification.md).

Anyone may; whoever does so watches every provider's credit decay, as metrics and as log lines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog
from prometheus_client import Counter, Gauge

from stab3l.chain.contracts import contract, decode_log
from stab3l.chain.encoding import encode
from stab3l.chain.errors import ContractRejected
from stab3l.chain.port import Chain
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.config import ChainConfig, load_network
from stab3l.hashing import keccak256
from stab3l.keepers.rounds import keep
from stab3l.keepers.settings import KeeperSettings
from stab3l.units import BASIS_POINTS

ROLE: Final = "reverification-keeper"
"""Whose key pays the gas: nothing here needs a right."""

BLOCKHASH_BLOCKS: Final = 256
BLOCKS_AT_ONCE: Final = 2_000
_PROVEN: Final = (3, 4)

CREDIT: Final = Gauge("stab3l_provider_credit_bps", "What a provider's verified rate counts for now", ["provider"])
SUMMONS: Final = Counter("stab3l_summons", "Summonses called")
ANSWERS: Final = Counter("stab3l_summons_answers", "Answers written down")

log = structlog.get_logger(__name__)


def summons(block_hash: bytes, summon_bps: int) -> bool:
    """Whether the epoch that begins with this block summons (Reverification.summon)."""
    drawn = keccak256(encode(["bytes32", "string"], [block_hash, "summons"]))
    return int.from_bytes(drawn, "big") % BASIS_POINTS < summon_bps


def readable_epochs(head: int, epoch_blocks: int, summoned_epoch: int) -> list[int]:
    """Epochs that the block after ``head`` may still summon, newest first."""
    newest = head // epoch_blocks
    oldest = max(-(-(head + 1 - BLOCKHASH_BLOCKS) // epoch_blocks), summoned_epoch + 1, 1)
    return list(range(newest, oldest - 1, -1))


@dataclass
class ReverificationKeeper:
    """One chain's keeper."""

    chain: Chain
    config: ChainConfig
    sender: Sender
    dry_run: bool = False
    _providers: set[str] = field(default_factory=set)
    _next_block: int = 0
    _quiet: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._schedule = contract(self.config, "Reverification")
        self._verifier = contract(self.config, "ComputeUnitVerifier")
        self._next_block = self.config.deploy_block

    async def round(self) -> None:
        """One look and what follows from it. Raises ``Unavailable`` and ``ContractRejected``."""
        head = (await self.chain.head()).number
        await self._find_providers(head)
        await self._summon(head)
        await self._write_answers()
        for provider in self._providers:
            CREDIT.labels(provider).set(await self.chain.call(self._schedule, "creditBpsOf", provider))

    async def _summon(self, head: int) -> None:
        rules: Any = await self.chain.call(self._schedule, "rules")
        summoned = int(await self.chain.call(self._schedule, "summonedEpoch"))
        for epoch in readable_epochs(head, rules.epochBlocks, summoned):
            if epoch in self._quiet:
                continue
            block = await self.chain.block(epoch * rules.epochBlocks)
            if summons(block.hash, rules.summonBps):
                if await self._act("summon", epoch):
                    SUMMONS.inc()
                return
            self._quiet.add(epoch)

    async def _write_answers(self) -> None:
        epoch = int(await self.chain.call(self._schedule, "summonedEpoch"))
        if epoch == 0:
            return
        seed_block = int(await self.chain.call(self._schedule, "seedBlock"))
        answer_until = int(await self.chain.call(self._schedule, "answerUntil"))
        for provider in sorted(self._providers):
            if int(await self.chain.call(self._schedule, "answeredOf", provider)) == epoch:
                continue
            claim_id = await self.chain.call(self._verifier, "lastClaimOf", provider)
            claim: Any = await self.chain.call(self._verifier, "claimOf", claim_id)
            capacity: Any = await self.chain.call(self._verifier, "capacityOf", provider)
            answers = claim.state in _PROVEN and claim.seedBlock == seed_block
            if answers and capacity.verifiedAt <= answer_until and await self._act("answer", provider):
                ANSWERS.inc()

    async def _find_providers(self, head: int) -> None:
        while self._next_block <= head:
            until = min(self._next_block + BLOCKS_AT_ONCE - 1, head)
            for entry in await self.chain.logs([self._verifier.address], self._next_block, until):
                event = decode_log(self._verifier, entry)
                if event is not None and event.event == "ProviderRegistered":
                    self._providers.add(str(event.args["provider"]))
            self._next_block = until + 1

    async def _act(self, function: str, about: int | str) -> bool:
        """Whether it was this keeper who did it; somebody else may be first."""
        if self.dry_run:
            log.info("would_act", act=function, about=about)
            return False
        try:
            receipt = await self.sender.transact(self._schedule, function, about)
        except ContractRejected as error:
            log.warning("not_needed", act=function, about=about, error=error.error_name)
            return False
        log.info("reverification_kept", act=function, about=about, tx=receipt.tx_hash.hex(), gas=receipt.gas_used)
        return True


async def serve(home: Path, *, dry_run: bool = False) -> None:
    """Keeps the schedule of the primary chain until SIGTERM. ``dry_run``: decide and tell, send nothing.

    Raises:
        NotFound, Invalid, Unauthorised: there is no usable network description or key.
    """
    settings, network = KeeperSettings(), load_network(home)
    signer = Signer.load(home, ROLE)
    async with RpcChain(network.primary) as chain:
        keeper = ReverificationKeeper(chain, network.primary, Sender(chain, signer), dry_run)
        rounds = {"reverification": keeper.round}
        await keep(rounds, settings.reverification_interval_s, metrics_port=settings.metrics_port)
