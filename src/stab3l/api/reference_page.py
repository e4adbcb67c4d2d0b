"""The OpenAPI document as a page to read: plain HTML, no script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, Final

from stab3l.api.endpoints import Endpoint

_HEAD: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<title>stab3l API</title><link rel="stylesheet" href="/docs/reference.css"></head><body>'
)


def reference_page(endpoints: Sequence[Endpoint], document: dict[str, Any]) -> str:
    """The page of a document that was made from these endpoints."""
    tags = list(dict.fromkeys(one.tag for one in endpoints))
    parts = [_HEAD, "<h1>stab3l API</h1>", f"<p>{escape(document['info']['description'])}</p>"]
    parts.append(
        '<p>For programs: <a href="/v1/openapi.json">OpenAPI 3.1</a> (REST), '
        '<a href="/v1/asyncapi.json">AsyncAPI 3</a> (WebSocket).</p>'
    )
    parts.append("<nav>" + "".join(f'<a href="#{_anchor(tag)}">{escape(tag)}</a>' for tag in tags) + "</nav>")
    for tag in tags:
        parts.append(f'<h2 id="{_anchor(tag)}">{escape(tag)}</h2>')
        for one in endpoints:
            if one.tag == tag:
                operation = document["paths"][one.path][one.method.lower()]
                parts.append(_article(one, operation, document["components"]["schemas"]))
    parts.append('<h2 id="schemas">Schemas</h2>')
    for name, schema in sorted(document["components"]["schemas"].items()):
        told = escape(schema.get("description", ""))
        parts.append(
            f'<article id="schema-{escape(name)}"><h3>{escape(name)}</h3><p>{told}</p>{_fields(schema)}</article>'
        )
    return "".join(parts) + "</body></html>"


def _article(endpoint: Endpoint, operation: dict[str, Any], schemas: dict[str, Any]) -> str:
    scope = operation.get("x-scope")
    needed = f' <span class="scope">{"" if endpoint.scope else "optional: "}{scope}</span>' if scope else ""
    parts = [f"<article><h3><b>{endpoint.method}</b> <code>{escape(endpoint.path)}</code>{needed}</h3>"]
    parts.append(f"<p>{escape(operation['summary'])}</p>")
    if operation["parameters"]:
        rows = [
            (one["name"], one["in"], _kind(one["schema"]), "required" if one["required"] else "")
            for one in operation["parameters"]
        ]
        parts.append(_table(("parameter", "in", "type", ""), rows))
    body = operation.get("requestBody")
    if body:
        parts.append(f"<p>Body: {_kind(body['content']['application/json']['schema'])}</p>")
    for status, response in operation["responses"].items():
        content = response.get("content", {}).get("application/json")
        if content:
            parts.append(f"<p>{status}: {_kind(content['schema'])}</p>")
    problems = [
        (status, escape(response["description"]).replace("; `", "<br>`"))
        for status, response in operation["responses"].items()
        if status[0] in "45"
    ]
    rows_html = "".join(f"<tr><td>{status}</td><td>{told}</td></tr>" for status, told in problems)
    parts.append(f"<details><summary>Problems</summary><table>{rows_html}</table></details></article>")
    return "".join(parts)


def _fields(schema: dict[str, Any]) -> str:
    required = schema.get("required", [])
    rows = [
        (name, _kind(one), "" if name in required else "optional") for name, one in schema.get("properties", {}).items()
    ]
    return _table(("field", "type", ""), rows) if rows else ""


def _kind(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if schema.get("type") == "array" and isinstance(schema.get("items"), dict):
        return f"list of {_kind(schema['items'])}"
    if "enum" in schema:
        return ", ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    limits = [f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema]
    return escape(" ".join([str(schema.get("type", "anything")), *limits]))


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in names)
    lines = ""
    for first, *rest in rows:
        cells = "".join(f"<td>{cell}</td>" for cell in rest)
        lines += f"<tr><td><code>{escape(first)}</code></td>{cells}</tr>"
    return f"<table><tr>{head}</tr>{lines}</table>"


def _anchor(tag: str) -> str:
    return tag.lower().replace(" ", "-")
