"""What the gateway tells of itself over HTTP on loopback: Prometheus metrics and its health."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from socketserver import ThreadingMixIn
from typing import Any, Final, Literal
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import Counter, Gauge, Histogram, make_wsgi_app

from stab3l.errors import Unavailable

_BUCKETS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)

RECORDS: Final = Counter("stab3l_exchange_records", "Commands sequenced, refused ones among them")
BATCHES: Final = Counter("stab3l_exchange_batches", "Batches sequenced")
REFUSED: Final = Counter("stab3l_exchange_batches_refused", "Batches of which nothing was sequenced", ["reason"])
READERS_CUT: Final = Counter("stab3l_exchange_readers_cut", "Streams cut because their reader stood still")
GROUP_BATCHES: Final = Histogram(
    "stab3l_exchange_group_batches", "Batches of one group commit", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
)
COMMIT_SECONDS: Final = Histogram(
    "stab3l_exchange_commit_seconds",
    "One group commit: append, fdatasync where durability asks for it, apply, append of the events",
    buckets=_BUCKETS,
)
REPLICATE_SECONDS: Final = Histogram(
    "stab3l_exchange_replicate_seconds", "One group appended to the replicated log and confirmed", buckets=_BUCKETS
)
SEQUENCE: Final = Gauge("stab3l_exchange_sequence", "Last sequence number applied")
WAITING_BYTES: Final = Gauge("stab3l_exchange_waiting_bytes", "Bytes of batches that wait for the engine")
WAITING_BATCHES: Final = Gauge("stab3l_exchange_waiting_batches", "Batches that wait for the engine")
SUBMIT_STREAMS: Final = Gauge("stab3l_exchange_submit_streams", "Submit streams that are open")
JOURNAL_BYTES: Final = Gauge("stab3l_exchange_journal_bytes", "Bytes of both streams' segment files")
LEADING: Final = Gauge("stab3l_exchange_leading", "1 while this process acknowledges, 0 while it follows")

Role = Literal["starting", "following", "serving", "stopped"]


@dataclass(slots=True)
class Health:
    """What ``/health`` answers: 200 while this process serves or follows, else 503."""

    role: Role = "starting"
    durability: str = ""
    sequence: int = 0
    failure: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it does its work."""
        return self.failure is None and self.role in ("following", "serving")


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
        return [json.dumps(asdict(found)).encode() + b"\n"]


class _Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Requests for metrics are not worth a line."""
