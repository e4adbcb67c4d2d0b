"""The chains' history from the indexer's read model (``stab3l.watch.queries``), as the API shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Self, TypeVar

from stab3l.api.catalogue import token_symbols
from stab3l.api.history import (
    BatchView,
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
from stab3l.watch import queries
from stab3l.watch.values import ChainHead

METHODS: Final = ("none", "zkp", "tee", "committee")
TIERS: Final = ("standard", "premium", "enterprise")
PROVEN: Final = ("proven", "minted")
SSTB, CU = "sSTBToken", "CUToken"
COLLATERAL_UNIT: Final = 10**6
"""Collateral is a 6-decimal dollar token (ICollateralManager)."""

T = TypeVar("T")


class SqlHistory:
    """Answers from the database of the network, which is opened when it is first needed and may be down meanwhile."""

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

    async def supply(self) -> SupplyView:
        """sSTB and CU over all chains; what was burned was redeemed."""
        rows = await self._ask(queries.supply)
        sstb = [row for row in rows if row.token == SSTB]
        return SupplyView(
            sstb=str(sum(row.total for row in sstb)),
            cu=str(sum(row.total for row in rows if row.token == CU)),
            minted=str(sum(row.minted for row in sstb)),
            redeemed=str(sum(row.burned for row in sstb)),
            staked=str(sum(row.staked for row in await self._ask(queries.providers, queries.LIMIT_MAX))),
        )

    async def providers(self) -> list[ProviderView]:
        """Providers and the rate of their newest proven claim."""
        rates: dict[str, int] = {}
        for claim in await self._ask(queries.claims, queries.LIMIT_MAX):
            if claim.state in PROVEN:
                rates.setdefault(claim.provider, claim.operations_per_second)
        return [
            ProviderView(
                address=row.provider,
                method=METHODS[row.method],
                stake_period_s=row.stake_period_s,
                operations_per_s=str(rates.get(row.provider, 0)),
                outstanding_cu=str(row.outstanding),
                collateral=str(row.collateral),
                collateral_ratio_bps=collateral_ratio_bps(row.collateral, row.outstanding),
                staked=str(row.staked),
                in_liquidation=row.liquidation != "none",
            )
            for row in await self._ask(queries.providers, queries.LIMIT_MAX)
        ]

    async def claims(self, limit: int) -> list[ClaimView]:
        """The latest claims."""
        return [
            ClaimView(
                claim_id=str(row.claim_id),
                provider=row.provider,
                state=row.state,
                operations_per_s=str(row.operations_per_second),
                cu=str(row.cu_value),
                seed_block=str(row.seed_block),
                deadline_block=str(row.deadline_block),
            )
            for row in await self._ask(queries.claims, limit)
        ]

    async def redemptions(self, limit: int) -> list[RedemptionView]:
        """The latest redemptions."""
        return [
            RedemptionView(
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
            for row in await self._ask(queries.redemptions, limit)
        ]

    async def batches(self, limit: int) -> list[BatchView]:
        """The latest batches; confirmed when the chain's depth lies on them."""
        depths = {
            head.chain_id: (head.number or 0, head.confirmations) for head in await self._ask(queries.chain_heads)
        }
        views = []
        for row in await self._ask(queries.batches, limit):
            number, confirmations = depths[row.chain_id]
            confirmed = number - row.block_number + 1 >= confirmations
            views.append(
                BatchView(
                    chain_id=row.chain_id,
                    index=str(row.batch_index),
                    block=str(row.exchange_block),
                    first_input=str(row.first_input),
                    last_input=str(row.last_input),
                    state_root="0x" + row.state_root.hex(),
                    tx_hash="0x" + row.tx_hash.hex(),
                    state="confirmed" if confirmed else "settled",
                )
            )
        return views

    async def chains(self) -> list[ChainView]:
        """Every chain of the network, also one that was never read."""
        indexed = {head.chain_id: head for head in await self._ask(queries.chain_heads)}
        return [self._chain_view(chain, indexed.get(chain.chain_id)) for chain in self._network.chains]

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

    async def deposits(self, owner: bytes, limit: int) -> list[DepositView]:
        """An address's deposits."""
        return [
            DepositView(
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
            for row in await self._ask(queries.deposits, checksum(owner), limit)
        ]

    async def withdrawals(self, owner: bytes, limit: int) -> list[WithdrawalView]:
        """An address's withdrawals."""
        return [
            WithdrawalView(
                withdrawal_id=str(row.withdrawal),
                chain_id=row.chain_id,
                token=row.token,
                symbol=self._symbol(row.chain_id, row.token),
                recipient=row.recipient,
                amount=str(row.amount),
                state=row.state,
                paid_tx=None if row.paid_tx is None else "0x" + row.paid_tx.hex(),
            )
            for row in await self._ask(queries.withdrawals, checksum(owner), limit)
        ]

    async def trades(self, market: int, limit: int, before: int | None) -> list[PastTrade]:
        """Trades of a market."""
        return [
            PastTrade(row.trade_id, row.market, row.taker_side, row.ticks, row.lots, row.sequence, row.at)
            for row in await self._ask(queries.recent_trades, market, limit, before=before)
        ]

    async def order(self, order: int) -> PastOrder | None:
        """An order."""
        row = await self._ask(queries.order, order)
        return None if row is None else _past_order(row)

    async def orders(self, account: int, limit: int, before: int | None) -> list[PastOrder]:
        """Orders of an account."""
        rows = await self._ask(queries.orders_of, account, limit, before=before)
        return [_past_order(row) for row in rows]

    async def _ask(self, query: Callable[..., Awaitable[T]], *args: Any, **options: Any) -> T:
        if self._database is None:
            async with self._opening:
                self._database = self._database or await open_database(self._network.database_url)
        return await query(self._database, *args, **options)

    def _symbol(self, chain_id: int, token: str) -> str:
        return self._symbols.get((chain_id, bytes.fromhex(token[2:])), token)


def collateral_ratio_bps(collateral: int, outstanding_cu: int) -> int | None:
    """Collateral over the par value of outstanding CU, rounded down; None without an obligation (I3)."""
    if outstanding_cu == 0:
        return None
    return collateral * BASIS_POINTS * WAD * WAD // (outstanding_cu * PAR_PRICE * COLLATERAL_UNIT)


def _past_order(row: Any) -> PastOrder:
    return PastOrder(
        row.order_id,
        row.account,
        row.market,
        row.side,
        row.ticks,
        row.lots,
        row.lots_left,
        row.client_id,
        "cancelled" if row.reason == "immediate_rest" else row.state,
        row.order_type,
        row.time_in_force,
        row.instructions,
        row.self_trade,
        row.label,
        row.good_till,
        row.trigger_ticks,
    )
