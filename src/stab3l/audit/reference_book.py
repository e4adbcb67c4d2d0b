"""Orders and markets of the reference exchange: who waits, who rests, and who is first."""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stab3l.engine.wire import Instruction, MarketStatus, OrderType, SelfTrade, Side, TimeInForce

if TYPE_CHECKING:
    from stab3l.audit.reference_derivatives import Instrument


@dataclass(slots=True, eq=False)
class Order:
    """An accepted order; ``lots`` is what is left of it. A conditional type means that it waits for its trigger."""

    id: int
    account: int
    market: Market
    client_id: int
    side: Side
    ticks: int
    lots: int
    order_type: OrderType
    time_in_force: TimeInForce
    instructions: int
    self_trade: SelfTrade
    label: int
    good_till: int
    trigger_ticks: int
    per_lot: int = 0
    """What it reserves for each lot in a derivative market, in the settlement asset."""
    liquidation: bool = False
    """Whether the engine placed it itself."""
    arrival: int = 0
    """Its turn among the orders that ever joined a queue; given anew when it loses its place."""

    def told(self, instruction: Instruction) -> bool:
        """Whether it carries this instruction."""
        return bool(self.instructions & int(instruction))

    def crosses(self, ticks: int) -> bool:
        """Whether it would trade at this price."""
        return ticks <= self.ticks if self.side == Side.BUY else ticks >= self.ticks

    @property
    def rank(self) -> tuple[int, int]:
        """Best price first, then the earliest."""
        return (-self.ticks if self.side == Side.BUY else self.ticks), self.arrival


@dataclass(slots=True, eq=False)
class Market:
    """A market: its terms, its mark (0: none yet), its queues and its waiting conditional orders."""

    id: int
    base: int
    quote: int
    lot: int
    tick: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    max_lots: int
    band_ppm: int
    status: MarketStatus = MarketStatus.OPEN
    mark: int = 0
    queues: dict[Side, list[Order]] = field(default_factory=lambda: {Side.BUY: [], Side.SELL: []})
    waiting: dict[int, Order] = field(default_factory=dict)
    instrument: Instrument | None = None
    """The terms of a future or an option; none for a spot market."""

    def best(self, side: Side) -> Order | None:
        """The first in a side's queue, dead or live."""
        queue = self.queues[side]
        return queue[0] if queue else None

    def join(self, order: Order) -> None:
        """Queue an order by its rank."""
        insort(self.queues[order.side], order, key=_rank)

    def leave(self, order: Order) -> None:
        """Take an order off its queue, or out of the waiting ones."""
        if self.waiting.pop(order.id, None) is None:
            queue = self.queues[order.side]
            del queue[bisect_left(queue, _rank(order), key=_rank)]

    def notional(self, lots: int, ticks: int) -> int:
        """Quote base units of ``lots`` at ``ticks``; exact."""
        return lots * ticks * self.tick

    def hold(self, side: Side, lots: int, ticks: int) -> tuple[int, int]:
        """The asset and amount that an order of ``lots`` at ``ticks`` needs held."""
        if side == Side.BUY:
            return self.quote, self.notional(lots, ticks)
        return self.base, lots * self.lot


def _rank(order: Order) -> tuple[int, int]:
    return order.rank
