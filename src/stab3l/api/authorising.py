"""Who signed a request: its signature against the account that it names, and its life where the engine knows none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from stab3l._engine import order_digests
from stab3l.api.catalogue import Catalogue
from stab3l.api.operations import Prepared
from stab3l.api.problems import Problem
from stab3l.chain.address import checksum
from stab3l.chain.typed_data import domain_hash
from stab3l.clock import Clock

REQUEST_LIFE_MAX_NS: Final = 86_400 * 10**9


class Delegations(Protocol):
    """Who may sign for whom."""

    async def delegation(self, account: bytes, agent: bytes) -> bytes | None:
        """The evidence that an agent may sign for an account now; None when it may not."""
        ...


class Authoriser:
    """Checks signatures under ``domain``, the EIP-712 domain that users sign under."""

    def __init__(self, catalogue: Catalogue, domain: Mapping[str, Any], clock: Clock, delegations: Delegations) -> None:
        self._catalogue = catalogue
        self.domain = domain
        self._domain_hash = domain_hash(domain)
        self._clock = clock
        self._delegations = delegations

    def digest(self, prepared: Prepared, body: bytes) -> bytes:
        """What the signer of a request signed; ``body``: that of its command."""
        if prepared.message is None:
            return order_digests(self._domain_hash, prepared.owner, body)
        return prepared.message.digest(self.domain)

    async def account(self, owner: bytes) -> int | None:
        """The account of an address, if it has one."""
        return await self._catalogue.account(owner)

    async def delegation(self, owner: bytes, signer: bytes, *, by_agents: bool) -> bytes:
        """The evidence that ``signer`` may sign for ``owner``; empty for themselves. Raises `Problem`."""
        if signer == owner:
            return b""
        found = await self._delegations.delegation(owner, signer) if by_agents else None
        if found is None:
            raise Problem(
                "signer_mismatch",
                f"signed by {checksum(signer)}, not by the account {checksum(owner)} or an agent that may",
                account=checksum(owner),
                signer=checksum(signer),
            )
        return found

    def check_life(self, expires_at: int) -> None:
        """Judges the expiry of a request whose command carries none. Raises `Problem`."""
        now = self._clock.now()
        if expires_at <= now:
            raise Problem("request_expired", "expires_at has passed", expires_at=expires_at, now=now)
        if expires_at > now + REQUEST_LIFE_MAX_NS:
            raise Problem("request_too_far", "expires_at is more than a day ahead", expires_at=expires_at, now=now)
