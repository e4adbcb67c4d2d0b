"""First tables of the access database: as `stab3l.store.access_tables` declares them."""

from __future__ import annotations

from alembic import op

from stab3l.store.access_tables import metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates them."""
    metadata.create_all(op.get_bind())


def downgrade() -> None:
    """Drops them."""
    metadata.drop_all(op.get_bind())
