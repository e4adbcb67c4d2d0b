"""Keeps a provider's credit: proves again when a summons asks for it, or when half of the credit is gone.

It shows at most what was promised, so nothing new is minted (docs/reference/reverification.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio
import httpx
import msgspec
import structlog

from stab3l.chain.contracts import contract
from stab3l.chain.errors import ContractRejected
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.compute.statement import ComputeClass, ProofMethod
from stab3l.config import Network
from stab3l.errors import Stab3lError
from stab3l.provider.claims import ClaimState, NextAct, last_claim, next_act
from stab3l.provider.onboarding import Onboarding, Step, Terms
from stab3l.provider.outputs import replace_file
from stab3l.provider.turn import proving_turn

log = structlog.get_logger(__name__)

RENEW_BELOW_BPS: Final = 5_000
PAUSE_S: Final = 1.0
AFTER_FAILURE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Standing:
    """What `Reverification` says of a provider; times in unix seconds."""

    credit_bps: int
    summoned_epoch: int
    answered_epoch: int
    seed_block: int
    answer_until: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why to prove again."""

    name: str
    seed_block: int | None
    """In which block the claim must be seeded, so that it answers; any where None."""


def reason_to_prove(standing: Standing, head: int, now: int) -> Reason | None:
    """A summons that can still be answered comes first; then credit that has decayed."""
    summoned = standing.summoned_epoch and standing.answered_epoch != standing.summoned_epoch
    if summoned and now <= standing.answer_until and head < standing.seed_block:
        return Reason("summons", standing.seed_block)
    if standing.credit_bps < RENEW_BELOW_BPS:
        return Reason("decay", None)
    return None


class Reproving:
    """One provider's, beside its deliveries, with the same sender."""

    def __init__(self, home: Path, network: Network, chain: RpcChain, sender: Sender) -> None:
        self._home = home
        self._network = network
        self._chain = chain
        self._sender = sender
        self._path = home / "provider" / "reverification.json"
        self._schedule = contract(network.primary, "Reverification")
        self._verifier = contract(network.primary, "ComputeUnitVerifier")

    async def run(self) -> None:
        """Until cancelled; a failure is told and tried again later."""
        while True:
            try:
                await self.round()
                await anyio.sleep(PAUSE_S)
            except Stab3lError as error:
                log.warning("reverification_failed", code=error.code, reason=error.message)
                await anyio.sleep(AFTER_FAILURE_S)

    async def round(self) -> None:
        """One look. A claim that another command works on, or that waits for its mint, is left alone."""
        me = self._sender.signer.address
        claim = await last_claim(self._chain, self._network.primary, me)
        head = await self._chain.head()
        if claim.state == ClaimState.NONE or next_act(claim, head, has_outputs=True) == NextAct.MINT:
            return
        if next_act(claim, head, has_outputs=True) not in (NextAct.OPEN, NextAct.DONE):
            reason = self._begun().get(claim.claim_id)
        else:
            reason = reason_to_prove(await self._standing(me), head.number, head.timestamp)
        if reason is None:
            return
        async with proving_turn(self._home, patient=False):
            await self._prove(me, claim.compute_class, reason)

    async def _prove(self, me: str, compute_class: int, reason: Reason) -> None:
        log.info("proving_again", reason=reason.name, seed_block=reason.seed_block)
        terms = await self._terms(me, compute_class, reason)

        def told(step: Step) -> None:
            if step.name == "open challenge":
                self._begin(int(str(step.values["claimId"])), reason)

        async with httpx.AsyncClient(follow_redirects=False, trust_env=False) as client:
            signer = self._sender.signer
            work = Onboarding(self._home, self._network, self._chain, signer, client, terms, told, self._sender)
            proved = await work.run(renew=True)
        log.info("proved_again", claim_id=proved.claim_id, reason=reason.name)
        if proved.seed_block == reason.seed_block:
            await self._answer(me)

    def _begun(self) -> dict[int, Reason]:
        """The claim that this agent opened last, which it goes on with after a restart."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[int, Reason])
        except FileNotFoundError:
            return {}

    def _begin(self, claim_id: int, reason: Reason) -> None:
        replace_file(self._path, msgspec.json.encode({claim_id: reason}))

    async def _answer(self, me: str) -> None:
        try:
            await self._sender.transact(self._schedule, "answer", me)
        except ContractRejected as error:
            log.warning("answer_refused", error=error.error_name)

    async def _standing(self, me: str) -> Standing:
        async def read(function: str, *args: Any) -> int:
            return int(await self._chain.call(self._schedule, function, *args))

        return Standing(
            credit_bps=await read("creditBpsOf", me),
            summoned_epoch=await read("summonedEpoch"),
            answered_epoch=await read("answeredOf", me),
            seed_block=await read("seedBlock"),
            answer_until=await read("answerUntil"),
        )

    async def _terms(self, me: str, compute_class: int, reason: Reason) -> Terms:
        method, stake_period_s = await self._chain.call(self._verifier, "registrationOf", me)
        capacity: Any = await self._chain.call(self._verifier, "capacityOf", me)
        return Terms(
            stake_period_s=int(stake_period_s),
            committed_s=int(stake_period_s),
            method=ProofMethod(method),
            compute_class=ComputeClass(compute_class),
            rate_max=int(capacity.promisedRate) or None,
            seed_block=reason.seed_block,
            mint=False,
        )
