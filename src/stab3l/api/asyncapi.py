"""The AsyncAPI 3 document of ``/v1/ws``, made from the messages that are sent and the operations that are taken."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from stab3l import __version__
from stab3l.api.live_messages import CHANNELS, SERVER_MESSAGES
from stab3l.api.operations import OPERATIONS
from stab3l.api.sockets import CLIENT_OPERATIONS, Message


def asyncapi_document(server: str) -> dict[str, Any]:
    """The whole document."""
    kinds = [Message, *SERVER_MESSAGES, *(operation.request for operation in OPERATIONS.values())]
    _, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    messages = {kind.__name__: _message(kind) for kind in (Message, *SERVER_MESSAGES)}
    received = [{"$ref": f"#/channels/socket/messages/{kind.__name__}"} for kind in SERVER_MESSAGES]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "stab3l", "version": __version__, "description": _ABOUT},
        "servers": {"here": {"host": server.partition("://")[2], "protocol": "ws" if server[:5] == "http:" else "wss"}},
        "channels": {
            "socket": {
                "address": "/v1/ws",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {
            "send": {
                "action": "receive",
                "summary": f"What a client sends: op is one of {', '.join((*CLIENT_OPERATIONS, *OPERATIONS))}.",
                "channel": {"$ref": "#/channels/socket"},
                "messages": [{"$ref": "#/channels/socket/messages/Message"}],
            },
            "hear": {
                "action": "send",
                "summary": f"What a client hears; channels are {', '.join(CHANNELS)}.",
                "channel": {"$ref": "#/channels/socket"},
                "messages": received,
            },
        },
        "components": {"schemas": components, "messages": messages},
    }


def _message(kind: type[Any]) -> dict[str, Any]:
    summary = " ".join((kind.__doc__ or "").split("\n\n")[0].split())
    return {"name": kind.__name__, "summary": summary, "payload": {"$ref": f"#/components/schemas/{kind.__name__}"}}


_ABOUT: Final = (
    "Text messages of JSON. Each message with an id gets one answer or problem with the same id. A channel begins with "
    "a snapshot; an update's prev_seq is the seq before it."
)
