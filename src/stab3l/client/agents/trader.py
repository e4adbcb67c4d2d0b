"""A trader of the demo economy: takes small amounts from the book, leaning back to its starting inventory."""

from __future__ import annotations

import random
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from stab3l.client.agents.desk import Holdings, TradingDesk, repeat
from stab3l.units import Lots, Ticks

PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class TraderPolicy:
    """``trade_lots_max``: largest order; ``inventory_lots_target``: what the trader returns to."""

    trade_lots_max: int = 500
    inventory_lots_target: int = 5_000
    slip_ticks_max: int = 3
    """How far beyond the best price an order may reach."""


@dataclass(frozen=True, slots=True)
class Taking:
    """An immediate order."""

    buys: bool
    ticks: Ticks
    lots: Lots


def decide(
    best: tuple[Ticks | None, Ticks | None],
    holdings: Holdings,
    tick: int,
    policy: TraderPolicy,
    dice: random.Random,
) -> Taking | None:
    """The next order; None when the book or the funds allow none.

    The chance to buy is 1/2 at the target and falls to 0 at twice the target, so that the inventory stays bounded.
    """
    bid, ask = best
    buys = dice.randrange(2 * policy.inventory_lots_target) >= holdings.base_lots
    best_price = ask if buys else bid
    if best_price is None:
        return None
    ticks = Ticks(max(best_price + (policy.slip_ticks_max if buys else -policy.slip_ticks_max), 1))
    affordable = holdings.quote_available // (ticks * tick) if buys else holdings.base_lots_available
    lots = min(1 + dice.randrange(policy.trade_lots_max), affordable)
    return Taking(buys, ticks, Lots(lots)) if lots > 0 else None


class Trader:
    """The loop around the decision."""

    def __init__(self, desk: TradingDesk, policy: TraderPolicy, dice: random.Random) -> None:
        self._desk = desk
        self._policy = policy
        self._dice = dice

    async def step(self) -> None:
        """Looks, decides, trades."""
        desk, market = self._desk, await self._desk.listed()
        best, held = await desk.best(), await desk.holdings()
        taking = decide(best, held, int(market.view.tick), self._policy, self._dice)
        if taking is not None:
            await desk.place(buys=taking.buys, ticks=taking.ticks, lots=taking.lots, immediate=True)


async def serve(
    home: Path,
    role: str,
    policy: TraderPolicy | None = None,
    symbol: str = "",
    seed: int = 0,
    pause_s: float = PAUSE_S,
) -> None:
    """Trades a market of the network in ``home``, its first by default, with the key of ``role``, until cancelled."""
    async with AsyncExitStack() as stack:
        desk = await TradingDesk.open(home, role, stack, symbol)
        await repeat(Trader(desk, policy or TraderPolicy(), random.Random(seed)).step, pause_s)
