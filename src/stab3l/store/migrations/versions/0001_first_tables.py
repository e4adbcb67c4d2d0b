"""First tables: chains, the event log, read models, the exchange's side."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from stab3l.store.types import Address, Amount, Count, Hash, Word

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates them."""
    _create_chain_log()
    _create_facts()
    _create_providers()
    _create_claims_and_redemptions()
    _create_orders_and_trades()
    _create_exchange_settlement()


def downgrade() -> None:
    """Drops them."""
    for name in TABLES:
        op.drop_table(name)


def _create_chain_log() -> None:
    op.create_table(
        "chains",
        sa.Column("chain_id", Count, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("confirmations", Count, nullable=False),
        sa.Column("cursor_number", Count, nullable=True),
        sa.Column("cursor_hash", Hash, nullable=True),
        sa.PrimaryKeyConstraint("chain_id"),
    )
    op.create_table(
        "blocks",
        sa.Column("chain_id", Count, nullable=False),
        sa.Column("number", Count, nullable=False),
        sa.Column("hash", Hash, nullable=False),
        sa.Column("parent_hash", Hash, nullable=False),
        sa.Column("timestamp", Count, nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "number"),
    )
    op.create_table(
        "chain_events",
        sa.Column("chain_id", Count, nullable=False),
        sa.Column("block_number", Count, nullable=False),
        sa.Column("log_index", Count, nullable=False),
        sa.Column("block_hash", Hash, nullable=False),
        sa.Column("tx_hash", Hash, nullable=False),
        sa.Column("contract", Word, nullable=False),
        sa.Column("event", Word, nullable=False),
        sa.Column("at", Count, nullable=False),
        sa.Column("args", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "block_number", "log_index"),
    )
    op.create_index(
        "chain_events_by_kind",
        "chain_events",
        ["chain_id", "contract", "event", "block_number", "log_index"],
        unique=False,
    )
    op.create_index("chain_events_by_time", "chain_events", ["at"], unique=False)


def _create_facts() -> None:
    op.create_table(
        "mints",
        sa.Column("chain_id", Count, nullable=False),
        sa.Column("block_number", Count, nullable=False),
        sa.Column("log_index", Count, nullable=False),
        sa.Column("tx_hash", Hash, nullable=False),
        sa.Column("at", Count, nullable=False),
        sa.Column("claim_id", Amount(), nullable=False),
        sa.Column("provider", Address, nullable=False),
        sa.Column("amount", Amount(), nullable=False),
        sa.Column("stake_id", Amount(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "block_number", "log_index"),
    )
    op.create_index("mints_by_time", "mints", ["at"], unique=False)
    op.create_table(
        "deposits",
        sa.Column("chain_id", Count, nullable=False),
        sa.Column("block_number", Count, nullable=False),
        sa.Column("log_index", Count, nullable=False),
        sa.Column("tx_hash", Hash, nullable=False),
        sa.Column("at", Count, nullable=False),
        sa.Column("ordinal", Count, nullable=False),
        sa.Column("owner", Address, nullable=False),
        sa.Column("token", Address, nullable=False),
        sa.Column("amount", Amount(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "block_number", "log_index"),
        sa.UniqueConstraint("chain_id", "ordinal"),
    )
    op.create_index("deposits_by_owner", "deposits", ["owner"], unique=False)
    op.create_index("deposits_by_time", "deposits", ["at"], unique=False)
    op.create_table(
        "batches",
        sa.Column("chain_id", Count, nullable=False),
        sa.Column("block_number", Count, nullable=False),
        sa.Column("log_index", Count, nullable=False),
        sa.Column("tx_hash", Hash, nullable=False),
        sa.Column("at", Count, nullable=False),
        sa.Column("batch_index", Count, nullable=False),
        sa.Column("first_input", Count, nullable=False),
        sa.Column("last_input", Count, nullable=False),
        sa.Column("exchange_block", Count, nullable=False),
        sa.Column("state_root", Hash, nullable=False),
        sa.Column("input_hash", Hash, nullable=False),
        sa.Column("output_hash", Hash, nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "block_number", "log_index"),
        sa.UniqueConstraint("chain_id", "batch_index"),
    )
    op.create_index("batches_by_time", "batches", ["at"], unique=False)
    op.create_table(
        "payments",
        sa.Column("chain_id", Count, nullable=False),
        sa.Column("block_number", Count, nullable=False),
        sa.Column("log_index", Count, nullable=False),
        sa.Column("tx_hash", Hash, nullable=False),
        sa.Column("at", Count, nullable=False),
        sa.Column("withdrawal", Count, nullable=False),
        sa.Column("owner", Address, nullable=False),
        sa.Column("recipient", Address, nullable=False),
        sa.Column("token", Address, nullable=False),
        sa.Column("amount", Amount(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "block_number", "log_index"),
        sa.UniqueConstraint("chain_id", "withdrawal"),
    )
    op.create_index("payments_by_time", "payments", ["at"], unique=False)


def _create_providers() -> None:
    op.create_table(
        "providers",
        sa.Column("chain_id", Count, nullable=False),
        sa.Column("block_number", Count, nullable=False),
        sa.Column("log_index", Count, nullable=False),
        sa.Column("provider", Address, nullable=False),
        sa.Column("method", Count, nullable=False),
        sa.Column("stake_period_s", Count, nullable=False),
        sa.Column("collateral", Amount(), nullable=False),
        sa.Column("outstanding", Amount(), nullable=False),
        sa.Column("staked", Amount(), nullable=False),
        sa.Column("rewards_claimed", Amount(), nullable=False),
        sa.Column("liquidation", Word, nullable=False),
        sa.Column("grace_until", Count, nullable=False),
        sa.Column("until_block", Count, nullable=True),
        sa.PrimaryKeyConstraint("chain_id", "provider", "block_number", "log_index"),
    )
    op.create_index("providers_now", "providers", ["chain_id", "until_block", "provider"], unique=False)
    op.create_table(
        "stakes",
        sa.Column("chain_id", Count, nullable=False),
        sa.Column("block_number", Count, nullable=False),
        sa.Column("log_index", Count, nullable=False),
        sa.Column("stake_id", Amount(), nullable=False),
        sa.Column("provider", Address, nullable=False),
        sa.Column("amount", Amount(), nullable=False),
        sa.Column("unlocks_at", Count, nullable=False),
        sa.Column("unstaked", sa.Boolean(), nullable=False),
        sa.Column("until_block", Count, nullable=True),
        sa.PrimaryKeyConstraint("chain_id", "stake_id", "block_number", "log_index"),
    )
    op.create_index("stakes_now", "stakes", ["chain_id", "until_block", "stake_id"], unique=False)
    op.create_table(
        "supplies",
        sa.Column("chain_id", Count, nullable=False),
        sa.Column("block_number", Count, nullable=False),
        sa.Column("log_index", Count, nullable=False),
        sa.Column("token", Word, nullable=False),
        sa.Column("minted", Amount(), nullable=False),
        sa.Column("burned", Amount(), nullable=False),
        sa.Column("until_block", Count, nullable=True),
        sa.PrimaryKeyConstraint("chain_id", "token", "block_number", "log_index"),
    )
    op.create_index("supplies_now", "supplies", ["chain_id", "until_block", "token"], unique=False)


def _create_claims_and_redemptions() -> None:
    op.create_table(
        "claims",
        sa.Column("chain_id", Count, nullable=False),
        sa.Column("block_number", Count, nullable=False),
        sa.Column("log_index", Count, nullable=False),
        sa.Column("claim_id", Amount(), nullable=False),
        sa.Column("provider", Address, nullable=False),
        sa.Column("state", Word, nullable=False),
        sa.Column("compute_class", Count, nullable=False),
        sa.Column("rows", Count, nullable=False),
        sa.Column("depth", Count, nullable=False),
        sa.Column("products", Count, nullable=False),
        sa.Column("seed_block", Count, nullable=False),
        sa.Column("deadline_block", Count, nullable=False),
        sa.Column("root", Hash, nullable=True),
        sa.Column("operations_per_second", Amount(), nullable=False),
        sa.Column("cu_value", Amount(), nullable=False),
        sa.Column("until_block", Count, nullable=True),
        sa.PrimaryKeyConstraint("chain_id", "claim_id", "block_number", "log_index"),
    )
    op.create_index("claims_now", "claims", ["chain_id", "until_block", "claim_id"], unique=False)
    op.create_table(
        "redemptions",
        sa.Column("chain_id", Count, nullable=False),
        sa.Column("block_number", Count, nullable=False),
        sa.Column("log_index", Count, nullable=False),
        sa.Column("redemption_id", Amount(), nullable=False),
        sa.Column("state", Word, nullable=False),
        sa.Column("buyer", Address, nullable=False),
        sa.Column("provider", Address, nullable=False),
        sa.Column("amount", Amount(), nullable=False),
        sa.Column("tier", Count, nullable=False),
        sa.Column("deadline", Count, nullable=False),
        sa.Column("job_hash", Hash, nullable=False),
        sa.Column("job_uri", sa.Text(), nullable=False),
        sa.Column("result_hash", Hash, nullable=True),
        sa.Column("result_uri", sa.Text(), nullable=False),
        sa.Column("work_done", Amount(), nullable=False),
        sa.Column("collateral_paid", Amount(), nullable=False),
        sa.Column("until_block", Count, nullable=True),
        sa.PrimaryKeyConstraint("chain_id", "redemption_id", "block_number", "log_index"),
    )
    op.create_index("redemptions_now", "redemptions", ["chain_id", "until_block", "redemption_id"], unique=False)


def _create_orders_and_trades() -> None:
    op.create_table(
        "feed",
        sa.Column("source", Word, nullable=False),
        sa.Column("next_sequence", Count, nullable=False),
        sa.PrimaryKeyConstraint("source"),
    )
    op.create_table(
        "orders",
        sa.Column("order_id", Count, autoincrement=False, nullable=False),
        sa.Column("sequence", Count, nullable=False),
        sa.Column("at", Count, nullable=False),
        sa.Column("account", Count, nullable=False),
        sa.Column("market", Count, nullable=False),
        sa.Column("client_id", Amount(), nullable=False),
        sa.Column("side", Count, nullable=False),
        sa.Column("order_type", Count, nullable=False),
        sa.Column("time_in_force", Count, nullable=False),
        sa.Column("instructions", Count, nullable=False),
        sa.Column("self_trade", Count, nullable=False),
        sa.Column("label", Count, nullable=False),
        sa.Column("good_till", Amount(), nullable=False),
        sa.Column("trigger_ticks", Count, nullable=False),
        sa.Column("ticks", Count, nullable=False),
        sa.Column("lots", Count, nullable=False),
        sa.Column("lots_left", Count, nullable=False),
        sa.Column("state", Word, nullable=False),
        sa.Column("reason", Word, nullable=False),
        sa.Column("changed_sequence", Count, nullable=False),
        sa.PrimaryKeyConstraint("order_id"),
    )
    op.create_index("orders_by_account", "orders", ["account", "order_id"], unique=False)
    op.create_table(
        "trades",
        sa.Column("trade_id", Count, autoincrement=False, nullable=False),
        sa.Column("sequence", Count, nullable=False),
        sa.Column("at", Count, nullable=False),
        sa.Column("market", Count, nullable=False),
        sa.Column("taker_side", Count, nullable=False),
        sa.Column("maker_order", Count, nullable=False),
        sa.Column("taker_order", Count, nullable=False),
        sa.Column("maker_account", Count, nullable=False),
        sa.Column("taker_account", Count, nullable=False),
        sa.Column("ticks", Count, nullable=False),
        sa.Column("lots", Count, nullable=False),
        sa.Column("maker_fee", Amount(), nullable=False),
        sa.Column("taker_fee", Amount(), nullable=False),
        sa.PrimaryKeyConstraint("trade_id"),
    )
    op.create_index("trades_by_market", "trades", ["market", "trade_id"], unique=False)


def _create_exchange_settlement() -> None:
    op.create_table(
        "credits",
        sa.Column("chain_id", Count, nullable=False),
        sa.Column("ordinal", Count, nullable=False),
        sa.Column("sequence", Count, nullable=False),
        sa.Column("account", Count, nullable=False),
        sa.Column("asset", Count, nullable=False),
        sa.Column("amount", Amount(), nullable=False),
        sa.Column("owner", Address, nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "ordinal"),
    )
    op.create_table(
        "withdrawals",
        sa.Column("withdrawal", Count, autoincrement=False, nullable=False),
        sa.Column("sequence", Count, nullable=False),
        sa.Column("at", Count, nullable=False),
        sa.Column("account", Count, nullable=False),
        sa.Column("asset", Count, nullable=False),
        sa.Column("chain_id", Count, nullable=False),
        sa.Column("token", Address, nullable=False),
        sa.Column("owner", Address, nullable=False),
        sa.Column("recipient", Address, nullable=False),
        sa.Column("amount", Amount(), nullable=False),
        sa.PrimaryKeyConstraint("withdrawal"),
    )
    op.create_index("withdrawals_by_owner", "withdrawals", ["owner"], unique=False)
    # ### end Alembic commands ###
    op.create_table(
        "exchange_blocks",
        sa.Column("block", Count, autoincrement=False, nullable=False),
        sa.Column("sequence", Count, nullable=False),
        sa.Column("at", Count, nullable=False),
        sa.Column("first_input", Count, nullable=False),
        sa.Column("last_input", Count, nullable=False),
        sa.Column("input_hash", Hash, nullable=False),
        sa.Column("output_hash", Hash, nullable=False),
        sa.Column("state_root", Hash, nullable=False),
        sa.Column("withdrawals_count", Count, nullable=False),
        sa.PrimaryKeyConstraint("block"),
    )


TABLES = (
    "withdrawals",
    "trades",
    "supplies",
    "stakes",
    "redemptions",
    "providers",
    "payments",
    "orders",
    "mints",
    "feed",
    "exchange_blocks",
    "deposits",
    "credits",
    "claims",
    "chains",
    "chain_events",
    "blocks",
    "batches",
)
