"""What a REST path is: one declaration that routes, reads, guards and documents it.

A handler takes a `Call` with the query and body that its annotation names and returns what it answers; everything else
about it (credentials, limits, idempotency, caching, the OpenAPI document) follows from its `Endpoint`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Literal, TypeVar, get_args, get_type_hints

import msgspec

from stab3l.api.access.identity import Identity
from stab3l.api.answers import Page as Page
from stab3l.api.desk import Desk

Q = TypeVar("Q")
B = TypeVar("B")
T = TypeVar("T")

Method = Literal["GET", "POST", "DELETE"]
Scope = Literal["read", "trade", "withdraw", "manage"]
Cost = Literal["read", "order", "auth"]
BODY_BYTES_MAX: Final = 16 * 1024

PATH_PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "address": {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$", "description": "An address."},
    "agent": {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$", "description": "An agent's address."},
    "symbol": {"type": "string", "maxLength": 80, "description": "A market's symbol.", "example": "sSTB-USDC"},
    "order": {"type": "string", "pattern": "^[0-9]{1,20}$", "description": "An order's id."},
    "asset": {"type": "string", "pattern": "^[0-9]{1,10}$", "description": "An asset's id."},
    "withdrawal": {"type": "string", "pattern": "^[0-9]{1,20}$", "description": "A withdrawal's id."},
    "claim": {"type": "string", "pattern": "^[0-9]{1,78}$", "description": "A claim's id."},
    "redemption": {"type": "string", "pattern": "^[0-9]{1,78}$", "description": "A redemption's id."},
    "chain": {"type": "string", "pattern": "^[0-9]{1,18}$", "description": "A chain's id."},
    "ordinal": {"type": "string", "pattern": "^[0-9]{1,18}$", "description": "A deposit's ordinal on its chain."},
    "index": {"type": "string", "pattern": "^[0-9]{1,18}$", "description": "A batch's index on its chain."},
    "task_type": {"type": "string", "pattern": "^0x[0-9a-fA-F]{64}$", "description": "A task type's id."},
    "key": {"type": "string", "maxLength": 64, "description": "An API key's id."},
    "session": {"type": "string", "maxLength": 64, "description": "A session's id."},
    "passkey": {"type": "string", "maxLength": 256, "description": "A passkey's id."},
}


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No query, or no body."""


async def _free(_: int) -> None:
    """A call that nobody counts."""


@dataclass(slots=True)
class Call(Generic[Q, B]):
    """One request as its handler sees it. ``status`` and ``headers`` are what the answer gets."""

    desk: Desk
    path: dict[str, str]
    query: Q
    body: B
    caller: Identity | None
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    origin: str = ""
    user_agent: str = ""
    charge: Callable[[int], Awaitable[None]] = _free
    """Counts a request as several more against the caller's quota. Raises `Problem` ``rate_limited``."""

    @property
    def identity(self) -> Identity:
        """Who calls; only for endpoints with a scope, which nobody reaches without a credential."""
        assert self.caller is not None
        return self.caller

    @property
    def account(self) -> bytes:
        """Whose account this is; only for endpoints with a scope."""
        return self.identity.account


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path."""

    method: Method
    path: str
    """With names in braces."""
    handler: Callable[[Call[Any, Any]], Awaitable[Any]]
    tag: str
    query: type[Any]
    body: type[Any]
    answer: Any
    status: int
    also: tuple[int, ...]
    """Other statuses of success."""
    problems: tuple[str, ...]
    scope: Scope | None
    accepts: Scope | None
    """What a credential must allow if one is sent, though none is needed."""
    cost: Cost
    cache_s: int
    body_bytes_max: int

    @property
    def summary(self) -> str:
        """The first sentence of what it says about itself."""
        return " ".join((self.handler.__doc__ or "").split("\n\n")[0].split())

    @property
    def has_body(self) -> bool:
        """Whether it reads one."""
        return self.body is not Nothing


@dataclass(frozen=True, slots=True)
class Routes:
    """Endpoints of one tag, gathered by its decorators."""

    tag: str
    endpoints: list[Endpoint] = field(default_factory=list)

    def get(self, path: str, **options: Any) -> Callable[[T], T]:
        """Adds a GET."""
        return self._add("GET", path, options)

    def post(self, path: str, **options: Any) -> Callable[[T], T]:
        """Adds a POST."""
        return self._add("POST", path, options)

    def delete(self, path: str, **options: Any) -> Callable[[T], T]:
        """Adds a DELETE."""
        return self._add("DELETE", path, {"status": 204} | options)

    def _add(self, method: Method, path: str, options: dict[str, Any]) -> Callable[[T], T]:
        def add(handler: T) -> T:
            hints = get_type_hints(handler)
            query, body = get_args(hints["call"])
            settings: dict[str, Any] = {
                "status": 200, "also": (), "problems": (), "scope": None, "accepts": None,
                "cost": "read" if method == "GET" else "auth", "cache_s": 0, "body_bytes_max": BODY_BYTES_MAX,
            }  # fmt: skip
            self.endpoints.append(
                Endpoint(method, path, handler, self.tag, query, body, hints["return"], **settings | options)  # type: ignore[arg-type]
            )
            return handler

        return add
