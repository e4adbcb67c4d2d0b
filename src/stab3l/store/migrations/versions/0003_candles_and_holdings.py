"""Candles, holdings, and an account's own trades, deposits and withdrawals by index.

What the exchange said is read again from its first output: the new tables are derived from it, and it is public.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from stab3l.store.types import Amount, Count, SignedAmount

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FOLLOWED = (
    "feed", "orders", "trades", "credits", "withdrawals", "exchange_blocks", "underlyings", "instruments", "positions",
    "position_changes", "margin_events", "index_prices", "marks",
)  # fmt: skip


def upgrade() -> None:
    """Empties what follows the exchange and creates the new tables."""
    for name in FOLLOWED:
        op.execute(sa.delete(sa.table(name)))
    with op.batch_alter_table("credits") as table:
        table.add_column(sa.Column("at", Count, nullable=False))
    op.create_index("credits_by_account", "credits", ["account", "sequence"])
    op.create_index("withdrawals_by_account", "withdrawals", ["account", "sequence"])
    op.create_table(
        "spot_markets",
        sa.Column("market", Count, primary_key=True, autoincrement=False),
        sa.Column("base_asset", Count, nullable=False),
        sa.Column("quote_asset", Count, nullable=False),
        sa.Column("lot", Amount, nullable=False),
        sa.Column("tick", Amount, nullable=False),
    )
    _create_candles()
    op.create_table(
        "holdings",
        sa.Column("account", Count, nullable=False),
        sa.Column("asset", Count, nullable=False),
        sa.Column("start", Count, nullable=False),
        sa.Column("amount", SignedAmount, nullable=False),
        sa.PrimaryKeyConstraint("account", "asset", "start"),
    )


def _create_candles() -> None:
    counts = ("market", "interval_s", "start", "open", "high", "low", "close", "lots")
    op.create_table(
        "candles",
        *(sa.Column(name, Count, nullable=False) for name in counts),
        sa.Column("notional", Amount, nullable=False),
        sa.Column("trades", Count, nullable=False),
        sa.PrimaryKeyConstraint("market", "interval_s", "start"),
    )


def downgrade() -> None:
    """Drops them."""
    for name in ("holdings", "candles", "spot_markets"):
        op.drop_table(name)
    for index, table in (
        ("withdrawals_by_account", "withdrawals"),
        ("credits_by_account", "credits"),
    ):
        op.drop_index(index, table)
    with op.batch_alter_table("credits") as batch:
        batch.drop_column("at")
