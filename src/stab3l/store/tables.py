"""The tables, by what may happen to their rows.

``FACTS`` say that something happened ``at`` a block's time (unix seconds); rows are only added. ``VERSIONED`` say how
something stands; a change closes the current version (``until_block``) and adds the next. Both carry the position of
the log that made them, so that a reorganisation is undone by two statements per table (``stab3l.store.history``). The
exchange's tables follow its sequence, which never goes back.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, MetaData, PrimaryKeyConstraint, Table, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB

from stab3l.store.types import Address, Amount, Count, Hash, SignedAmount, Word

metadata = MetaData()

chains = Table(
    "chains",
    metadata,
    Column("chain_id", Count, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("confirmations", Count, nullable=False),
    Column("cursor_number", Count),
    Column("cursor_hash", Hash),
)
"""One row a chain; the cursor is the last block whose logs are in the other tables, NULL before the first."""

blocks = Table(
    "blocks",
    metadata,
    Column("chain_id", Count, nullable=False),
    Column("number", Count, nullable=False),
    Column("hash", Hash, nullable=False),
    Column("parent_hash", Hash, nullable=False),
    Column("timestamp", Count, nullable=False),
    PrimaryKeyConstraint("chain_id", "number"),
)
"""Every recent block, and every older one that holds a log of ours. ``timestamp``: unix seconds."""


def _position() -> tuple[Column[int], Column[int], Column[int]]:
    return (
        Column("chain_id", Count, nullable=False),
        Column("block_number", Count, nullable=False),
        Column("log_index", Count, nullable=False),
    )


chain_events = Table(
    "chain_events",
    metadata,
    *_position(),
    Column("block_hash", Hash, nullable=False),
    Column("tx_hash", Hash, nullable=False),
    Column("contract", Word, nullable=False),
    Column("event", Word, nullable=False),
    Column("at", Count, nullable=False),
    Column("args", JSON().with_variant(JSONB(), "postgresql"), nullable=False),
    PrimaryKeyConstraint("chain_id", "block_number", "log_index"),
    Index("chain_events_by_time", "at"),
    Index("chain_events_by_kind", "chain_id", "contract", "event", "block_number", "log_index"),
)
"""The raw log in words. In ``args`` integers are decimal strings and bytes 0x-hex: any JSON reader keeps them."""


def _fact(name: str, *columns: Column[object] | Index | UniqueConstraint) -> Table:
    return Table(
        name,
        metadata,
        *_position(),
        Column("tx_hash", Hash, nullable=False),
        Column("at", Count, nullable=False),
        *columns,
        PrimaryKeyConstraint("chain_id", "block_number", "log_index"),
        Index(f"{name}_by_time", "at"),
    )


mints = _fact(
    "mints",
    Column("claim_id", Amount, nullable=False),
    Column("provider", Address, nullable=False),
    Column("amount", Amount, nullable=False),
    Column("stake_id", Amount, nullable=False),
)

deposits = _fact(
    "deposits",
    Column("ordinal", Count, nullable=False),
    Column("owner", Address, nullable=False),
    Column("token", Address, nullable=False),
    Column("amount", Amount, nullable=False),
    UniqueConstraint("chain_id", "ordinal"),
    Index("deposits_by_owner", "owner"),
)
"""Seen on the chain; whether one is pending or confirmed is told by its depth below the cursor."""

batches = _fact(
    "batches",
    Column("batch_index", Count, nullable=False),
    Column("first_input", Count, nullable=False),
    Column("last_input", Count, nullable=False),
    Column("exchange_block", Count, nullable=False),
    Column("state_root", Hash, nullable=False),
    Column("input_hash", Hash, nullable=False),
    Column("output_hash", Hash, nullable=False),
    UniqueConstraint("chain_id", "batch_index"),
)

payments = _fact(
    "payments",
    Column("withdrawal", Count, nullable=False),
    Column("owner", Address, nullable=False),
    Column("recipient", Address, nullable=False),
    Column("token", Address, nullable=False),
    Column("amount", Amount, nullable=False),
    UniqueConstraint("chain_id", "withdrawal"),
)
"""Withdrawals that the custody contract paid."""


def _versioned(name: str, key: Column[object], *columns: Column[object]) -> Table:
    return Table(
        name,
        metadata,
        *_position(),
        key,
        *columns,
        Column("until_block", Count),
        PrimaryKeyConstraint("chain_id", key.name, "block_number", "log_index"),
        Index(f"{name}_now", "chain_id", "until_block", key.name),
    )


providers = _versioned(
    "providers",
    Column("provider", Address, nullable=False),
    Column("method", Count, nullable=False),
    Column("stake_period_s", Count, nullable=False),
    Column("collateral", Amount, nullable=False),
    Column("outstanding", Amount, nullable=False),
    Column("staked", Amount, nullable=False),
    Column("rewards_claimed", Amount, nullable=False),
    Column("liquidation", Word, nullable=False),
    Column("grace_until", Count, nullable=False),
)

claims = _versioned(
    "claims",
    Column("claim_id", Amount, nullable=False),
    Column("provider", Address, nullable=False),
    Column("state", Word, nullable=False),
    Column("compute_class", Count, nullable=False),
    Column("rows", Count, nullable=False),
    Column("depth", Count, nullable=False),
    Column("products", Count, nullable=False),
    Column("seed_block", Count, nullable=False),
    Column("deadline_block", Count, nullable=False),
    Column("root", Hash),
    Column("operations_per_second", Amount, nullable=False),
    Column("cu_value", Amount, nullable=False),
)

stakes = _versioned(
    "stakes",
    Column("stake_id", Amount, nullable=False),
    Column("provider", Address, nullable=False),
    Column("amount", Amount, nullable=False),
    Column("unlocks_at", Count, nullable=False),
    Column("unstaked", Boolean, nullable=False),
)

redemptions = _versioned(
    "redemptions",
    Column("redemption_id", Amount, nullable=False),
    Column("state", Word, nullable=False),
    Column("buyer", Address, nullable=False),
    Column("provider", Address, nullable=False),
    Column("amount", Amount, nullable=False),
    Column("tier", Count, nullable=False),
    Column("deadline", Count, nullable=False),
    Column("job_hash", Hash, nullable=False),
    Column("job_uri", Text, nullable=False),
    Column("result_hash", Hash),
    Column("result_uri", Text, nullable=False),
    Column("work_done", Amount, nullable=False),
    Column("collateral_paid", Amount, nullable=False),
)

supplies = _versioned(
    "supplies",
    Column("token", Word, nullable=False),
    Column("minted", Amount, nullable=False),
    Column("burned", Amount, nullable=False),
)

FACTS = (mints, deposits, batches, payments, chain_events)
VERSIONED = (providers, claims, stakes, redemptions, supplies)

feed = Table(
    "feed",
    metadata,
    Column("source", Word, primary_key=True),
    Column("next_sequence", Count, nullable=False),
)
"""How far the exchange's outputs are in the tables below."""

orders = Table(
    "orders",
    metadata,
    Column("order_id", Count, primary_key=True, autoincrement=False),
    Column("sequence", Count, nullable=False),
    Column("at", Count, nullable=False),
    Column("account", Count, nullable=False),
    Column("market", Count, nullable=False),
    Column("client_id", Amount, nullable=False),
    Column("side", Count, nullable=False),
    Column("order_type", Count, nullable=False),
    Column("time_in_force", Count, nullable=False),
    Column("instructions", Count, nullable=False),
    Column("self_trade", Count, nullable=False),
    Column("label", Count, nullable=False),
    Column("good_till", Amount, nullable=False),
    Column("trigger_ticks", Count, nullable=False),
    Column("ticks", Count, nullable=False),
    Column("lots", Count, nullable=False),
    Column("lots_left", Count, nullable=False),
    Column("state", Word, nullable=False),
    Column("reason", Word, nullable=False),
    Column("changed_sequence", Count, nullable=False),
    Index("orders_by_account", "account", "order_id"),
)

trades = Table(
    "trades",
    metadata,
    Column("trade_id", Count, primary_key=True, autoincrement=False),
    Column("sequence", Count, nullable=False),
    Column("at", Count, nullable=False),
    Column("market", Count, nullable=False),
    Column("taker_side", Count, nullable=False),
    Column("maker_order", Count, nullable=False),
    Column("taker_order", Count, nullable=False),
    Column("maker_account", Count, nullable=False),
    Column("taker_account", Count, nullable=False),
    Column("ticks", Count, nullable=False),
    Column("lots", Count, nullable=False),
    Column("maker_fee", Amount, nullable=False),
    Column("taker_fee", Amount, nullable=False),
    Index("trades_by_market", "market", "trade_id"),
    Index("trades_by_maker", "maker_account", "trade_id"),
    Index("trades_by_taker", "taker_account", "trade_id"),
)

spot_markets = Table(
    "spot_markets",
    metadata,
    Column("market", Count, primary_key=True, autoincrement=False),
    Column("base_asset", Count, nullable=False),
    Column("quote_asset", Count, nullable=False),
    Column("lot", Amount, nullable=False),
    Column("tick", Amount, nullable=False),
)
"""What a trade of a market moves; as listed, it never changes."""

candles = Table(
    "candles",
    metadata,
    Column("market", Count, nullable=False),
    Column("interval_s", Count, nullable=False),
    Column("start", Count, nullable=False),
    Column("open", Count, nullable=False),
    Column("high", Count, nullable=False),
    Column("low", Count, nullable=False),
    Column("close", Count, nullable=False),
    Column("lots", Count, nullable=False),
    Column("notional", Amount, nullable=False),
    Column("trades", Count, nullable=False),
    PrimaryKeyConstraint("market", "interval_s", "start"),
)
"""Trades by time, in ticks and lots. ``start``: unix seconds; ``notional``: sum of lots x ticks."""

holdings = Table(
    "holdings",
    metadata,
    Column("account", Count, nullable=False),
    Column("asset", Count, nullable=False),
    Column("start", Count, nullable=False),
    Column("amount", SignedAmount, nullable=False),
    PrimaryKeyConstraint("account", "asset", "start"),
)
"""What an account had of an asset at the end of an hour (``start``: its beginning, unix seconds) in which it changed.

Deposits, withdrawals, spot trades, what futures and options realised, and all fees; less what the account owes, so that
it may be below zero. What insurance clears when it takes an account over is not in it (docs/limits.md).
"""

credits = Table(
    "credits",
    metadata,
    Column("chain_id", Count, nullable=False),
    Column("ordinal", Count, nullable=False),
    Column("sequence", Count, nullable=False),
    Column("account", Count, nullable=False),
    Column("asset", Count, nullable=False),
    Column("amount", Amount, nullable=False),
    Column("owner", Address, nullable=False),
    Column("at", Count, nullable=False),
    PrimaryKeyConstraint("chain_id", "ordinal"),
    Index("credits_by_account", "account", "sequence"),
)
"""Deposits that the engine credited."""

withdrawals = Table(
    "withdrawals",
    metadata,
    Column("withdrawal", Count, primary_key=True, autoincrement=False),
    Column("sequence", Count, nullable=False),
    Column("at", Count, nullable=False),
    Column("account", Count, nullable=False),
    Column("asset", Count, nullable=False),
    Column("chain_id", Count, nullable=False),
    Column("token", Address, nullable=False),
    Column("owner", Address, nullable=False),
    Column("recipient", Address, nullable=False),
    Column("amount", Amount, nullable=False),
    Index("withdrawals_by_owner", "owner"),
    Index("withdrawals_by_account", "account", "sequence"),
)

exchange_blocks = Table(
    "exchange_blocks",
    metadata,
    Column("block", Count, primary_key=True, autoincrement=False),
    Column("sequence", Count, nullable=False),
    Column("at", Count, nullable=False),
    Column("first_input", Count, nullable=False),
    Column("last_input", Count, nullable=False),
    Column("input_hash", Hash, nullable=False),
    Column("output_hash", Hash, nullable=False),
    Column("state_root", Hash, nullable=False),
    Column("withdrawals_count", Count, nullable=False),
)

underlyings = Table(
    "underlyings",
    metadata,
    Column("underlying", Count, primary_key=True, autoincrement=False),
    Column("sequence", Count, nullable=False),
    Column("name", Word, nullable=False),
    Column("settlement_asset", Count, nullable=False),
    Column("tick", Count, nullable=False),
)

instruments = Table(
    "instruments",
    metadata,
    Column("market", Count, primary_key=True, autoincrement=False),
    Column("sequence", Count, nullable=False),
    Column("at", Count, nullable=False),
    Column("underlying", Count, nullable=False),
    Column("kind", Count, nullable=False),
    Column("expiry", Amount, nullable=False),
    Column("strike", Count, nullable=False),
    Column("settled_sequence", Count),
    Column("settled_at", Count),
    Column("settled_ticks", Count),
)
"""Futures and options; what they settled at is NULL until they do."""

positions = Table(
    "positions",
    metadata,
    Column("account", Count, nullable=False),
    Column("market", Count, nullable=False),
    Column("changed_sequence", Count, nullable=False),
    Column("lots", Count, nullable=False),
    Column("entry", SignedAmount, nullable=False),
    PrimaryKeyConstraint("account", "market"),
)
"""As they stand in the exchange's outputs: lots and what they cost, signed."""


def _place() -> tuple[Column[int], Column[int], Column[int]]:
    """Where in the outputs: ``place`` numbers the rows of one command."""
    return (
        Column("sequence", Count, nullable=False),
        Column("place", Count, nullable=False),
        Column("at", Count, nullable=False),
    )


position_changes = Table(
    "position_changes",
    metadata,
    *_place(),
    Column("account", Count, nullable=False),
    Column("market", Count, nullable=False),
    Column("cause", Word, nullable=False),
    Column("change", Count, nullable=False),
    Column("ticks", Count, nullable=False),
    Column("lots", Count, nullable=False),
    Column("entry", SignedAmount, nullable=False),
    Column("realised", SignedAmount, nullable=False),
    Column("fee", Amount, nullable=False),
    Column("trade_id", Count),
    Column("order_id", Count),
    PrimaryKeyConstraint("sequence", "place"),
    Index("position_changes_by_account", "account", "sequence", "place"),
)
"""Each change of a position: what it became, and what that realised. Cash moved by ``realised`` less ``fee``."""

margin_events = Table(
    "margin_events",
    metadata,
    *_place(),
    Column("account", Count, nullable=False),
    Column("kind", Word, nullable=False),
    Column("market", Count),
    Column("counterparty", Count),
    Column("asset", Count),
    Column("lots", Count, nullable=False),
    Column("ticks", Count, nullable=False),
    Column("amount", SignedAmount, nullable=False),
    PrimaryKeyConstraint("sequence", "place"),
    Index("margin_events_by_account", "account", "sequence", "place"),
)
"""Steps of liquidation: orders of the engine's own, collateral sold, takeovers, deleveraging."""

index_prices = Table(
    "index_prices",
    metadata,
    Column("sequence", Count, primary_key=True, autoincrement=False),
    Column("at", Count, nullable=False),
    Column("underlying", Count, nullable=False),
    Column("ticks", Count, nullable=False),
    Index("index_prices_by_underlying", "underlying", "sequence"),
)

marks = Table(
    "marks",
    metadata,
    Column("sequence", Count, nullable=False),
    Column("market", Count, nullable=False),
    Column("at", Count, nullable=False),
    Column("ticks", Count, nullable=False),
    PrimaryKeyConstraint("market", "sequence"),
)
