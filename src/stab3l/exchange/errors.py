"""What can go wrong between a client and the exchange.

::

    Stab3lError
    ├── Invalid
    │   ├── BatchRefused        the gateway would not take the batch; nothing of it was sequenced
    │   └── TokenInvalid        the token file is missing, short or readable by others
    ├── Rejected
    │   └── ListingConflict     the engine lists something else than the network names
    └── Unavailable
        ├── GatewayUnavailable  nobody answers, or the engine is halted; nothing was submitted
        ├── EngineStopped       inside the gateway: the engine failed or is closing; nothing more is taken
        │   └── LeadershipLost  another node leads, or may: this one acknowledges nothing more
        ├── LogUnavailable      the replicated log (NATS JetStream) does not answer
        ├── SubmissionUnknown   the answer to a batch was lost: it may have been applied
        └── ReaderTooSlow       a stream was cut because its reader did not keep up; carries where to resume
"""

from __future__ import annotations

from typing import ClassVar

from stab3l.errors import Invalid, Rejected, Unavailable


class BatchRefused(Invalid):
    """The gateway refused a batch whole; nothing was sequenced. ``values``: ``reason``, its stable code."""

    code: ClassVar[str] = "batch_refused"


class TokenInvalid(Invalid):
    """The token file cannot be used. ``values``: ``path``."""

    code: ClassVar[str] = "gateway_token_invalid"


class ListingConflict(Rejected):
    """The engine knows a market or asset under other terms than the network's. ``values``: both."""

    code: ClassVar[str] = "listing_conflict"


class GatewayUnavailable(Unavailable):
    """The gateway does not answer or its engine is halted. For ``submit``: nothing was submitted."""

    code: ClassVar[str] = "gateway_unavailable"


class EngineStopped(Unavailable):
    """The engine behind the gateway takes nothing more; a restart recovers from the journal."""

    code: ClassVar[str] = "engine_stopped"


class LeadershipLost(EngineStopped):
    """Another node leads, or may lead by now; a restart follows it. What was under way may be in the log."""

    code: ClassVar[str] = "leadership_lost"


class LogUnavailable(Unavailable):
    """The replicated log does not answer or cannot be used."""

    code: ClassVar[str] = "log_unavailable"


class SubmissionUnknown(Unavailable):
    """A batch was sent and its answer lost. Submit the same commands again: their client ids make that harmless."""

    code: ClassVar[str] = "submission_unknown"


class ReaderTooSlow(Unavailable):
    """The gateway cut this stream because it was not read. ``resume_at``: first sequence of the frame not read."""

    code: ClassVar[str] = "reader_too_slow"

    def __init__(self, message: str, *, resume_at: int, retry_after_s: int = 1, **values: object) -> None:
        super().__init__(message, retry_after_s=retry_after_s, resume_at=resume_at, **values)
        self.resume_at = resume_at
