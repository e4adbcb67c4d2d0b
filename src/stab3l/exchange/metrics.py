"""What the gateway tells of itself: Prometheus metrics and its health (`stab3l.http.metrics` serves them)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from prometheus_client import Counter, Gauge, Histogram

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
