"""What users run: signing, a REST and a WebSocket client, deposits, and the agents of the demo economy."""

from __future__ import annotations
