"""Alembic's entry: migrations run in the transaction that ``open_database`` holds."""

from __future__ import annotations

from alembic import context

from stab3l.store.access_tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
