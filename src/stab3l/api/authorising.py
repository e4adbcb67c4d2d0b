"""Who signed a request: its signature against the account that it names, and its life where the engine knows none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from stab3l.api.catalogue import Catalogue
from stab3l.api.problems import Problem
from stab3l.api.signed import TYPES_OF_AGENTS, TypedMessage, signature_of
from stab3l.chain.address import checksum
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
        self._domain = domain
        self._clock = clock
        self._delegations = delegations

    async def account(self, message: TypedMessage, signature: str) -> tuple[int, bytes, bytes]:
        """The account that a message names, its checked signature, and the delegation if an agent signed.

        Raises `Problem` or ``Unauthorised``.
        """
        evidence = signature_of(signature)
        address = message.values["account"]
        signer = message.recovered(self._domain, evidence)
        delegation = b""
        if signer != address:
            found = None
            if message.types in TYPES_OF_AGENTS:
                found = await self._delegations.delegation(address, signer)
            if found is None:
                raise Problem(
                    "signer_mismatch",
                    f"signed by {checksum(signer)}, not by the account {checksum(address)} or an agent that may",
                    account=checksum(address),
                    signer=checksum(signer),
                )
            delegation = found
        account = await self._catalogue.account(address)
        if account is None:
            raise Problem("account_unknown", f"{checksum(address)} has no account yet", account=checksum(address))
        return account, evidence, delegation

    def check_life(self, expires_at: int) -> None:
        """Judges the expiry of a request whose command carries none. Raises `Problem`."""
        now = self._clock.now()
        if expires_at <= now:
            raise Problem("request_expired", "expires_at has passed", expires_at=expires_at, now=now)
        if expires_at > now + REQUEST_LIFE_MAX_NS:
            raise Problem("request_too_far", "expires_at is more than a day ahead", expires_at=expires_at, now=now)
