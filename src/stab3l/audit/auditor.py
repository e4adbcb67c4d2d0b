"""An auditor that believes nothing but the events: it keeps its own books and stops at the first broken law.

It shares no rule with an exchange beyond docs/reference/engine.md's meaning of each event. Laws (DESIGN section 12):

- I7: a trade never executes outside either order's limit, nor ahead of a better or earlier resting order; and what
  could trade never rests;
- I8: no account is ever negative;
- conservation: for each asset, the sum over all accounts is credited minus withdrawn.

- positions: what an event says of a position is what the trades made of it; every long lot is short elsewhere; a
  reduce-only order reduces; nothing is left in a market that settled; a fill's fees are the market's;
- margin: nobody orders derivatives, spends or stays in a position that even the most it can have does not carry.

Not all that futures and options do to cash is in the events (`auditor_positions`): of their settlement asset and
collateral the auditor knows upper bounds, and does not judge conservation. A replay does (`reference_conservation`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from stab3l.audit.auditor_positions import INSURANCE, PPM, PositionBook
from stab3l.engine.wire import (
    CloseReason,
    CollateralConverted,
    CollateralSet,
    DebtTakenOver,
    Deleveraged,
    DepositCredited,
    Event,
    IndexChanged,
    Instruction,
    InstrumentListed,
    MarkChanged,
    MarketListed,
    MarketSettled,
    OptionMarked,
    OrderAccepted,
    OrderAmended,
    OrderClosed,
    OrderReduced,
    OrderTriggered,
    OrderType,
    Outcome,
    PositionSettled,
    PositionTakenOver,
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
    per_lot: int = 0
    """What a derivative order reserves for each lot."""

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
        self.positions = PositionBook()
        self.unseen: set[int] = set()
        """Assets whose moves are not all in the events."""
        self._touched: set[int] = set()
        self._crossable: set[int] = set()
        """Markets whose books changed in this command."""
        self._settlement = -1
        self._judged: set[int] = set()
        """Underlyings whose positions this command judged."""
        self._deleveraged: set[int] = set()
        self._traded: set[int] = set()
        """Accounts that a trade or a deleveraging of this command changed, perhaps after they were judged."""
        self._follow: dict[type, Callable[[Any], None]] = {
            MarketListed: self._follow_listing,
            MarkChanged: self._follow_mark,
            InstrumentListed: self._follow_instrument,
            UnderlyingListed: self._follow_underlying,
            CollateralSet: self._follow_collateral,
            IndexChanged: self._follow_index,
            OptionMarked: self._follow_option_marks,
            PositionSettled: self._follow_position_settled,
            MarketSettled: self._follow_settled,
            CollateralConverted: self._follow_conversion,
            PositionTakenOver: self._follow_takeover,
            Deleveraged: self._follow_deleveraging,
            DebtTakenOver: lambda event: self._clear(event.account),
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
        self._check_positions(last)

    def _check_positions(self, event: Event) -> None:
        book = self.positions
        for account in self._deleveraged:
            self._clear(account)
        if self._judged:
            for account, held in list(book.held.items()):
                exposed = any(
                    one.lots and book.instruments[market].underlying in self._judged for market, one in held.items()
                )
                if exposed and account != INSURANCE and account not in self._traded:
                    if book.worth(account, self.marks, self.available) <= 0:
                        raise LawBroken("margin", event, f"account {account} keeps {held} with nothing to back it")
                elif not any(one.lots for one in held.values()):
                    book.debts[account] = 0  # the fund may have taken it over, which no event tells
        self._judged.clear()
        self._deleveraged.clear()
        self._traded.clear()

    def _follow_listing(self, event: MarketListed) -> None:
        self.markets[event.market] = event

    def _follow_instrument(self, event: InstrumentListed) -> None:
        self.positions.instruments[event.market] = event

    def _follow_underlying(self, event: UnderlyingListed) -> None:
        self.positions.underlyings[event.underlying] = event
        self.unseen.add(event.settlement_asset)
        self._settlement = event.settlement_asset

    def _follow_collateral(self, event: CollateralSet) -> None:
        self.unseen.add(event.asset)
        self.positions.collateral.pop(event.asset, None)
        if event.price:
            self.positions.collateral[event.asset] = event

    def _follow_index(self, event: IndexChanged) -> None:
        self.positions.index(event)
        self._judged.add(event.underlying)

    def _follow_option_marks(self, event: OptionMarked) -> None:
        self.positions.given[event.market] = event
        self._judged.add(self.positions.instruments[event.market].underlying)

    def _follow_position_settled(self, event: PositionSettled) -> None:
        self._hold_to("positions", event, self.positions.settle(event))
        self._realise(event.account, event.realised)

    def _follow_settled(self, event: MarketSettled) -> None:
        left = [order for order in self.orders.values() if order.accepted.market == event.market]
        if left or not self.positions.is_empty(event.market):
            raise LawBroken("positions", event, f"orders {left} or positions are left")
        self.positions.settled.add(event.market)
        self._judged.add(self.positions.instruments[event.market].underlying)

    def _follow_conversion(self, event: CollateralConverted) -> None:
        self._move(event, event.account, event.asset, available=-event.amount)
        self.available[INSURANCE, event.asset] += event.amount
        self.positions.debts[event.account] = max(0, self.positions.debts[event.account] - event.paid)

    def _follow_takeover(self, event: PositionTakenOver) -> None:
        self._hold_to("positions", event, self.positions.take_over(event))
        self._clear(event.account)

    def _follow_deleveraging(self, event: Deleveraged) -> None:
        book, market = self.positions, event.market
        self._hold_to("positions", event, book.deleverage(event, self.marks.get(market)))
        signed = event.lots if book.lots(event.account, market) > 0 else -event.lots
        for account, lots in ((event.account, -signed), (event.counterparty, signed)):
            self._realise(account, book.change(account, market, lots, event.ticks))
        self._realise(event.counterparty, -event.charge)
        self._deleveraged.add(event.account)
        self._traded.add(event.counterparty)

    def _hold_to(self, law: str, event: Event, reason: str) -> None:
        if reason:
            raise LawBroken(law, event, reason)

    def _realise(self, account: int, gain: int) -> None:
        """Receives a gain, debt first; pays a loss, the rest as debt."""
        cash, debts = (account, self._settlement), self.positions.debts
        if gain >= 0:
            repaid = min(gain, debts[account])
            debts[account] -= repaid
            self.available[cash] += gain - repaid
        else:
            paid = max(0, min(-gain, self.available[cash]))
            self.available[cash] -= paid
            debts[account] += -gain - paid

    def _clear(self, account: int) -> None:
        """Nothing that counts is left to an account that was taken over or deleveraged."""
        self.positions.debts[account] = 0
        for asset in (self._settlement, *self.positions.collateral):
            self.available[account, asset] = 0

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
        self._check_margin(event, order, order.left)
        self._hold(event, order, order.left)
        if not waits:
            self._arrive(order)

    def _follow_amendment(self, event: OrderAmended) -> None:
        order = self.orders[event.order]
        stays = event.ticks == order.ticks and event.lots <= order.left
        self._hold(event, order, -order.left)
        order.ticks = event.ticks
        self._check_margin(event, order, event.lots)
        order.left = event.lots
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
        if trade.market in self.positions.instruments:
            self._fill(trade, (buyer, base_fee), (seller, quote_fee), taker)
        else:
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

    def _fill(
        self, trade: Trade, buyer: tuple[OpenOrder, int], seller: tuple[OpenOrder, int], taker: OpenOrder
    ) -> None:
        book, market = self.positions, trade.market
        if market in book.settled:
            raise LawBroken("positions", trade, "the market is settled")
        self._check_fees(trade, taker)
        for (order, _), lots in ((buyer, trade.lots), (seller, -trade.lots)):
            account = order.accepted.account
            before = book.lots(account, market)
            if order.accepted.instructions & Instruction.REDUCE_ONLY and not 0 <= -before * lots >= lots * lots:
                raise LawBroken("positions", trade, f"{order} only reduces, and account {account} has {before} lots")
            self._realise(account, book.change(account, market, lots, trade.ticks))
            self._traded.add(account)
        for order, fee in (buyer, seller):
            self._realise(order.accepted.account, -fee)
        if not book.is_clear(market):
            raise LawBroken("positions", trade, "not every long lot is short elsewhere")

    def _check_fees(self, trade: Trade, taker: OpenOrder) -> None:
        instrument, underlying = self.positions.instruments[trade.market], self.positions.underlying_of(trade.market)
        liquidates = taker.accepted.order_type == OrderType.LIQUIDATION
        rate = underlying.liquidation_fee_ppm if liquidates else instrument.taker_fee_ppm
        notional = trade.lots * trade.ticks * underlying.tick
        fees = tuple(-(-notional * ppm // PPM) for ppm in (instrument.maker_fee_ppm, rate))
        if fees != (trade.maker_fee, trade.taker_fee):
            raise LawBroken("positions", trade, f"the fees are {fees}")

    def _check_margin(self, event: OrderAccepted | OrderAmended, order: OpenOrder, lots: int) -> None:
        """Whether an account can reserve what a derivative order of so many lots needs."""
        market, account, book = order.accepted.market, order.accepted.account, self.positions
        if market not in book.instruments or order.accepted.instructions & Instruction.REDUCE_ONLY:
            return
        buys = order.side == Side.BUY
        order.per_lot = book.per_lot(market, self.marks[market], order.ticks, buys=buys)
        others = (one for one in self.orders.values() if one is not order and one.accepted.account == account)
        reserved = sum(one.left * one.per_lot for one in others)
        worth = book.worth(account, self.marks, self.available)
        free = worth - book.initial(account, self.marks) - reserved
        if free < lots * order.per_lot:
            raise LawBroken("margin", event, f"at most {free} is free, {lots * order.per_lot} is needed")

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
        if order.accepted.market in self.positions.instruments:
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
        if asset in self.unseen and (available >= 0 or account == INSURANCE):
            return
        if self.available[account, asset] < 0 or self.held[account, asset] < 0:
            amounts = self.available[account, asset], self.held[account, asset]
            raise LawBroken("I8", event, f"account {account} has {amounts} of asset {asset}")
