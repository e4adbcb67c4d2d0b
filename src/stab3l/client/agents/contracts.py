"""A market maker of futures and options: two quotes a contract, around the spot price or the option's mark.

Decisions are pure and in integer ticks and lots. A second role may take a little from it now and then, leaning back to
no position, so that the contracts trade.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from stab3l.api.answers import MarketView
from stab3l.client import calls
from stab3l.client.agents.desk import OpenOrder, TradingDesk, repeat
from stab3l.client.agents.maker import Quote
from stab3l.client.orders import ListedMarket, listed_market
from stab3l.clock import Clock, SystemClock
from stab3l.units import BASIS_POINTS, Lots, Ticks

PAUSE_S = 2.0
TAKING_EVERY = 3
"""The taker acts once in so many steps."""


@dataclass(frozen=True, slots=True)
class ContractPolicy:
    """``future_bps``, ``option_bps``: from the fair price to each quote, in parts of it."""

    future_bps: int = 10
    option_bps: int = 500
    levels: int = 3
    level_lots: int = 10
    take_lots_max: int = 3
    taken_lots_max: int = 10
    """The taker leans back to no position, and holds no more than about this."""


def is_option(market: MarketView) -> bool:
    """Whether a market is an option's."""
    return market.kind in ("call", "put")


def trades(market: MarketView, now: int) -> bool:
    """Whether a market is a contract that can be traded at ``now`` [nanoseconds since 1970]."""
    return market.expiry is not None and int(market.expiry) > now and market.status == "open"


def contract_quotes(fair: Ticks, *, option: bool, policy: ContractPolicy) -> list[Quote]:
    """Quotes on both sides of the fair price, best first; an option has one level. Never at a price of zero."""
    width = max(fair * (policy.option_bps if option else policy.future_bps) // BASIS_POINTS, 1)
    quotes = []
    for level in range(1 if option else policy.levels):
        distance = width * (level + 1)
        quotes.append(Quote(True, Ticks(fair - distance), Lots(policy.level_lots)))
        quotes.append(Quote(False, Ticks(fair + distance), Lots(policy.level_lots)))
    return [quote for quote in quotes if quote.ticks > 0]


def requotes(wanted: Sequence[Quote], resting: Sequence[OpenOrder]) -> tuple[list[OpenOrder], list[Quote]]:
    """(orders to cancel, quotes to place): an order stays while it is near a wanted quote and half of it is left.

    Near is a quarter of the distance between the best two quotes, so that small moves disturb nobody.
    """
    bids, asks = ([quote.ticks for quote in wanted if quote.buys is buys] for buys in (True, False))
    slack = (min(asks) - max(bids)) // 4 if bids and asks else 0
    missing, cancels = list(wanted), []
    for order in resting:
        near = (q for q in missing if q.buys is order.buys and abs(q.ticks - order.ticks) <= slack)
        quote = next(near, None)
        if quote is not None and 2 * order.lots >= quote.lots:
            missing.remove(quote)
        else:
            cancels.append(order)
    return cancels, missing


class ContractMaker:
    """The loop around the decision. ``spot``: a desk on the underlying's spot market; ``taker``: who trades with us."""

    def __init__(
        self, spot: TradingDesk, taker: TradingDesk | None, policy: ContractPolicy, dice: random.Random, clock: Clock
    ) -> None:
        self._clock = clock
        self._spot = spot
        self._taker = taker
        self._policy = policy
        self._dice = dice
        self._steps = 0
        self._taken: dict[str, int] = {}
        """Signed lots that the taker has of each contract since it began."""

    async def step(self) -> None:
        """Looks at spot and marks, keeps each contract's quotes, and lets the taker act."""
        markets = await self._spot.api.send(calls.markets())
        now = self._clock.now()
        contracts = [one for one in markets.markets if trades(one, now)]
        resting = await self._resting(listed_market(markets, one.symbol) for one in contracts)
        middle = await self._spot_middle()
        for one in contracts:
            listed = listed_market(markets, one.symbol)
            fair = fair_ticks(listed, middle)
            if fair is not None:
                await self._quote(listed, fair, resting.get(one.symbol, []))
        self._steps += 1
        if self._taker is not None and contracts and self._steps % TAKING_EVERY == 0:
            await self._take(listed_market(markets, self._dice.choice(contracts).symbol))

    async def _resting(self, contracts: Iterable[ListedMarket]) -> dict[str, list[OpenOrder]]:
        grids = {one.view.symbol: one.grid for one in contracts}
        found: dict[str, list[OpenOrder]] = {}
        for order in (await self._spot.api.account()).open_orders:
            grid = grids.get(order.market)
            if grid is not None:
                terms = (order.side == "buy", grid.ticks(order.price), grid.lots(order.remaining))
                found.setdefault(order.market, []).append(OpenOrder(int(order.order_id), *terms))
        return found

    async def _spot_middle(self) -> str | None:
        """The middle of the spot book as a decimal; None while a side is empty."""
        bid, ask = await self._spot.best()
        grid = (await self._spot.listed()).grid
        return grid.price(Ticks((bid + ask) // 2)) if bid and ask else None

    async def _quote(self, market: ListedMarket, fair: Ticks, resting: Sequence[OpenOrder]) -> None:
        wanted = contract_quotes(fair, option=is_option(market.view), policy=self._policy)
        cancels, missing = requotes(wanted, resting)
        desk = self._spot.at(market.view.symbol)
        for order in cancels:
            await desk.cancel(order.order_id)
        for quote in missing:
            await desk.place(buys=quote.buys, ticks=quote.ticks, lots=quote.lots)

    async def _take(self, market: ListedMarket) -> None:
        assert self._taker is not None
        desk = self._taker.at(market.view.symbol)
        bid, ask = await desk.best()
        taken = self._taken.get(desk.symbol, 0)
        buys = takes_by_buying(taken, self._policy, self._dice)
        price = ask if buys else bid
        if price is not None:
            lots = Lots(1 + self._dice.randrange(self._policy.take_lots_max))
            placed = await desk.place(buys=buys, ticks=price, lots=lots, immediate=True)
            filled = market.grid.lots(placed.filled) if placed else 0
            self._taken[desk.symbol] = taken + (filled if buys else -filled)


def takes_by_buying(taken: int, policy: ContractPolicy, dice: random.Random) -> bool:
    """Whether the taker buys next: an even chance without a position, none at ``taken_lots_max``."""
    return dice.randrange(2 * policy.taken_lots_max) >= policy.taken_lots_max + taken


def fair_ticks(market: ListedMarket, middle: str | None) -> Ticks | None:
    """Where the maker sees a contract: a future at the spot price, an option at its mark; None: nowhere yet."""
    view = market.view
    if view.mark is None:
        return None
    return market.grid.ticks(view.mark if is_option(view) or middle is None else middle)


async def serve(home: Path, role: str, taker: str = "", policy: ContractPolicy | None = None, seed: int = 0) -> None:
    """Makes a market in every contract of the network in ``home`` with the key of ``role``, until cancelled."""
    async with AsyncExitStack() as stack:
        spot = await TradingDesk.open(home, role, stack)
        other = await TradingDesk.open(home, taker, stack) if taker else None
        maker = ContractMaker(spot, other, policy or ContractPolicy(), random.Random(seed), SystemClock())
        await repeat(maker.step, PAUSE_S)
