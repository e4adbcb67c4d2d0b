"""What the API answers beyond ``stab3l.api.answers``, as a program sees it (docs/reference/api.md)."""

from __future__ import annotations

from typing import Any

import msgspec

from stab3l.api.answers import OrderPlaced
from stab3l.client.problems import ApiProblem, ApiUnavailable, error_of


class Operation(msgspec.Struct, frozen=True):
    """One operation of a batch: its WebSocket name and its signed body."""

    op: str
    request: Any


class Batch(msgspec.Struct, frozen=True):
    """Body of ``POST /v1/orders/batch``. ``signature``: one for all operations, which then have none of their own."""

    operations: list[Operation]
    signature: str = ""


class BatchResult(msgspec.Struct, frozen=True):
    """What became of one operation."""

    status: int
    answer: Any = None
    problem: Any = None

    def placed(self) -> OrderPlaced | ApiProblem | ApiUnavailable:
        """The order that a place made, or its error as a value: one refusal does not hide the others' success."""
        if self.problem is not None:
            return error_of(self.problem)
        return msgspec.convert(self.answer, OrderPlaced)


class BatchDone(msgspec.Struct, frozen=True):
    """Answer to a batch, in its order."""

    results: list[BatchResult]


class Nonce(msgspec.Struct, frozen=True):
    """What a sign-in message is made of (EIP-4361)."""

    nonce: str
    domain: str
    uri: str
    chain_id: int
    statement: str
    issued_at: str
    expires_at: str


class SiweRequest(msgspec.Struct, frozen=True):
    """Body of ``POST /v1/auth/siwe``."""

    message: str
    signature: str


class Tokens(msgspec.Struct, frozen=True):
    """A session: give ``access_token`` to ``BearerToken``."""

    access_token: str
    expires_in: int
    refresh_token: str
    account: str
    scopes: list[str]
    session_id: str

    def __repr__(self) -> str:
        return f"Tokens(account={self.account!r}, scopes={self.scopes!r})"


class DelegationRequest(msgspec.Struct, frozen=True):
    """Body of ``POST /v1/agents``; times in unix seconds."""

    account: str
    agent: str
    valid_from: str
    valid_until: str
    name: str
    signature: str = ""


class AgentView(msgspec.Struct, frozen=True):
    """A key that may trade for an account, and never withdraw."""

    agent: str
    account: str
    name: str
    valid_from: str
    valid_until: str
    revoked: bool
    created_at: str
