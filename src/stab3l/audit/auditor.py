"""An auditor that believes nothing but the events: it keeps its own books and stops at the first broken law.

It shares no rule with an exchange beyond docs/reference/engine.md's meaning of each event. Laws (DESIGN section 12):

- I7: a trade never executes outside either order's limit, nor ahead of a better or earlier resting order; and what
  could trade never rests;
- I8: no account is ever negative;
- conservation: for each asset, the sum over all accounts is credited minus withdrawn.

What futures and options do to cash is not in the events (a fill's gains, a debt that is repaid): in their markets the
auditor judges I7, and their settlement asset and collateral only until the first is listed. A replay judges the rest
(`reference_conservation`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from stab3l.engine.wire import (
    CloseReason,
    CollateralSet,
    DepositCredited,
    Event,
    InstrumentListed,
    MarkChanged,
    MarketListed,
    OrderAccepted,
    OrderAmended,
    OrderClosed,
    OrderReduced,
    OrderTriggered,
    OrderType,
    Outcome,
    Side,
    Trade,
    UnderlyingListed,
    WithdrawalQueued,
)

FEES = 0
STOPS = (OrderType.STOP_MARKET, OrderType.STOP_LIMIT)


class LawBroken(AssertionError):
    """An event that no honest exchange writes. Carries ``law``, ``event`` and ``reason``."""

    def __init__(self, law: str, event: Event, reason: str) -> None:
        super().__init__(f"{law}: {reason} at {event}")
        self.law = law
        self.event = event
        self.reason = reason


@dataclass(slots=True)
class OpenOrder:
    """An order as the events tell it; ``left`` is what has not traded, ``turn`` when it came to its price."""

    accepted: OrderAccepted
    ticks: int
    left: int
    turn: int
    waits: bool

    @property
    def side(self) -> Side:
        """Buy or sell."""
        return self.accepted.side

    def better(self, other: OpenOrder) -> bool:
        """Whether it must trade before another of its side."""
        if self.ticks != other.ticks:
            return self.ticks > other.ticks if self.side == Side.BUY else self.ticks < other.ticks
        return self.turn < other.turn


class Auditor:
    """Follows one exchange's events from genesis. ``observe`` raises `LawBroken`."""

    def __init__(self) -> None:
        self.markets: dict[int, MarketListed] = {}
        self.marks: dict[int, int] = {}
        self.orders: dict[int, OpenOrder] = {}
        self.available: Counter[tuple[int, int]] = Counter()
        self.held: Counter[tuple[int, int]] = Counter()
        self.outstanding: Counter[int] = Counter()
        """Credited minus withdrawn, for each asset."""
        self.trades = 0
        self._turns = 0
        self.derivatives: set[int] = set()
        """Markets of futures and options."""
        self.unseen: set[int] = set()
        """Assets whose moves are not all in the events."""
        self._touched: set[int] = set()
        self._crossable: set[int] = set()
        """Markets whose books changed in this command."""
        self._follow: dict[type, Callable[[Any], None]] = {
            MarketListed: self._follow_listing,
            MarkChanged: self._follow_mark,
            InstrumentListed: self._follow_instrument,
            UnderlyingListed: lambda event: self.unseen.add(event.settlement_asset),
            CollateralSet: lambda event: self.unseen.add(event.asset),
            DepositCredited: self._follow_deposit,
            WithdrawalQueued: self._follow_withdrawal,
            OrderAccepted: self._follow_order,
            OrderAmended: self._follow_amendment,
            OrderTriggered: self._follow_trigger,
            OrderReduced: self._follow_reduction,
            Trade: self._follow_trade,
            OrderClosed: self._follow_close,
        }

    def observe(self, events: Iterable[Event]) -> None:
        """Follow events in order; each command's laws are checked before the next command begins."""
        last: Event | None = None
        for event in events:
            if isinstance(event, Outcome) and last is not None:
                self._check_command(last)
            follow = self._follow.get(type(event))
            if follow is not None:
                follow(event)
            last = event
        if last is not None:
            self._check_command(last)

    def _check_command(self, last: Event) -> None:
        self._check_conservation(last)
        for market in sorted(self._crossable):
            self._check_uncrossed(last, market)
        self._crossable.clear()

    def _follow_listing(self, event: MarketListed) -> None:
        self.markets[event.market] = event

    def _follow_instrument(self, event: InstrumentListed) -> None:
        self.derivatives.add(event.market)

    def _follow_mark(self, event: MarkChanged) -> None:
        self.marks[event.market] = event.ticks

    def _follow_deposit(self, event: DepositCredited) -> None:
        self.outstanding[event.asset] += event.amount
        self._move(event, event.account, event.asset, available=event.amount)

    def _follow_withdrawal(self, event: WithdrawalQueued) -> None:
        self.outstanding[event.asset] -= event.amount
        self._move(event, event.account, event.asset, available=-event.amount)

    def _follow_order(self, event: OrderAccepted) -> None:
        waits = event.order_type.conditional and not self._awake(event)
        order = OpenOrder(event, event.ticks, event.lots, 0, waits)
        self.orders[event.order] = order
        self._hold(event, order, order.left)
        if not waits:
            self._arrive(order)

    def _follow_amendment(self, event: OrderAmended) -> None:
        order = self.orders[event.order]
        stays = event.ticks == order.ticks and event.lots <= order.left
        self._hold(event, order, -order.left)
        order.ticks, order.left = event.ticks, event.lots
        self._hold(event, order, order.left)
        if not stays:
            self._arrive(order)

    def _follow_trigger(self, event: OrderTriggered) -> None:
        order = self.orders[event.order]
        if not order.waits or not self._awake(order.accepted):
            raise LawBroken("I7", event, f"the mark {self.marks.get(event.market)} does not wake {order}")
        order.waits = False
        self._arrive(order)

    def _arrive(self, order: OpenOrder) -> None:
        self._turns += 1
        order.turn = self._turns
        self._crossable.add(order.accepted.market)

    def _awake(self, order: OrderAccepted) -> bool:
        mark = self.marks.get(order.market)
        upwards = (order.order_type in STOPS) == (order.side == Side.BUY)
        return mark is not None and (mark >= order.trigger_ticks if upwards else mark <= order.trigger_ticks)

    def _follow_reduction(self, event: OrderReduced) -> None:
        order = self.orders[event.order]
        if event.lots_left >= order.left:
            raise LawBroken("I7", event, f"{order.left} lots were left")
        self._lose(event, order, order.left - event.lots_left)

    def _lose(self, event: Event, order: OpenOrder, lots: int) -> None:
        self._hold(event, order, -lots)
        order.left -= lots

    def _follow_trade(self, trade: Trade) -> None:
        maker, taker = self.orders[trade.maker_order], self.orders[trade.taker_order]
        self._check_limits(trade, maker, taker)
        self._check_priority(trade, maker)
        if trade.lots == 0 or trade.lots > min(maker.left, taker.left):
            raise LawBroken("I7", trade, f"maker has {maker.left} lots left, taker {taker.left}")
        maker_buys = maker.side == Side.BUY
        buyer, seller = (maker, taker) if maker_buys else (taker, maker)
        fees = (trade.maker_fee, trade.taker_fee)
        base_fee, quote_fee = fees if maker_buys else fees[::-1]
        if trade.market not in self.derivatives:
            self._settle(trade, buyer, seller, base_fee, quote_fee)
        maker.left -= trade.lots
        taker.left -= trade.lots
        self.trades += 1

    def _settle(self, trade: Trade, buyer: OpenOrder, seller: OpenOrder, base_fee: int, quote_fee: int) -> None:
        market = self.markets[trade.market]
        base, quote = trade.lots * market.lot, trade.lots * trade.ticks * market.tick
        bid = trade.lots * buyer.ticks * market.tick
        buys, sells = buyer.accepted.account, seller.accepted.account
        self._move(trade, buys, market.quote_asset, available=bid - quote, held=-bid)
        self._move(trade, sells, market.base_asset, held=-base)
        self._move(trade, buys, market.base_asset, available=base - base_fee)
        self._move(trade, sells, market.quote_asset, available=quote - quote_fee)
        self._move(trade, FEES, market.base_asset, available=base_fee)
        self._move(trade, FEES, market.quote_asset, available=quote_fee)

    def _follow_close(self, closed: OrderClosed) -> None:
        order = self.orders.pop(closed.order)
        if closed.reason in (CloseReason.SELF_TRADE, CloseReason.REDUCE_ONLY) and closed.lots_left == 0:
            self._lose(closed, order, order.left)
        if order.left != closed.lots_left:
            raise LawBroken("I7", closed, f"{order.left} lots are left")
        self._hold(closed, order, -order.left)

    def _check_limits(self, trade: Trade, maker: OpenOrder, taker: OpenOrder) -> None:
        for order in (maker, taker):
            inside = trade.ticks <= order.ticks if order.side == Side.BUY else trade.ticks >= order.ticks
            if not inside:
                raise LawBroken("I7", trade, f"outside the limit of {order}")
        if trade.ticks != maker.ticks:
            raise LawBroken("I7", trade, f"not at the maker's price {maker.ticks}")
        if maker.side == taker.side or trade.taker_side != taker.side:
            raise LawBroken("I7", trade, "the sides do not face each other")

    def _check_priority(self, trade: Trade, maker: OpenOrder) -> None:
        if maker.waits:
            raise LawBroken("I7", trade, f"{maker} waits for its trigger")
        for other in self.orders.values():
            if other.accepted.market != trade.market or other.side != maker.side or other.waits or not other.left:
                continue
            if other.accepted.order != trade.taker_order and other.better(maker):
                raise LawBroken("I7", trade, f"ahead of {other}")

    def _check_uncrossed(self, event: Event, market: int) -> None:
        resting = [order for order in self.orders.values() if order.accepted.market == market and not order.waits]
        bids = [order.ticks for order in resting if order.side == Side.BUY]
        asks = [order.ticks for order in resting if order.side == Side.SELL]
        if bids and asks and max(bids) >= min(asks):
            raise LawBroken("I7", event, f"a bid of {max(bids)} rests beside an ask of {min(asks)}")

    def _check_conservation(self, event: Event) -> None:
        for asset in sorted(self._touched - self.unseen):
            total = sum(
                amount for book in (self.available, self.held) for pair, amount in book.items() if pair[1] == asset
            )
            if total != self.outstanding[asset]:
                raise LawBroken("conservation", event, f"asset {asset}: {total}, not {self.outstanding[asset]}")
        self._touched.clear()

    def _hold(self, event: Event, order: OpenOrder, lots: int) -> None:
        if order.accepted.market in self.derivatives:
            return
        market = self.markets[order.accepted.market]
        if order.side == Side.BUY:
            asset, amount = market.quote_asset, lots * order.ticks * market.tick
        else:
            asset, amount = market.base_asset, lots * market.lot
        self._move(event, order.accepted.account, asset, available=-amount, held=amount)

    def _move(self, event: Event, account: int, asset: int, *, available: int = 0, held: int = 0) -> None:
        self.available[account, asset] += available
        self.held[account, asset] += held
        self._touched.add(asset)
        if asset in self.unseen:
            return
        if self.available[account, asset] < 0 or self.held[account, asset] < 0:
            amounts = self.available[account, asset], self.held[account, asset]
            raise LawBroken("I8", event, f"account {account} has {amounts} of asset {asset}")
