"""What an agent of the demo economy trades with: its key, its market, its balances in whole lots, its open orders."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Final, Self

import msgspec
import structlog

from stab3l.api.answers import OrderPlaced
from stab3l.chain.signer import Signer
from stab3l.client.asynchronous import AsyncClient
from stab3l.client.orders import ListedMarket
from stab3l.client.problems import ApiProblem, FundsShort, MarginShort, MarketHalted, OrderUnknown
from stab3l.config import load_network
from stab3l.errors import NotFound, Stab3lError, Unavailable
from stab3l.units import Lots, Ticks

RETRY_S: Final = 1

_log = structlog.get_logger(__name__)


class OpenOrder(msgspec.Struct, frozen=True):
    """An own resting order."""

    order_id: int
    buys: bool
    ticks: Ticks
    lots: Lots


class Holdings(msgspec.Struct, frozen=True):
    """What an agent has, available and held: base in lots, quote in base units."""

    base_lots: int
    base_lots_available: int
    quote_available: int


class TradingDesk:
    """One agent's access to one market; use it as an async context manager."""

    def __init__(self, api: AsyncClient, symbol: str) -> None:
        self.api = api
        self.symbol = symbol

    @classmethod
    async def open(cls, home: Path, role: str, stack: AsyncExitStack, symbol: str = "") -> Self:
        """The desk of a role in a home's network; its first market unless ``symbol`` names another."""
        network = load_network(home)
        api = await stack.enter_async_context(AsyncClient(network.api_url, Signer.load(home, role)))
        return cls(api, symbol or network.markets[0].symbol)

    def at(self, symbol: str) -> Self:
        """The same desk on another market."""
        return type(self)(self.api, symbol)

    async def listed(self) -> ListedMarket:
        """The market, read once."""
        return await self.api.listed(self.symbol)

    async def holdings(self) -> Holdings:
        """Balances of both assets of the market."""
        market = (await self.listed()).view
        balances = {one.asset: one for one in (await self.api.account()).balances}
        base, quote = balances.get(market.base_asset), balances.get(market.quote_asset)
        available, held = (int(base.available), int(base.held)) if base else (0, 0)
        lot = int(market.lot)
        return Holdings((available + held) // lot, available // lot, int(quote.available) if quote else 0)

    async def open_orders(self) -> list[OpenOrder]:
        """Own resting orders in this market."""
        grid = (await self.listed()).grid
        return [
            OpenOrder(int(one.order_id), one.side == "buy", grid.ticks(one.price), grid.lots(one.remaining))
            for one in (await self.api.account()).open_orders
            if one.market == self.symbol
        ]

    async def best(self) -> tuple[Ticks | None, Ticks | None]:
        """Best bid and best ask."""
        grid = (await self.listed()).grid
        book = await self.api.book(self.symbol, depth=1)
        bid, ask = (grid.ticks(side[0].price) if side else None for side in (book.bids, book.asks))
        return bid, ask

    async def last_trade(self) -> Ticks | None:
        """Price of the latest trade."""
        trades = (await self.api.trades(self.symbol, limit=1)).items
        return (await self.listed()).grid.ticks(trades[0].price) if trades else None

    async def place(self, *, buys: bool, ticks: Ticks, lots: Lots, immediate: bool = False) -> OrderPlaced | None:
        """Places an order; None when the funds do not suffice any more."""
        grid = (await self.listed()).grid
        try:
            return await self.api.place(
                self.symbol,
                "buy" if buys else "sell",
                grid.price(ticks),
                grid.quantity(lots),
                time_in_force="ioc" if immediate else "gtc",
            )
        except (FundsShort, MarginShort, MarketHalted) as problem:
            _log.info("order_refused", problem=problem.problem, detail=problem.message)
            return None

    async def cancel(self, order_id: int) -> None:
        """Cancels an order; one that is gone already is fine."""
        with suppress(OrderUnknown):
            await self.api.cancel(order_id)


async def repeat(step: Callable[[], Awaitable[None]], pause_s: float) -> None:
    """Takes steps until cancelled. What a step cannot do now (API down, no account yet) is tried again."""
    while True:
        try:
            await step()
            await asyncio.sleep(pause_s)
        except (Unavailable, NotFound, ApiProblem) as error:
            _warn(error)
            await asyncio.sleep(RETRY_S)


def _warn(error: Stab3lError) -> None:
    _log.warning("agent_waits", error=error.message, code=error.code)
