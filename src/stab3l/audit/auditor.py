"""An auditor that believes nothing but the events: it keeps its own books and stops at the first broken law.

It shares no rule with an exchange beyond docs/reference/engine.md's meaning of each event. Laws (DESIGN section 12):

- I7: a trade never executes outside either order's limit, nor ahead of a better or earlier resting order; and what
  could trade never rests;
- I8: no account is ever negative;
- conservation: for each asset, the sum over all accounts is credited minus withdrawn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from stab3l.engine.wire import (
    DepositCredited,
    Event,
    MarketListed,
    OrderAccepted,
    OrderClosed,
    Outcome,
    Side,
    Trade,
    WithdrawalQueued,
)

FEES = 0


class LawBroken(AssertionError):
    """An event that no honest exchange writes. Carries ``law``, ``event`` and ``reason``."""

    def __init__(self, law: str, event: Event, reason: str) -> None:
        super().__init__(f"{law}: {reason} at {event}")
        self.law = law
        self.event = event
        self.reason = reason


@dataclass(slots=True)
class OpenOrder:
    """An order as the events tell it; ``left`` is what has not traded."""

    accepted: OrderAccepted
    left: int


class Auditor:
    """Follows one exchange's events from genesis. ``observe`` raises `LawBroken`."""

    def __init__(self) -> None:
        self.markets: dict[int, MarketListed] = {}
        self.orders: dict[int, OpenOrder] = {}
        self.available: Counter[tuple[int, int]] = Counter()
        self.held: Counter[tuple[int, int]] = Counter()
        self.outstanding: Counter[int] = Counter()
        """Credited minus withdrawn, for each asset."""
        self.trades = 0
        self._touched: set[int] = set()

    def observe(self, events: Iterable[Event]) -> None:
        """Follow events in order; each command's laws are checked before the next command begins."""
        last: Event | None = None
        for event in events:
            if isinstance(event, Outcome) and last is not None:
                self._check_command(last)
            self._follow(event)
            last = event
        if last is not None:
            self._check_command(last)

    def _check_command(self, last: Event) -> None:
        self._check_conservation(last)
        if isinstance(last, OrderAccepted | Trade | OrderClosed):
            self._check_uncrossed(last)

    def _follow(self, event: Event) -> None:
        match event:
            case MarketListed():
                self.markets[event.market] = event
            case DepositCredited():
                self.outstanding[event.asset] += event.amount
                self._move(event, event.account, event.asset, available=event.amount)
            case WithdrawalQueued():
                self.outstanding[event.asset] -= event.amount
                self._move(event, event.account, event.asset, available=-event.amount)
            case OrderAccepted():
                self.orders[event.order] = OpenOrder(event, event.lots)
                asset, amount = self._hold(event, event.lots)
                self._move(event, event.account, asset, available=-amount, held=amount)
            case Trade():
                self._follow_trade(event)
            case OrderClosed():
                self._follow_close(event)
            case _:
                pass

    def _follow_trade(self, trade: Trade) -> None:
        maker, taker = self.orders[trade.maker_order], self.orders[trade.taker_order]
        self._check_limits(trade, maker, taker)
        self._check_priority(trade, maker)
        if trade.lots == 0 or trade.lots > min(maker.left, taker.left):
            raise LawBroken("I7", trade, f"maker has {maker.left} lots left, taker {taker.left}")
        maker_buys = maker.accepted.side == Side.BUY
        buyer, seller = (maker, taker) if maker_buys else (taker, maker)
        fees = (trade.maker_fee, trade.taker_fee)
        base_fee, quote_fee = fees if maker_buys else fees[::-1]
        self._settle(trade, buyer.accepted, seller.accepted, base_fee, quote_fee)
        maker.left -= trade.lots
        taker.left -= trade.lots
        self.trades += 1

    def _settle(self, trade: Trade, buyer: OrderAccepted, seller: OrderAccepted, base_fee: int, quote_fee: int) -> None:
        market = self.markets[trade.market]
        base, quote = trade.lots * market.lot, trade.lots * trade.ticks * market.tick
        bid = trade.lots * buyer.ticks * market.tick
        self._move(trade, buyer.account, market.quote_asset, available=bid - quote, held=-bid)
        self._move(trade, seller.account, market.base_asset, held=-base)
        self._move(trade, buyer.account, market.base_asset, available=base - base_fee)
        self._move(trade, seller.account, market.quote_asset, available=quote - quote_fee)
        self._move(trade, FEES, market.base_asset, available=base_fee)
        self._move(trade, FEES, market.quote_asset, available=quote_fee)

    def _follow_close(self, closed: OrderClosed) -> None:
        order = self.orders.pop(closed.order)
        if order.left != closed.lots_left:
            raise LawBroken("I7", closed, f"{order.left} lots are left")
        asset, amount = self._hold(order.accepted, order.left)
        self._move(closed, order.accepted.account, asset, available=amount, held=-amount)

    def _check_limits(self, trade: Trade, maker: OpenOrder, taker: OpenOrder) -> None:
        for order in (maker.accepted, taker.accepted):
            inside = trade.ticks <= order.ticks if order.side == Side.BUY else trade.ticks >= order.ticks
            if not inside:
                raise LawBroken("I7", trade, f"outside the limit of {order}")
        if trade.ticks != maker.accepted.ticks:
            raise LawBroken("I7", trade, f"not at the maker's price {maker.accepted.ticks}")
        if maker.accepted.side == taker.accepted.side or trade.taker_side != taker.accepted.side:
            raise LawBroken("I7", trade, "the sides do not face each other")

    def _check_priority(self, trade: Trade, maker: OpenOrder) -> None:
        first = maker.accepted
        for other in self.orders.values():
            one = other.accepted
            if (one.market, one.side) != (first.market, first.side) or one.order == trade.taker_order or not other.left:
                continue
            better = one.ticks > first.ticks if one.side == Side.BUY else one.ticks < first.ticks
            if better or (one.ticks == first.ticks and one.order < first.order):
                raise LawBroken("I7", trade, f"ahead of {one}")

    def _check_uncrossed(self, event: OrderAccepted | Trade | OrderClosed) -> None:
        resting = [order.accepted for order in self.orders.values() if order.accepted.market == event.market]
        bids = [order.ticks for order in resting if order.side == Side.BUY]
        asks = [order.ticks for order in resting if order.side == Side.SELL]
        if bids and asks and max(bids) >= min(asks):
            raise LawBroken("I7", event, f"a bid of {max(bids)} rests beside an ask of {min(asks)}")

    def _check_conservation(self, event: Event) -> None:
        for asset in sorted(self._touched):
            total = sum(
                amount for book in (self.available, self.held) for pair, amount in book.items() if pair[1] == asset
            )
            if total != self.outstanding[asset]:
                raise LawBroken("conservation", event, f"asset {asset}: {total}, not {self.outstanding[asset]}")
        self._touched.clear()

    def _hold(self, order: OrderAccepted, lots: int) -> tuple[int, int]:
        market = self.markets[order.market]
        if order.side == Side.BUY:
            return market.quote_asset, lots * order.ticks * market.tick
        return market.base_asset, lots * market.lot

    def _move(self, event: Event, account: int, asset: int, *, available: int = 0, held: int = 0) -> None:
        self.available[account, asset] += available
        self.held[account, asset] += held
        self._touched.add(asset)
        if self.available[account, asset] < 0 or self.held[account, asset] < 0:
            amounts = self.available[account, asset], self.held[account, asset]
            raise LawBroken("I8", event, f"account {account} has {amounts} of asset {asset}")
