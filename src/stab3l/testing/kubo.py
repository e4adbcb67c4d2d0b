"""A stand-in for a Kubo node: the two commands of its RPC that are used here, over HTTP, with the same shapes.

Like the real one it names a block by itself, from the codec and hash that it is told; it answers only POST
(https://docs.ipfs.tech/reference/kubo/rpc/).
"""

from __future__ import annotations

import email.parser
import email.policy
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit

from stab3l.store.cid import DAG_PB, RAW, Cid

_CODECS = {"raw": RAW, "dag-pb": DAG_PB}


class FakeKubo:
    """One node on a free port of loopback. ``blocks``: what it holds, by CID; ``pinned``: what it would not drop."""

    def __init__(self) -> None:
        self.blocks: dict[str, bytes] = {}
        self.pinned: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Of the RPC."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def put(self, query: dict[str, list[str]], block: bytes) -> dict[str, object]:
        """block/put."""
        name = str(Cid.of(_CODECS[query["cid-codec"][0]], block))
        self.blocks[name] = block
        if query.get("pin") == ["true"]:
            self.pinned.add(name)
        return {"Key": name, "Size": len(block)}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        node = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                parts = urlsplit(self.path)
                query = parse_qs(parts.query)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if parts.path == "/api/v0/block/put":
                    self._answer(
                        200, json.dumps(node.put(query, _first_part(self.headers["Content-Type"], body))).encode()
                    )
                elif parts.path == "/api/v0/block/get" and query["arg"][0] in node.blocks:
                    self._answer(200, node.blocks[query["arg"][0]])
                else:
                    message = {"Message": "block was not found locally (offline)", "Code": 0, "Type": "error"}
                    self._answer(500, json.dumps(message).encode())

            def _answer(self, status: int, content: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


def _first_part(content_type: str, body: bytes) -> bytes:
    """The first file of a multipart form."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    part = next(iter(message.iter_parts()))  # type: ignore[attr-defined,unused-ignore]
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content
