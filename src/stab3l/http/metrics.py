"""What a process tells of itself over HTTP on loopback: Prometheus metrics and its health."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict
from socketserver import ThreadingMixIn
from typing import Any, Protocol
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from stab3l.errors import Unavailable


class Health(Protocol):
    """A dataclass that says how a process is."""

    @property
    def ok(self) -> bool:
        """Whether it does its work."""
        ...


class MetricsServer:
    """``/metrics`` and ``/health`` on a loopback port, in threads of its own; use it as a context manager."""

    def __init__(self, port: int, health: Callable[[], Health]) -> None:
        self._port = port
        self._health = health
        self._metrics = make_wsgi_app()
        self._server: WSGIServer | None = None

    def __enter__(self) -> MetricsServer:
        """Starts it. Raises `Unavailable` when the port is taken."""
        try:
            self._server = make_server("127.0.0.1", self._port, self._answer, _Threads, _Silent)
        except OSError as error:
            message = f"the metrics cannot be served on port {self._port}: {error.strerror}"
            raise Unavailable(message, port=self._port) from None
        threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def _answer(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/metrics":
            answer: Iterable[bytes] = self._metrics(environ, start)
            return answer
        if environ["PATH_INFO"] != "/health":
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"/metrics or /health\n"]
        found = self._health()
        start("200 OK" if found.ok else "503 Service Unavailable", [("Content-Type", "application/json")])
        return [json.dumps(asdict(found)).encode() + b"\n"]  # type: ignore[call-overload]


class _Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Requests for metrics are not worth a line."""
