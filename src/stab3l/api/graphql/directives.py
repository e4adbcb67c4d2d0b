"""``@auth`` and ``@cacheControl``: shown in the schema, and enforced where a field is resolved."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.schema_directive import Location

from stab3l.api.graphql.refusals import guarded
from stab3l.clock import monotonic_s

KEPT_MAX: Final = 2_000


@strawberry.schema_directive(locations=[Location.FIELD_DEFINITION], name="auth", description="Needs a credential.")
class Auth:
    """The scope that a credential must have."""

    requires: str


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION], name="cacheControl", description="The answer may be so many seconds old."
)
class CacheControl:
    """How old an answer may be."""

    max_age: int


class Authenticated(FieldExtension):
    """Lets a field be resolved only for a caller whose credential has the scope."""

    def __init__(self, scope: str) -> None:
        self._scope = scope

    async def resolve_async(self, next_: Callable[..., Awaitable[Any]], source: Any, info: Any, **kwargs: Any) -> Any:
        """The field, or the error ``credential_missing`` or ``scope_missing``."""
        await guarded(self._check(info.context))
        return await next_(source, info, **kwargs)

    async def _check(self, context: Any) -> None:
        (await context.identity()).require(self._scope)


class Cached(FieldExtension):
    """Keeps a public field's value for some seconds; whoever asks meanwhile waits for the one that is being made."""

    def __init__(self, max_age_s: int) -> None:
        self._max_age_s = max_age_s
        self._kept: dict[str, tuple[float, asyncio.Future[Any]]] = {}

    async def resolve_async(self, next_: Callable[..., Awaitable[Any]], source: Any, info: Any, **kwargs: Any) -> Any:
        """The kept value, or a new one. A failure is not kept."""
        key, now = f"{id(info.context.desk)} {sorted(kwargs.items())!r}", monotonic_s()
        kept = self._kept.get(key)
        if kept is not None and now < kept[0]:
            return await asyncio.shield(kept[1])
        making = asyncio.ensure_future(next_(source, info, **kwargs))
        if len(self._kept) >= KEPT_MAX:
            self._kept.clear()
        self._kept[key] = (now + self._max_age_s, making)
        try:
            return await asyncio.shield(making)
        except BaseException:
            self._kept.pop(key, None)
            raise
