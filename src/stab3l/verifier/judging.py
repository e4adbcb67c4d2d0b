"""How a member judges a disputed delivery: it runs the job again and compares the results' hashes."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import httpx
import structlog

from stab3l.chain.contracts import contract
from stab3l.chain.errors import ContractRejected
from stab3l.chain.port import Chain
from stab3l.chain.signer import Signer
from stab3l.chain.typed_data import typed_hash
from stab3l.compute.attestation import committee_domain
from stab3l.compute.verdict import JOB_BYTES_MAX, VERDICT_TYPES, Verdict, VerdictRequest, verdict_message
from stab3l.config import ChainConfig
from stab3l.errors import Invalid, NotFound, Rejected, Unavailable
from stab3l.provider.execution import execute
from stab3l.provider.jobs import budget_down, document_hash
from stab3l.units import Wad
from stab3l.verifier.memory import Memory

log = structlog.get_logger(__name__)

WALL_LIMIT_S: Final = 900
"""Longer than a provider takes for any job that it delivers."""

DOWNLOAD_TIMEOUT_S: Final = 60
_DISPUTED: Final = 3


class OrderUnknown(NotFound):
    """The chain has no such order."""

    code: ClassVar[str] = "order_unknown"


class OrderNotDisputed(Rejected):
    """Nobody disputes the delivery, as far as confirmed blocks say."""

    code: ClassVar[str] = "order_not_disputed"


class JobUnavailable(Unavailable):
    """The job's document is neither given nor to be had from the provider."""

    code: ClassVar[str] = "job_unavailable"


class Judge:
    """One member's judgements."""

    def __init__(
        self, chain: Chain, config: ChainConfig, signer: Signer, memory: Memory, client: httpx.AsyncClient
    ) -> None:
        self._chain = chain
        self._config = config
        self._signer = signer
        self._memory = memory
        self._client = client
        self._redemption = contract(config, "Redemption")
        self._domain = committee_domain(config.chain_id, contract(config, "CommitteeProof").address)

    async def judge(self, request: VerdictRequest) -> Verdict:
        """Runs the job of a disputed order again and signs what came out, for or against the provider.

        Raises:
            Stab3lError: it cannot be judged now, or at all; nothing was signed.
        """
        order = await self._disputed(request.order_id)
        document = await self._document(request, order.jobHash)
        try:
            result = await execute(document, budget_down(Wad(order.amount)), WALL_LIMIT_S)
            delivered = document_hash(result.document()) == order.resultHash
        except Invalid:
            # The buyer named something that is no job: there is nothing that the provider could have owed.
            delivered = True
        message = verdict_message(
            self._redemption.address, request.order_id, order.jobHash, order.resultHash, delivered=delivered
        )
        digest = typed_hash(self._domain, VERDICT_TYPES, message)
        self._memory.remember(request.order_id, digest)
        log.info("delivery_judged", order=request.order_id, delivered=delivered)
        return Verdict(self._signer.address, self._signer.sign_hash(digest), delivered)

    async def _disputed(self, order_id: int) -> Any:
        head = await self._chain.head()
        at = head.number - self._config.confirmations + 1
        try:
            order = await self._chain.call(self._redemption, "orderOf", order_id, block=at)
        except ContractRejected:
            raise OrderUnknown(f"there is no order {order_id}", order_id=order_id) from None
        if order.state != _DISPUTED:
            raise OrderNotDisputed(f"order {order_id} is not disputed", order_id=order_id, state=int(order.state))
        return order

    async def _document(self, request: VerdictRequest, job_hash: bytes) -> bytes:
        if request.job is not None and document_hash(request.job) == job_hash:
            return request.job
        url = f"{request.provider_url.rstrip('/')}/documents/{job_hash.hex()}"
        try:
            content = await self._fetched(url)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise JobUnavailable(f"the job does not arrive: {error!r}", order_id=request.order_id) from None
        if document_hash(content) != job_hash:
            raise JobUnavailable("what arrives is not the job", order_id=request.order_id)
        return content

    async def _fetched(self, url: str) -> bytes:
        """At most as many bytes as a job has."""
        content = bytearray()
        async with self._client.stream("GET", url, timeout=DOWNLOAD_TIMEOUT_S) as answer:
            answer.raise_for_status()
            async for piece in answer.aiter_raw():
                content += piece
                if len(content) > JOB_BYTES_MAX:
                    break
        return bytes(content)
