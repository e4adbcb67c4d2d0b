"""Enrols this provider's enclave: challenge, quote, the committee's signatures, one transaction."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, ClassVar, Final

import anyio
import httpx
import msgspec
import structlog

from stab3l.chain.contracts import contract
from stab3l.chain.errors import ContractRejected
from stab3l.chain.port import Chain, Receipt
from stab3l.chain.sender import Sender
from stab3l.chain.signatures import recover_typed
from stab3l.compute.enrolment import (
    ENROLMENT_TYPES,
    EnrolmentRequest,
    EnrolmentSignature,
    enrolment_message,
    report_data_of,
)
from stab3l.config import Network
from stab3l.enclave.port import Enclave
from stab3l.errors import Rejected, Stab3lError
from stab3l.provider.committee import Committee, committee_of, proof_of

log = structlog.get_logger(__name__)

ANSWER_TIMEOUT_S: Final = 60
LEFT_S_MIN: Final = 86_400
"""An enrolment that ends sooner is renewed first."""

_PAUSE_S: Final = 0.2
_ANSWER_BYTES_MAX: Final = 65_536
_Finding = tuple[bytes, int, int]


class EnrolmentRefused(Rejected):
    """Too few members agree on what the quote says. ``values``: ``threshold``, ``refusals`` (URL -> reason)."""

    code: ClassVar[str] = "enrolment_refused"


class Enrolment:
    """One provider's way to an enrolled enclave."""

    def __init__(
        self, network: Network, chain: Chain, sender: Sender, client: httpx.AsyncClient, enclave: Enclave
    ) -> None:
        self._network = network
        self._chain = chain
        self._sender = sender
        self._client = client
        self._enclave = enclave
        self._proof = contract(network.primary, "TeeProof")

    async def ensure(self) -> Receipt | None:
        """Enrols the enclave, unless it is enrolled for another day.

        Raises:
            EnrolmentRefused: the committee does not believe the quote.
            ContractRejected: the chip is another provider's, or its status is not accepted.
        """
        me = self._sender.signer.address
        found: Any = await self._chain.call(self._proof, "enrolmentOf", me)
        now = (await self._chain.head()).timestamp
        if found.keyX == self._enclave.key_x and found.expiresAt > now + LEFT_S_MIN:
            return None
        await self._sender.transact(self._proof, "askChallenge")
        challenge = await self._challenge(me)
        now = (await self._chain.head()).timestamp
        report_data = report_data_of(me, self._enclave.key_x, self._enclave.key_y, challenge)
        quote, collateral = self._enclave.quote(report_data), self._enclave.collateral(now)
        request = EnrolmentRequest(me, self._enclave.key_x, self._enclave.key_y, quote, collateral)
        finding, proof = await self._signatures(request, challenge)
        enrolment = (self._enclave.key_x, self._enclave.key_y, *finding)
        return await self._sender.transact(self._proof, "enrol", enrolment, proof)

    async def _challenge(self, me: str) -> bytes:
        while True:
            try:
                return bytes(await self._chain.call(self._proof, "challengeOf", me))
            except ContractRejected as error:
                if error.error_name != "ChallengeNotReady":
                    raise
                await anyio.sleep(_PAUSE_S)

    async def _signatures(self, request: EnrolmentRequest, challenge: bytes) -> tuple[_Finding, bytes]:
        committee = await committee_of(self._chain, self._network.primary)
        found: defaultdict[_Finding, dict[str, bytes]] = defaultdict(dict)
        refusals: dict[str, str] = {}

        async def ask(url: str) -> None:
            try:
                signer, finding, signature = await self._ask(url, request, challenge, committee)
            except (httpx.HTTPError, msgspec.DecodeError, Stab3lError) as error:
                refusals[url] = error.code if isinstance(error, Stab3lError) else repr(error)
                log.warning("enrolment_not_signed", url=url, reason=refusals[url])
                return
            if signer in committee.members:
                found[finding][signer] = signature
            else:
                refusals[url] = "signer_unknown"

        async with anyio.create_task_group() as tasks:
            for url in dict.fromkeys(self._network.verifier_urls):
                tasks.start_soon(ask, url)
        for finding, signatures in found.items():
            if len(signatures) >= committee.threshold:
                return finding, proof_of(signatures, committee.threshold)
        raise EnrolmentRefused(
            f"fewer than {committee.threshold} members believe the quote; refusals: {refusals}",
            threshold=committee.threshold,
            refusals=refusals,
        )

    async def _ask(
        self, url: str, request: EnrolmentRequest, challenge: bytes, committee: Committee
    ) -> tuple[str, _Finding, bytes]:
        answer = await self._client.post(
            f"{url.rstrip('/')}/enrolments",
            content=msgspec.json.encode(request),
            headers={"Content-Type": "application/json"},
            timeout=ANSWER_TIMEOUT_S,
        )
        content = answer.content[:_ANSWER_BYTES_MAX]
        if answer.status_code != httpx.codes.OK:
            raise EnrolmentRefused(content.decode(errors="replace")[:200], status=answer.status_code)
        given = msgspec.json.decode(content, type=EnrolmentSignature)
        message = enrolment_message(request, challenge, given.chip, given.status, given.expires_at)
        signer = recover_typed(committee.domain, ENROLMENT_TYPES, message, given.signature)
        return signer, (given.chip, given.status, given.expires_at), given.signature
