"""GraphQL types made of the API's msgspec structs: one description of an answer for REST, WebSocket and GraphQL."""

from __future__ import annotations

import types
import typing
from functools import cache
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import strawberry
from strawberry.scalars import JSON

from stab3l.api.answers import Page

PLAIN: Final = (str, int, bool)


def graphql_type(kind: Any) -> Any:
    """The GraphQL type of an annotation of a struct."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is typing.Annotated:
        return graphql_type(arguments[0])
    if origin in (Union, types.UnionType):
        (inner,) = [one for one in arguments if one is not type(None)]
        return graphql_type(inner) | None
    if origin is Literal:
        return str
    if origin in (list, tuple):
        return list[graphql_type(arguments[0])]  # type: ignore[misc]
    if origin is Page or (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return type_of(kind)
    return kind if kind in PLAIN else JSON


@cache
def type_of(struct: Any) -> Any:
    """The GraphQL type of a struct, or of a page of them."""
    if get_origin(struct) is Page:
        (item,) = get_args(struct)
        page: dict[str, Any] = {"items": list[graphql_type(item)], "next": str | None}  # type: ignore[misc]
        return _made(f"{_name(item)}Page", page, "A part of a list; next is the cursor that goes on from here.")
    hints = get_type_hints(struct, include_extras=True)
    fields = {name: graphql_type(hints[name]) for name in struct.__struct_fields__}
    return _made(_name(struct), fields, struct.__doc__ or "")


def add_field(struct: Any, name: str, field: Any) -> None:
    """Gives a struct's type a field that leads on to another type; circles are welcome, so this comes after both."""
    owner = type_of(struct)
    field.python_name, field.origin = name, owner
    owner.__strawberry_definition__.fields.append(field)


def _made(name: str, fields: dict[str, Any], about: str) -> Any:
    namespace = {"__annotations__": fields, "__doc__": about}
    return strawberry.type(type(name, (), namespace), name=name, description=" ".join(about.split()))


def _name(struct: Any) -> str:
    return str(struct.__name__).removesuffix("View")
