"""The OpenAPI 3.1 document, made from the endpoints themselves: what is documented is what is served."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from stab3l import __version__
from stab3l.api.endpoints import PATH_PARAMETERS, Endpoint, Nothing
from stab3l.api.problems import KINDS, PROBLEM_MEDIA_TYPE

JSON: Final = "application/json"
_ALWAYS: Final = ("rate_limited", "unavailable", "internal")
_CREDENTIALS: Final = (
    "token_invalid", "token_expired", "session_ended", "key_revoked", "timestamp_outside", "request_signature_invalid",
    "request_repeated", "ip_not_allowed",
)  # fmt: skip
_BODY: Final = (
    "json_malformed",
    "request_refused",
    "body_too_large",
    "body_slow",
    "content_type_unsupported",
    "body_invalid",
)
_CHANGES: Final = ("origin_refused", "idempotency_key_invalid", "idempotency_key_reused", "idempotency_in_progress")


class ProblemDocument(msgspec.Struct, frozen=True):
    """A failure (RFC 9457). Branch on ``code``; ``values`` holds what ``detail`` is made from."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    values: dict[str, Any]
    action: str


def problem_codes(endpoint: Endpoint) -> list[str]:
    """Every problem that an endpoint can answer with, in the order of the reference."""
    codes = {*endpoint.problems, *_ALWAYS, *_CREDENTIALS}
    if endpoint.query is not Nothing or endpoint.method == "GET":
        codes.add("query_invalid")
    if endpoint.method != "GET":
        codes |= {*_CHANGES, "query_invalid"}
    if endpoint.has_body:
        codes |= set(_BODY)
    if endpoint.scope:
        codes |= {"credential_missing", "scope_missing"}
    if endpoint.accepts:
        codes.add("scope_missing")
    return [code for code in KINDS if code in codes]


def document(endpoints: Sequence[Endpoint], server: str) -> dict[str, Any]:
    """The whole document."""
    kinds = [ProblemDocument, *_kinds(endpoints)]
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    known = dict(zip(map(repr, kinds), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, known)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "stab3l",
            "version": __version__,
            "description": (
                "Integers of 64 bits and more, amounts (base units), ids and times are decimal strings; prices and "
                "quantities are decimals in whole tokens. Orders carry an EIP-712 signature and need no login."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "tags": [{"name": name} for name in dict.fromkeys(one.tag for one in endpoints)],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "key": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Stab3l-Key",
                    "description": "With Stab3l-Timestamp and Stab3l-Signature: a request signed by an Ed25519 key.",
                },
            },
        },
    }


def _kinds(endpoints: Iterable[Endpoint]) -> list[Any]:
    found: dict[str, Any] = {}
    for one in endpoints:
        for kind in (one.query, one.body, one.answer):
            if kind is not Nothing and kind is not type(None):
                found[repr(kind)] = kind
    return list(found.values())


def _operation(endpoint: Endpoint, known: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint, known),
    }
    if endpoint.has_body:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": known[repr(endpoint.body)]}}}
    if endpoint.scope:
        operation["security"] = [{"bearer": []}, {"key": []}]
        operation["x-scope"] = endpoint.scope
    elif endpoint.accepts:
        operation["security"] = [{}, {"bearer": []}, {"key": []}]
        operation["x-scope"] = endpoint.accepts
    return operation


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    found = []
    for name in re.findall(r"\{(\w+)\}", endpoint.path):
        schema = dict(PATH_PARAMETERS[name])
        described = {"description": schema.pop("description")}
        found.append({"name": name, "in": "path", "required": True, **described, "schema": schema})
    if endpoint.query is not Nothing:
        (_,), components = msgspec.json.schema_components([endpoint.query], ref_template="{name}")
        described = components[endpoint.query.__name__]
        required = described.get("required", [])
        for name, schema in described.get("properties", {}).items():
            found.append({"name": name, "in": "query", "required": name in required, "schema": _plain(schema)})
    if endpoint.method != "GET" and endpoint.scope:
        schema = {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[ -~]+$"}
        found.append({"name": "Idempotency-Key", "in": "header", "required": False, "schema": schema})
    return found


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """A query parameter's schema: absent says what null says in JSON."""
    choices = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if len(choices) == 1:
        return dict(choices[0])
    if None in schema.get("enum", []):
        return {**schema, "enum": [one for one in schema["enum"] if one is not None]}
    return schema


def _responses(endpoint: Endpoint, known: dict[str, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status in (endpoint.status, *endpoint.also):
        responses[str(status)] = {"description": "Done.", "headers": _RATE_HEADERS}
        if endpoint.answer is not type(None):
            responses[str(status)]["content"] = {JSON: {"schema": known[repr(endpoint.answer)]}}
    if endpoint.cache_s:
        responses["304"] = {"description": "The answer is the one with the ETag in If-None-Match."}
    by_status: dict[int, list[str]] = {}
    for code in problem_codes(endpoint):
        by_status.setdefault(KINDS[code].status, []).append(code)
    for status, codes in sorted(by_status.items()):
        responses[str(status)] = {
            "description": "; ".join(f"`{code}`: {KINDS[code].title}" for code in codes),
            "content": {PROBLEM_MEDIA_TYPE: {"schema": known[repr(ProblemDocument)]}},
        }
    return responses


_RATE_HEADERS: Final = {
    "RateLimit": {"description": "What is left of the quota.", "schema": {"type": "string"}},
    "RateLimit-Policy": {"description": "The quota and its window in seconds.", "schema": {"type": "string"}},
}
