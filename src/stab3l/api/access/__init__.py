"""Who calls, what they may, and how often: sessions, keys, agents, passkeys, limits (docs/reference/access.md)."""

from __future__ import annotations
