"""Who a request comes from, as its credential says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from stab3l.api.problems import Problem
from stab3l.chain.address import checksum

SCOPES: Final = ("read", "trade", "withdraw", "manage")


@dataclass(frozen=True, slots=True)
class Identity:
    """A checked credential: whose it is and what it may. ``id``: of the session or the API key."""

    account: bytes
    scopes: frozenset[str]
    kind: Literal["session", "key"]
    id: str
    tier: str = "standard"

    @property
    def address(self) -> str:
        """The account, checksummed."""
        return str(checksum(self.account))

    def require(self, scope: str) -> None:
        """Raises `Problem` ``scope_missing`` unless the credential has the scope."""
        if scope not in self.scopes:
            had = ", ".join(sorted(self.scopes))
            raise Problem("scope_missing", f"the credential has {had}, not {scope}", scope=scope, scopes=had)

    def require_account(self, account: bytes) -> None:
        """Raises `Problem` ``account_other`` unless the credential is of this account."""
        if account != self.account:
            raise Problem(
                "account_other",
                f"the credential is of {self.address}, the request of {checksum(account)}",
                account=str(checksum(account)),
            )
