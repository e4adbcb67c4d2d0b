"""An account as it stands: balances, open orders, protections, deposits and withdrawals."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

import msgspec

from stab3l.api.answers import AccountView, BalanceView, OrderView, ProtectionView
from stab3l.api.answers import LedgerEntry as LedgerEntry
from stab3l.api.desk import Desk
from stab3l.api.market_views import protection_view, resting_view
from stab3l.chain.address import checksum
from stab3l.errors import Unavailable

T = TypeVar("T")
HISTORY_ROWS = 50

__all__ = [
    "AccountView",
    "LedgerEntry",
    "PortfolioBalance",
    "PortfolioPoint",
    "account_view",
    "balance_views",
]


class PortfolioBalance(msgspec.Struct, frozen=True):
    """An asset of a portfolio, base units."""

    asset: int
    symbol: str
    amount: str


class PortfolioPoint(msgspec.Struct, frozen=True):
    """A portfolio at the end of the interval from ``start`` (unix seconds) on. ``value``: null: no price."""

    start: str
    balances: list[PortfolioBalance]
    value: str | None
    unit: str | None


async def account_view(desk: Desk, owner: bytes) -> AccountView:
    """Everything about an address; what the index knows is null while it does not answer."""
    found = await desk.catalogue.account(owner)
    balances: list[BalanceView] = []
    orders: list[OrderView] = []
    protections: list[ProtectionView] = []
    scheduled = 0
    if found is not None:
        balances = await balance_views(desk, found)
        orders = await open_orders(desk, found)
        scheduled = await desk.exchange.schedule(found)
        for protection in await desk.exchange.protections(found):
            protections.append(protection_view(await desk.catalogue.market_of(protection.market), protection))
    return AccountView(
        address=checksum(owner),
        account=found,
        balances=balances,
        open_orders=orders,
        scheduled_cancel=str(scheduled) if scheduled else None,
        protections=protections,
        deposits=await _or_none(desk.history.deposits(owner, HISTORY_ROWS)),
        withdrawals=await _or_none(desk.history.withdrawals(owner, HISTORY_ROWS)),
    )


async def balance_views(desk: Desk, account: int) -> list[BalanceView]:
    """An account's balances by asset."""
    views = []
    for one in await desk.exchange.balances(account):
        named = await desk.catalogue.asset(one.asset)
        decimals = named.asset.decimals
        views.append(BalanceView(one.asset, named.symbol, decimals, str(one.available), str(one.held)))
    return views


async def open_orders(desk: Desk, account: int) -> list[OrderView]:
    """An account's resting and waiting orders by id."""
    return [
        resting_view(await desk.catalogue.market_of(one.market), one, desk.feed.order(one.id))
        for one in await desk.exchange.open_orders(account)
    ]


async def _or_none(reading: Awaitable[T]) -> T | None:
    """What is read, or None while it cannot be: the rest of the answer is worth having without it."""
    try:
        return await reading
    except Unavailable:
        return None
