"""Who may call the API: sessions, API keys, agent keys, passkeys, what was used up, and how much was called.

A database of its own: unlike the read model it cannot be derived again. It holds no secret: of refresh tokens only the
hash, of keys only the public half. Times are unix seconds.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, LargeBinary, MetaData, PrimaryKeyConstraint, String, Table, Text

from stab3l.store.types import Address, Count, Hash, Word

metadata = MetaData()
Id = String(64)

spent = Table(
    "spent",
    metadata,
    Column("mark", String(128), primary_key=True),
    Column("expires_at", Count, nullable=False),
    Index("spent_by_expiry", "expires_at"),
)
"""Nonces, challenges and request signatures that count no second time."""

sessions = Table(
    "sessions",
    metadata,
    Column("session_id", Id, primary_key=True),
    Column("account", Address, nullable=False),
    Column("kind", Word, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("created_at", Count, nullable=False),
    Column("used_at", Count, nullable=False),
    Column("expires_at", Count, nullable=False),
    Column("refresh_hash", Hash, nullable=False),
    Column("revoked", Boolean, nullable=False),
    Index("sessions_by_account", "account", "created_at"),
    Index("sessions_by_refresh", "refresh_hash"),
)
"""``refresh_hash``: SHA-256 of the one refresh token that is good now."""

spent_refresh_tokens = Table(
    "spent_refresh_tokens",
    metadata,
    Column("refresh_hash", Hash, primary_key=True),
    Column("session_id", Id, nullable=False),
    Column("expires_at", Count, nullable=False),
)
"""Rotated ones: whoever shows one again ends its session."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", Id, primary_key=True),
    Column("account", Address, nullable=False),
    Column("name", Text, nullable=False),
    Column("public_key", LargeBinary(32), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("allowed_ips", Text, nullable=False),
    Column("tier", Word, nullable=False),
    Column("created_at", Count, nullable=False),
    Column("expires_at", Count),
    Column("used_at", Count),
    Column("revoked", Boolean, nullable=False),
    Index("api_keys_by_account", "account", "created_at"),
)

agents = Table(
    "agents",
    metadata,
    Column("account", Address, nullable=False),
    Column("agent", Address, nullable=False),
    Column("name", Text, nullable=False),
    Column("valid_from", Count, nullable=False),
    Column("valid_until", Count, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("created_at", Count, nullable=False),
    Column("revoked", Boolean, nullable=False),
    PrimaryKeyConstraint("account", "agent"),
)
"""``signature``: the owner's, of the EIP-712 ``Delegation``."""

passkeys = Table(
    "passkeys",
    metadata,
    Column("passkey_id", String(512), primary_key=True),
    Column("account", Address, nullable=False),
    Column("name", Text, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", Count, nullable=False),
    Column("created_at", Count, nullable=False),
    Column("used_at", Count),
    Index("passkeys_by_account", "account"),
)

answers = Table(
    "answers",
    metadata,
    Column("caller", String(80), nullable=False),
    Column("key", Id, nullable=False),
    Column("request_hash", Hash, nullable=False),
    Column("status", Count, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("expires_at", Count, nullable=False),
    PrimaryKeyConstraint("caller", "key"),
    Index("answers_by_expiry", "expires_at"),
)
"""First answers under an ``Idempotency-Key``; ``status`` 0: still being made."""

usage = Table(
    "usage",
    metadata,
    Column("account", Address, nullable=False),
    Column("hour", Count, nullable=False),
    Column("route", String(120), nullable=False),
    Column("requests", Count, nullable=False),
    Column("errors", Count, nullable=False),
    PrimaryKeyConstraint("account", "hour", "route"),
)
"""Requests by hour (its beginning) of who called with a credential."""
