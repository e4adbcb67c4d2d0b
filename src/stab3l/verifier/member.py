"""How a member of the committee comes to its signature."""

from __future__ import annotations

from typing import ClassVar, Final
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import httpx
import structlog

from stab3l.chain.contracts import contract
from stab3l.chain.port import Chain
from stab3l.chain.signer import Signer
from stab3l.chain.typed_data import typed_hash
from stab3l.compute.attestation import Attestation, AttestationRequest, committee_domain
from stab3l.compute.openings import check_openings
from stab3l.compute.statement import ATTESTATION_TYPES, Statement
from stab3l.config import ChainConfig
from stab3l.errors import Invalid
from stab3l.verifier.memory import Memory
from stab3l.verifier.publication import check_published
from stab3l.verifier.refusals import Busy
from stab3l.verifier.statements import confirmed_statement

log = structlog.get_logger(__name__)

WAITING_MAX: Final = 8
"""Claims that may wait while one is checked."""


class UrlInvalid(Invalid):
    """The provider's address is not an http or https URL."""

    code: ClassVar[str] = "url_invalid"


class Member:
    """Checks claims one after another, so that its use of memory and processor is bounded."""

    def __init__(
        self, chain: Chain, config: ChainConfig, signer: Signer, memory: Memory, client: httpx.AsyncClient
    ) -> None:
        self._chain = chain
        self._config = config
        self._signer = signer
        self._memory = memory
        self._client = client
        self._turn = anyio.Lock()
        self._domain = committee_domain(config.chain_id, contract(config, "CommitteeProof").address)

    @property
    def address(self) -> str:
        """Who signs."""
        return self._signer.address

    async def attest(self, request: AttestationRequest) -> Attestation:
        """Signs the claim's statement after every check has passed.

        Raises:
            Stab3lError: a check failed or could not be made; the error's code says which. Nothing was signed.
        """
        _check_url(request.provider_url)
        if self._turn.statistics().tasks_waiting >= WAITING_MAX:
            raise Busy("too many claims are waiting", retry_after_s=self._config.block_seconds)
        async with self._turn:
            return await self._attest(request)

    async def _attest(self, request: AttestationRequest) -> Attestation:
        statement = await confirmed_statement(self._chain, self._config, request.claim_id)
        await anyio.to_thread.run_sync(_check_openings, statement, request)
        digest = typed_hash(self._domain, ATTESTATION_TYPES, statement.attestation())
        product = self._memory.chosen_product(digest, statement.products)
        product_root = request.openings.roots[product]
        await check_published(self._client, request.provider_url, statement, product, product_root)
        await anyio.to_thread.run_sync(self._memory.remember, statement.claim_id, digest)
        log.info("claim_attested", claim_id=statement.claim_id, provider=statement.provider, product=product)
        return Attestation(signer=self._signer.address, signature=self._signer.sign_hash(digest))


def _check_openings(statement: Statement, request: AttestationRequest) -> None:
    check_openings(statement.shape, statement.seed, statement.root, statement.sample_seed, request.openings)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UrlInvalid("provider_url is not http(s)://host[:port][/path]", url=url)
