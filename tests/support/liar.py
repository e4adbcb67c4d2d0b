"""A committee member that signs anything, with a key of its own making."""

from __future__ import annotations

import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import msgspec

from stab3l.chain.signer import Signer
from stab3l.compute.attestation import Attestation


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        signer = Signer(secrets.token_bytes(32))
        body = msgspec.json.encode(Attestation(signer.address, signer.sign_hash(secrets.token_bytes(32))))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Silent."""


class Liar:
    """Serves lies at ``url`` while the block runs."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = ThreadingHTTPServer((str(parts.hostname), int(parts.port or 0)), _Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Liar:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
