"""The chains' history from the indexer's read model (``stab3l.watch``), as the API shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Self, TypeVar

from stab3l.api.catalogue import token_symbols
from stab3l.api.history import (
    BatchView,
    ChainEventView,
    ChainView,
    ClaimView,
    DepositView,
    PastOrder,
    PastTrade,
    ProviderView,
    RedemptionView,
    SupplyView,
    WithdrawalView,
)
from stab3l.chain.address import checksum
from stab3l.config import ChainConfig, Network
from stab3l.store.database import Database, open_database
from stab3l.units import BASIS_POINTS, PAR_PRICE, WAD
from stab3l.watch import pages, queries
from stab3l.watch.values import (
    Batch,
    ChainEvent,
    ChainHead,
    Claim,
    Deposit,
    Order,
    Provider,
    Redemption,
    Trade,
    Withdrawal,
)

METHODS: Final = ("none", "zkp", "tee", "committee")
TIERS: Final = ("standard", "premium", "enterprise")
PROVEN: Final = ("proven", "minted")
SSTB, CU = "sSTBToken", "CUToken"
COLLATERAL_UNIT: Final = 10**6
"""Collateral is a 6-decimal dollar token (ICollateralManager)."""

T = TypeVar("T")


class History:
    """Answers from the database of the network, which is opened when it is first needed and may be down meanwhile.

    Every method raises `stab3l.errors.Unavailable` without a database.
    """

    def __init__(self, network: Network, heads: Mapping[int, int]) -> None:
        self._network = network
        self._heads = heads
        self._symbols = token_symbols(network)
        self._database: Database | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._database is not None:
            await self._database.close()

    async def ask(self, query: Callable[..., Awaitable[T]], *args: Any, **options: Any) -> T:
        """A question of ``stab3l.watch.queries`` or ``pages``."""
        if self._database is None:
            async with self._opening:
                self._database = self._database or await open_database(self._network.database_url)
        return await query(self._database, *args, **options)

    async def supply(self) -> SupplyView:
        """sSTB and CU over all chains; what was burned was redeemed."""
        rows = await self.ask(queries.supply)
        sstb = [row for row in rows if row.token == SSTB]
        return SupplyView(
            sstb=str(sum(row.total for row in sstb)),
            cu=str(sum(row.total for row in rows if row.token == CU)),
            minted=str(sum(row.minted for row in sstb)),
            redeemed=str(sum(row.burned for row in sstb)),
            staked=str(sum(row.staked for row in await self.ask(queries.providers, queries.LIMIT_MAX))),
        )

    async def provider_views(self, rows: list[Provider]) -> list[ProviderView]:
        """Providers with the rate of their newest proven claim."""
        views = []
        for row in rows:
            claims = await self.ask(pages.claims, 20, None, row.provider)
            rate = next((claim.operations_per_second for claim in claims if claim.state in PROVEN), 0)
            views.append(provider_view(row, rate))
        return views

    async def batch_views(self, rows: list[Batch]) -> list[BatchView]:
        """Batches; confirmed when the chain's depth lies on them."""
        heads = {head.chain_id: (head.number or 0, head.confirmations) for head in await self.ask(queries.chain_heads)}
        return [batch_view(row, *heads[row.chain_id]) for row in rows]

    async def chains(self) -> list[ChainView]:
        """Every chain of the network, also one that was never read."""
        indexed = {head.chain_id: head for head in await self.ask(queries.chain_heads)}
        return [self._chain_view(chain, indexed.get(chain.chain_id)) for chain in self._network.chains]

    async def deposits(self, owner: bytes, limit: int) -> list[DepositView]:
        """An address's newest deposits."""
        return [self.deposit_view(row) for row in await self.ask(queries.deposits, checksum(owner), limit)]

    async def withdrawals(self, owner: bytes, limit: int) -> list[WithdrawalView]:
        """An address's newest withdrawals."""
        return [self.withdrawal_view(row) for row in await self.ask(queries.withdrawals, checksum(owner), limit)]

    async def trades(self, market: int, limit: int, before: int | None) -> list[PastTrade]:
        """Trades of a market, newest first, below trade id ``before``."""
        return [past_trade(row) for row in await self.ask(queries.recent_trades, market, limit, before=before)]

    async def order(self, order: int) -> PastOrder | None:
        """An order, open or closed."""
        row = await self.ask(queries.order, order)
        return None if row is None else past_order(row)

    def deposit_view(self, row: Deposit) -> DepositView:
        """A deposit."""
        return DepositView(
            chain_id=row.chain_id,
            ordinal=str(row.ordinal),
            token=row.token,
            symbol=self._symbol(row.chain_id, row.token),
            amount=str(row.amount),
            state=row.state,
            depth=str(row.depth),
            confirmations=self._network.chain(row.chain_id).confirmations,
            tx_hash="0x" + row.tx_hash.hex(),
        )

    def withdrawal_view(self, row: Withdrawal) -> WithdrawalView:
        """A withdrawal."""
        return WithdrawalView(
            withdrawal_id=str(row.withdrawal),
            chain_id=row.chain_id,
            token=row.token,
            symbol=self._symbol(row.chain_id, row.token),
            recipient=row.recipient,
            amount=str(row.amount),
            state=row.state,
            paid_tx=None if row.paid_tx is None else "0x" + row.paid_tx.hex(),
        )

    def _chain_view(self, chain: ChainConfig, indexed: ChainHead | None) -> ChainView:
        at = (indexed.number if indexed else None) or 0
        head = max(self._heads.get(chain.chain_id, 0), at)
        return ChainView(
            chain_id=chain.chain_id,
            name=chain.name,
            head=str(head),
            indexed=str(at),
            lag=str(head - at),
            confirmations=chain.confirmations,
            time=None if indexed is None or indexed.timestamp is None else str(indexed.timestamp),
        )

    def _symbol(self, chain_id: int, token: str) -> str:
        return self._symbols.get((chain_id, bytes.fromhex(token[2:])), token)


def collateral_ratio_bps(collateral: int, outstanding_cu: int) -> int | None:
    """Collateral over the par value of outstanding CU, rounded down; None without an obligation (I3)."""
    if outstanding_cu == 0:
        return None
    return collateral * BASIS_POINTS * WAD * WAD // (outstanding_cu * PAR_PRICE * COLLATERAL_UNIT)


def provider_view(row: Provider, rate: int) -> ProviderView:
    """A provider; ``rate``: standard operations per second of its newest proven claim."""
    return ProviderView(
        address=row.provider,
        method=METHODS[row.method],
        stake_period_s=row.stake_period_s,
        operations_per_s=str(rate),
        outstanding_cu=str(row.outstanding),
        collateral=str(row.collateral),
        collateral_ratio_bps=collateral_ratio_bps(row.collateral, row.outstanding),
        staked=str(row.staked),
        in_liquidation=row.liquidation != "none",
    )


def claim_view(row: Claim) -> ClaimView:
    """A claim."""
    return ClaimView(
        claim_id=str(row.claim_id),
        provider=row.provider,
        state=row.state,
        operations_per_s=str(row.operations_per_second),
        cu=str(row.cu_value),
        seed_block=str(row.seed_block),
        deadline_block=str(row.deadline_block),
    )


def redemption_view(row: Redemption) -> RedemptionView:
    """A redemption."""
    return RedemptionView(
        redemption_id=str(row.redemption_id),
        buyer=row.buyer,
        provider=row.provider,
        amount=str(row.amount),
        tier=TIERS[row.tier],
        state=row.state,
        deadline=str(row.deadline),
        work_done=str(row.work_done),
        compensation=str(row.collateral_paid),
    )


def batch_view(row: Batch, head: int, confirmations: int) -> BatchView:
    """A batch on a chain whose ``head`` is read."""
    return BatchView(
        chain_id=row.chain_id,
        index=str(row.batch_index),
        block=str(row.exchange_block),
        first_input=str(row.first_input),
        last_input=str(row.last_input),
        state_root="0x" + row.state_root.hex(),
        tx_hash="0x" + row.tx_hash.hex(),
        state="confirmed" if head - row.block_number + 1 >= confirmations else "settled",
        input_hash="0x" + row.input_hash.hex(),
        output_hash="0x" + row.output_hash.hex(),
        at=str(row.at),
    )


def event_view(row: ChainEvent) -> ChainEventView:
    """A log."""
    tx_hash = "0x" + row.tx_hash.hex()
    where = (row.chain_id, str(row.block_number), row.log_index, tx_hash, str(row.at))
    return ChainEventView(*where, row.contract, row.event, row.args)


def past_trade(row: Trade) -> PastTrade:
    """A trade."""
    return PastTrade(row.trade_id, row.market, row.taker_side, row.ticks, row.lots, row.sequence, row.at)


def past_order(row: Order) -> PastOrder:
    """An order."""
    return PastOrder(
        row.order_id,
        row.account,
        row.market,
        row.side,
        row.ticks,
        row.lots,
        row.lots_left,
        row.client_id,
        "cancelled" if row.reason == "immediate_rest" else row.state,  # type: ignore[arg-type]
        row.order_type,
        row.time_in_force,
        row.instructions,
        row.self_trade,
        row.label,
        row.good_till,
        row.trigger_ticks,
    )
