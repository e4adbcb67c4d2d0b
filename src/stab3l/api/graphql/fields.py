"""GraphQL fields made of endpoints: the endpoint's path and query are the arguments, its answer is the type."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final, get_type_hints

import msgspec
import strawberry

from stab3l.api.account_routes import ACCOUNTS, OWN
from stab3l.api.chain_routes import CHAINS, COMPUTE
from stab3l.api.derivative_routes import DERIVATIVES
from stab3l.api.endpoints import Call, Endpoint, Nothing
from stab3l.api.graphql.directives import Auth, Authenticated, CacheControl, Cached
from stab3l.api.graphql.refusals import guarded
from stab3l.api.graphql.types import graphql_type
from stab3l.api.market_routes import MARKETS
from stab3l.api.peg_routes import PEG
from stab3l.api.problems import Problem

GROUPS: Final = (MARKETS, ACCOUNTS, OWN, DERIVATIVES, COMPUTE, CHAINS, PEG)
BY_HANDLER: Final[dict[Any, Endpoint]] = {one.handler: one for group in GROUPS for one in group.endpoints}


def field_of(handler: Any, *, parent: dict[str, str] | None = None) -> Any:
    """The field of an endpoint's handler. ``parent``: path or query names that are attributes of the parent."""
    endpoint, given = BY_HANDLER[handler], parent or {}
    path = [part[1:-1] for part in endpoint.path.split("/") if part.startswith("{")]
    query = _query_arguments(endpoint.query)
    arguments = {**dict.fromkeys(path, (str, inspect.Parameter.empty)), **query}
    asked = {name: one for name, one in arguments.items() if name not in given}

    async def resolve(root: Any, info: Any, **values: Any) -> Any:
        values |= {name: getattr(root, attribute) for name, attribute in given.items()}
        return await guarded(_run(endpoint, info.context, path, values))

    resolve.__doc__ = endpoint.summary
    resolve.__name__ = handler.__name__
    _sign(resolve, asked, graphql_type(endpoint.answer))
    extensions, directives = _guards(endpoint, given)
    return strawberry.field(
        resolver=resolve, description=endpoint.summary, extensions=extensions, directives=directives
    )


async def _run(endpoint: Endpoint, context: Any, path: list[str], values: dict[str, Any]) -> Any:
    parts = {name: str(values.pop(name)) for name in path}
    told = {name: value for name, value in values.items() if value is not None}
    try:
        query = msgspec.convert(_encoded(endpoint.query, told), endpoint.query)
    except msgspec.ValidationError as error:
        raise Problem("query_invalid", str(error)) from None
    return await endpoint.handler(Call(context.desk, parts, query, Nothing(), context.caller, endpoint.status))


def _encoded(kind: Any, values: dict[str, Any]) -> dict[str, Any]:
    names = {one.name: one.encode_name for one in msgspec.structs.fields(kind)}
    return {names[name]: value for name, value in values.items()}


def _query_arguments(kind: Any) -> dict[str, tuple[Any, Any]]:
    hints = get_type_hints(kind, include_extras=True)
    return {one.name: (_optional(graphql_type(hints[one.name])), None) for one in msgspec.structs.fields(kind)}


def _optional(kind: Any) -> Any:
    return kind | None


def _sign(resolve: Callable[..., Any], arguments: dict[str, tuple[Any, Any]], answer: Any) -> None:
    """Gives the resolver the signature that Strawberry reads its arguments from."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter("root", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Any),
        inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=strawberry.Info),
        *(
            inspect.Parameter(name, keyword, default=default, annotation=kind)
            for name, (kind, default) in arguments.items()
        ),
    ]
    resolve.__signature__ = inspect.Signature(parameters, return_annotation=answer)  # type: ignore[attr-defined]
    resolve.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": answer}


def _guards(endpoint: Endpoint, given: dict[str, str]) -> tuple[list[Any], list[Any]]:
    if endpoint.scope is not None:
        return [Authenticated(endpoint.scope)], [Auth(requires=endpoint.scope)]
    if endpoint.cache_s and not given:
        return [Cached(endpoint.cache_s)], [CacheControl(max_age=endpoint.cache_s)]
    return [], []
