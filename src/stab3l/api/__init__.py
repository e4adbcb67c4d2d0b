"""The public API: signed orders in, state and proofs out, over REST and WebSocket (docs/reference/api.md).

``signed`` and ``grid`` are pure and shared with ``stab3l.client``; the rest is the process that ``serve`` starts.
"""

from __future__ import annotations
