"""How a member comes to sign an enclave's enrolment."""

from __future__ import annotations

from typing import ClassVar

import anyio.to_thread
import structlog

from stab3l.chain.contracts import contract
from stab3l.chain.errors import ContractRejected, NotLocal
from stab3l.chain.rpc import RpcChain
from stab3l.chain.signer import Signer
from stab3l.chain.typed_data import typed_hash
from stab3l.compute.attestation import committee_domain
from stab3l.compute.enrolment import (
    ENROLMENT_TYPES,
    EnrolmentRequest,
    EnrolmentSignature,
    enrolment_message,
    report_data_of,
)
from stab3l.config import ChainConfig
from stab3l.enclave.local import require_test_root_allowed, root_certificate
from stab3l.errors import Rejected
from stab3l.verifier.quotes import judge

log = structlog.get_logger(__name__)


class ChallengeUnreadable(Rejected):
    """The provider has asked for no challenge, or too long ago, or its block is not mined yet."""

    code: ClassVar[str] = "challenge_unreadable"


class Enrolling:
    """One member's checks of quotes."""

    def __init__(self, chain: RpcChain, config: ChainConfig, signer: Signer) -> None:
        self._chain = chain
        self._config = config
        self._signer = signer
        self._domain = committee_domain(config.chain_id, contract(config, "CommitteeProof").address)

    async def enrol(self, request: EnrolmentRequest) -> EnrolmentSignature:
        """Signs what a good quote says, at the chain's time.

        Raises:
            ChallengeUnreadable, QuoteInvalid, QuoteOfAnother, PlatformOutdated: nothing was signed.
        """
        head = await self._chain.head()
        try:
            challenge = await self._chain.call(
                contract(self._config, "TeeProof"), "challengeOf", request.provider, block=head.number
            )
        except ContractRejected as error:
            raise ChallengeUnreadable(f"no challenge: {error.message}", provider=request.provider) from None
        expected = report_data_of(request.provider, request.key_x, request.key_y, challenge)
        test_root = await self._test_root()
        platform = await anyio.to_thread.run_sync(
            lambda: judge(request.quote, request.collateral, head.timestamp, expected, test_root=test_root)
        )
        message = enrolment_message(request, challenge, platform.chip, platform.status, platform.expires_at)
        signature = self._signer.sign_hash(typed_hash(self._domain, ENROLMENT_TYPES, message))
        log.info("enclave_enrolled", provider=request.provider, status=platform.status.name)
        return EnrolmentSignature(
            self._signer.address, signature, platform.chip, int(platform.status), platform.expires_at
        )

    async def _test_root(self) -> bytes | None:
        """The project's test root where it may be believed: on local chains."""
        try:
            await require_test_root_allowed(self._chain)
        except NotLocal:
            return None
        return root_certificate()
