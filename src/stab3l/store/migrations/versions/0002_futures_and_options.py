"""Futures and options: listings, positions and their changes, liquidations, prices; trades by account.

The exchange is followed again from its first output, so that the new tables hold all of it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from stab3l.store.types import Amount, Count, SignedAmount, Word

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("marks", "index_prices", "margin_events", "position_changes", "positions", "instruments", "underlyings")
FOLLOWED = ("orders", "trades", "credits", "withdrawals", "exchange_blocks", "feed")


def upgrade() -> None:
    """Creates them."""
    for name in FOLLOWED:
        op.execute(sa.delete(sa.table(name)))
    op.create_index("trades_by_maker", "trades", ["maker_account", "trade_id"], unique=False)
    op.create_index("trades_by_taker", "trades", ["taker_account", "trade_id"], unique=False)
    _create_listings()
    _create_positions()
    _create_margin_events()
    _create_prices()


def downgrade() -> None:
    """Drops them."""
    op.drop_index("trades_by_taker", "trades")
    op.drop_index("trades_by_maker", "trades")
    for name in TABLES:
        op.drop_table(name)


def _create_listings() -> None:
    op.create_table(
        "underlyings",
        sa.Column("underlying", Count, autoincrement=False, nullable=False),
        sa.Column("sequence", Count, nullable=False),
        sa.Column("name", Word, nullable=False),
        sa.Column("settlement_asset", Count, nullable=False),
        sa.Column("tick", Count, nullable=False),
        sa.PrimaryKeyConstraint("underlying"),
    )
    op.create_table(
        "instruments",
        sa.Column("market", Count, autoincrement=False, nullable=False),
        sa.Column("sequence", Count, nullable=False),
        sa.Column("at", Count, nullable=False),
        sa.Column("underlying", Count, nullable=False),
        sa.Column("kind", Count, nullable=False),
        sa.Column("expiry", Amount(), nullable=False),
        sa.Column("strike", Count, nullable=False),
        sa.Column("settled_sequence", Count, nullable=True),
        sa.Column("settled_at", Count, nullable=True),
        sa.Column("settled_ticks", Count, nullable=True),
        sa.PrimaryKeyConstraint("market"),
    )


def _create_positions() -> None:
    op.create_table(
        "positions",
        sa.Column("account", Count, nullable=False),
        sa.Column("market", Count, nullable=False),
        sa.Column("changed_sequence", Count, nullable=False),
        sa.Column("lots", Count, nullable=False),
        sa.Column("entry", SignedAmount(), nullable=False),
        sa.PrimaryKeyConstraint("account", "market"),
    )
    op.create_table(
        "position_changes",
        sa.Column("sequence", Count, nullable=False),
        sa.Column("place", Count, nullable=False),
        sa.Column("at", Count, nullable=False),
        sa.Column("account", Count, nullable=False),
        sa.Column("market", Count, nullable=False),
        sa.Column("cause", Word, nullable=False),
        sa.Column("change", Count, nullable=False),
        sa.Column("ticks", Count, nullable=False),
        sa.Column("lots", Count, nullable=False),
        sa.Column("entry", SignedAmount(), nullable=False),
        sa.Column("realised", SignedAmount(), nullable=False),
        sa.Column("fee", Amount(), nullable=False),
        sa.Column("trade_id", Count, nullable=True),
        sa.Column("order_id", Count, nullable=True),
        sa.PrimaryKeyConstraint("sequence", "place"),
    )
    op.create_index("position_changes_by_account", "position_changes", ["account", "sequence", "place"], unique=False)


def _create_margin_events() -> None:
    op.create_table(
        "margin_events",
        sa.Column("sequence", Count, nullable=False),
        sa.Column("place", Count, nullable=False),
        sa.Column("at", Count, nullable=False),
        sa.Column("account", Count, nullable=False),
        sa.Column("kind", Word, nullable=False),
        sa.Column("market", Count, nullable=True),
        sa.Column("counterparty", Count, nullable=True),
        sa.Column("asset", Count, nullable=True),
        sa.Column("lots", Count, nullable=False),
        sa.Column("ticks", Count, nullable=False),
        sa.Column("amount", SignedAmount(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", "place"),
    )
    op.create_index("margin_events_by_account", "margin_events", ["account", "sequence", "place"], unique=False)


def _create_prices() -> None:
    op.create_table(
        "index_prices",
        sa.Column("sequence", Count, autoincrement=False, nullable=False),
        sa.Column("at", Count, nullable=False),
        sa.Column("underlying", Count, nullable=False),
        sa.Column("ticks", Count, nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_index("index_prices_by_underlying", "index_prices", ["underlying", "sequence"], unique=False)
    op.create_table(
        "marks",
        sa.Column("sequence", Count, nullable=False),
        sa.Column("market", Count, nullable=False),
        sa.Column("at", Count, nullable=False),
        sa.Column("ticks", Count, nullable=False),
        sa.PrimaryKeyConstraint("market", "sequence"),
    )
