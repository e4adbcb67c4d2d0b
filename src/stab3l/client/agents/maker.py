"""A market maker: a ladder of quotes around a reference price, leaning against its inventory.

The decision is pure and in integer ticks and lots; the loop keeps the book as decided. It stores nothing: after a
restart it finds its orders in the book and goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from stab3l.client.agents.desk import Holdings, OpenOrder, TradingDesk, repeat
from stab3l.units import Lots, Ticks

PAR = "0.06"
PAUSE_S = 0.5


@dataclass(frozen=True, slots=True)
class MakerPolicy:
    """``spread_ticks``: from the reference to the first quote; ``skew_ticks_max``: lean at a full inventory."""

    spread_ticks: int = 2
    step_ticks: int = 1
    levels: int = 5
    level_lots: int = 1_000
    inventory_lots_target: int = 50_000
    inventory_lots_span: int = 50_000
    skew_ticks_max: int = 4
    par_weight: int = 3
    """The reference is (par x weight + last trade) / (weight + 1), rounded down."""


@dataclass(frozen=True, slots=True)
class Quote:
    """An order that should rest."""

    buys: bool
    ticks: Ticks
    lots: Lots


def reference_down(par: Ticks, last: Ticks | None, policy: MakerPolicy) -> Ticks:
    """Where the maker sees the price: pulled to par, following trades slowly."""
    return par if last is None else Ticks((par * policy.par_weight + last) // (policy.par_weight + 1))


def skew_ticks(base_lots: int, policy: MakerPolicy) -> int:
    """How far quotes move: down when the maker holds too much, up when too little, within ``skew_ticks_max``."""
    excess = base_lots - policy.inventory_lots_target
    size = min(abs(excess) * policy.skew_ticks_max // policy.inventory_lots_span, policy.skew_ticks_max)
    return -size if excess > 0 else size


def quotes(reference: Ticks, base_lots: int, policy: MakerPolicy) -> list[Quote]:
    """The ladder, best quotes first; never at or below a price of zero."""
    middle = reference + skew_ticks(base_lots, policy)
    ladder = []
    for level in range(policy.levels):
        distance = policy.spread_ticks + level * policy.step_ticks
        ladder.append(Quote(True, Ticks(middle - distance), Lots(policy.level_lots)))
        ladder.append(Quote(False, Ticks(middle + distance), Lots(policy.level_lots)))
    return [quote for quote in ladder if quote.ticks > 0]


def changes(wanted: Sequence[Quote], resting: Sequence[OpenOrder]) -> tuple[list[OpenOrder], list[Quote]]:
    """(orders to cancel, quotes to place): a resting order stays while its price is wanted and half of it is left."""
    open_quotes = {(quote.buys, quote.ticks): quote for quote in wanted}
    cancels = []
    for order in resting:
        quote = open_quotes.get((order.buys, order.ticks))
        if quote is not None and 2 * order.lots >= quote.lots:
            del open_quotes[order.buys, order.ticks]
        else:
            cancels.append(order)
    return cancels, list(open_quotes.values())


def affordable(quotes: Sequence[Quote], holdings: Holdings, tick: int) -> list[Quote]:
    """The quotes, in order, that the available balances cover."""
    base, quote_units = holdings.base_lots_available, holdings.quote_available
    covered = []
    for quote in quotes:
        need = quote.lots * quote.ticks * tick
        if quote.buys and need <= quote_units:
            quote_units -= need
            covered.append(quote)
        elif not quote.buys and quote.lots <= base:
            base -= quote.lots
            covered.append(quote)
    return covered


class Maker:
    """The loop around the decision."""

    def __init__(self, desk: TradingDesk, policy: MakerPolicy) -> None:
        self._desk = desk
        self._policy = policy

    async def step(self) -> None:
        """Looks, decides, cancels what is not wanted any more, places what is missing."""
        desk, market = self._desk, await self._desk.listed()
        held = await desk.holdings()
        reference = reference_down(market.grid.ticks(PAR), await desk.last_trade(), self._policy)
        wanted = quotes(reference, held.base_lots, self._policy)
        cancels, missing = changes(wanted, await desk.open_orders())
        for order in cancels:
            await desk.cancel(order.order_id)
        for quote in affordable(missing, await desk.holdings(), int(market.view.tick)):
            await desk.place(buys=quote.buys, ticks=quote.ticks, lots=quote.lots)


async def serve(
    home: Path, role: str, policy: MakerPolicy | None = None, symbol: str = "", pause_s: float = PAUSE_S
) -> None:
    """Makes a market of the network in ``home``, its first by default, with the key of ``role``, until cancelled."""
    async with AsyncExitStack() as stack:
        maker = Maker(await TradingDesk.open(home, role, stack, symbol), policy or MakerPolicy())
        await repeat(maker.step, pause_s)
