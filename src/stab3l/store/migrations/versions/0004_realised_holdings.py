"""Holdings know what futures and options realised.

What the exchange said is read again from its first output, since holdings are derived from it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

FOLLOWED = (
    "feed", "orders", "trades", "credits", "withdrawals", "exchange_blocks", "spot_markets", "candles", "holdings",
    "underlyings", "instruments", "positions", "position_changes", "margin_events", "index_prices", "marks",
)  # fmt: skip


def upgrade() -> None:
    """Empties what follows the exchange."""
    for name in FOLLOWED:
        op.execute(sa.delete(sa.table(name)))


def downgrade() -> None:
    """Empties it, too: it is followed again by the code of the time."""
    upgrade()
