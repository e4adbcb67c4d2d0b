"""A chain history that is simply given, as ``stab3l.api.history.History``."""

from __future__ import annotations

from dataclasses import dataclass, field

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
from stab3l.errors import Unavailable


@dataclass(slots=True)
class GivenHistory:
    """Answers what it was given; ``down`` makes it unavailable."""

    supply_view: SupplyView = field(default_factory=lambda: SupplyView("0", "0", "0", "0", "0"))
    provider_views: list[ProviderView] = field(default_factory=list)
    claim_views: list[ClaimView] = field(default_factory=list)
    redemption_views: list[RedemptionView] = field(default_factory=list)
    batch_views: list[BatchView] = field(default_factory=list)
    chain_views: list[ChainView] = field(default_factory=list)
    deposit_views: dict[bytes, list[DepositView]] = field(default_factory=dict)
    withdrawal_views: dict[bytes, list[WithdrawalView]] = field(default_factory=dict)
    past_trades: list[PastTrade] = field(default_factory=list)
    past_orders: list[PastOrder] = field(default_factory=list)
    down: bool = False

    async def supply(self) -> SupplyView:
        """The given supply."""
        self._check()
        return self.supply_view

    async def providers(self) -> list[ProviderView]:
        """The given providers."""
        self._check()
        return self.provider_views

    async def claims(self, limit: int) -> list[ClaimView]:
        """The given claims."""
        self._check()
        return self.claim_views[:limit]

    async def redemptions(self, limit: int) -> list[RedemptionView]:
        """The given redemptions."""
        self._check()
        return self.redemption_views[:limit]

    async def batches(self, limit: int) -> list[BatchView]:
        """The given batches."""
        self._check()
        return self.batch_views[:limit]

    async def chains(self) -> list[ChainView]:
        """The given chains."""
        self._check()
        return self.chain_views

    async def deposits(self, owner: bytes, limit: int) -> list[DepositView]:
        """The given deposits of an owner."""
        self._check()
        return self.deposit_views.get(owner, [])[:limit]

    async def withdrawals(self, owner: bytes, limit: int) -> list[WithdrawalView]:
        """The given withdrawals of an owner."""
        self._check()
        return self.withdrawal_views.get(owner, [])[:limit]

    async def trades(self, market: int, limit: int, before: int | None) -> list[PastTrade]:
        """The given trades of a market."""
        self._check()
        fitting = [
            one for one in self.past_trades if one.market == market and (before is None or one.trade_id < before)
        ]
        return fitting[:limit]

    async def order(self, order: int) -> PastOrder | None:
        """A given order."""
        self._check()
        return next((one for one in self.past_orders if one.order_id == order), None)

    async def orders(self, account: int, limit: int, before: int | None) -> list[PastOrder]:
        """The given orders of an account."""
        self._check()
        own = [one for one in self.past_orders if one.account == account and (before is None or one.order_id < before)]
        return own[:limit]

    def _check(self) -> None:
        if self.down:
            raise Unavailable("the history's database is down", retry_after_s=2)
