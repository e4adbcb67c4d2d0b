"""Limits of the gateway (docs/reference/gateway.md); client and server know the same ones."""

from __future__ import annotations

from typing import Final

BATCH_BYTES_MAX: Final = 4 * 1024 * 1024
BATCH_RECORDS_MAX: Final = 65_536
MESSAGE_BYTES_MAX: Final = 2 * BATCH_BYTES_MAX
"""gRPC's own limit on a request; above it the stream ends, between the two limits one batch is refused."""

STREAM_BATCHES_MAX: Final = 64
"""Batches of one stream that are under way; the next is not read before one is answered."""

CALLS_MAX: Final = 4_096
"""Calls and streams of all clients at once; the next is refused with ``RESOURCE_EXHAUSTED``."""

GROUP_BYTES_MAX: Final = 32 * 1024 * 1024
"""What one group commit takes at most."""

WAITING_BYTES_MAX: Final = 64 * 1024 * 1024
"""Bytes that wait for the sequencer over all streams; beyond it no stream is read."""

FRAMES_BYTES_MAX: Final = 1024 * 1024
"""What a stream reads from the journal at once."""

SEGMENT_READ_BYTES_MAX: Final = 1024 * 1024
"""What one question for a segment's bytes is answered with at most."""

READER_STALL_S: Final = 30
"""A reader that takes nothing for so long is cut."""

WITHDRAWALS_PER_PAGE: Final = 1_000
BOOK_DEPTH_MAX: Final = 1_000
UNHEALTHY_LOOKED_AT_MAX: Final = 10_000
"""Accounts whose margin one question looks at; the engine works on nothing else meanwhile."""

DRAIN_S: Final = 5
"""How long a stopping gateway waits for what is under way."""
