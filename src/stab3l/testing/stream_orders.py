"""The random command stream's orders: placed, amended, cancelled, scheduled, protected; good and broken."""

from __future__ import annotations

from typing import Final

from stab3l.audit.reference_limits import LOTS_MAX, TICKS_MAX
from stab3l.engine.wire import (
    ALL_MARKETS,
    U64_MAX,
    Amend,
    Cancel,
    CancelAll,
    Instruction,
    OrderType,
    Place,
    ScheduleCancel,
    SelfTrade,
    SetProtection,
    Side,
    SideChoice,
    TimeInForce,
    encode,
)
from stab3l.testing.stream_voice import Changes, Intent, Voice
from stab3l.testing.trading_desk import SECOND_NS

MIDDLE_TICKS: Final = 1_000
RESTING_MAX: Final = 60
"""Orders of a market above which the stream rather cancels, so that a slow reference keeps up."""
LABELS: Final = 3
SIDES: Final = tuple(Side)

KINDS: Final = {
    (OrderType.LIMIT, TimeInForce.GTC): 60,
    (OrderType.LIMIT, TimeInForce.GTD): 10,
    (OrderType.LIMIT, TimeInForce.IOC): 10,
    (OrderType.LIMIT, TimeInForce.FOK): 6,
    (OrderType.MARKET, TimeInForce.IOC): 6,
    (OrderType.MARKET, TimeInForce.FOK): 2,
    (OrderType.STOP_MARKET, TimeInForce.IOC): 3,
    (OrderType.STOP_LIMIT, TimeInForce.GTC): 3,
    (OrderType.STOP_LIMIT, TimeInForce.GTD): 1,
    (OrderType.STOP_LIMIT, TimeInForce.IOC): 1,
    (OrderType.TAKE_PROFIT_MARKET, TimeInForce.IOC): 3,
    (OrderType.TAKE_PROFIT_LIMIT, TimeInForce.GTC): 3,
    (OrderType.TAKE_PROFIT_LIMIT, TimeInForce.GTD): 1,
}
POST_ONLY, SLIDE, REDUCE_ONLY, PROTECTED = (int(one) for one in Instruction)
INSTRUCTIONS: Final = {0: 60, POST_ONLY: 8, POST_ONLY | SLIDE: 8, PROTECTED: 24, POST_ONLY | SLIDE | PROTECTED: 6}
SELF_TRADES: Final = {
    SelfTrade.NONE: 6,
    SelfTrade.CANCEL_MAKER: 1,
    SelfTrade.CANCEL_TAKER: 1,
    SelfTrade.CANCEL_BOTH: 1,
    SelfTrade.DECREMENT: 1,
}


class OrderStream:
    """Orders and what can be done to them."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice
        self.random = voice.random
        self.reference = voice.reference

    def intents(self) -> dict[Intent, int]:
        """What is said, and how often."""
        return {
            self.place: 420,
            self.place_broken: 60,
            self.amend: 70,
            self.amend_broken: 25,
            self.cancel: 80,
            self.cancel_broken: 20,
            self.cancel_all: 8,
            self.schedule: 8,
            self.schedule_broken: 6,
            self.protect: 20,
            self.protect_broken: 6,
            self.repeat: 30,
        }

    def place(self) -> bytes:
        """A good order, if there are funds."""
        return self.voice.say(self._good_place())

    def place_broken(self) -> bytes:
        """An order with something wrong."""
        order = self._good_place()
        return self.voice.say(self.voice.broken(order, self._order_changes(order) + self._term_changes()))

    def _good_place(self) -> Place:
        market, side = self.voice.market(), self.random.choice(SIDES)
        away = self.random.randint(-6, 12)
        ticks = MIDDLE_TICKS - away if side == Side.BUY else MIDDLE_TICKS + away
        order_type, time_in_force = self.voice.draw(KINDS)
        resting = order_type == OrderType.LIMIT and time_in_force.rests
        return Place(
            self.voice.user(),
            market,
            self.voice.client_id(),
            self.voice.expiry(),
            ticks,
            self._lots(market),
            side,
            order_type,
            time_in_force,
            self.voice.draw(INSTRUCTIONS) if resting else 0,
            self.voice.draw(SELF_TRADES),
            self.random.randint(0, LABELS),
            self.voice.soon() if time_in_force == TimeInForce.GTD else 0,
            MIDDLE_TICKS + self.random.randint(-15, 15) if order_type.conditional else 0,
        )

    def _lots(self, market: int) -> int:
        ordinary = self.random.random() < 0.9
        return self.random.randint(1, 40 if ordinary else self._max_lots(market))

    def _order_changes(self, order: Place) -> Changes:
        return [
            {"market": len(self.reference.markets) + self.random.randint(0, 9)},
            {"lots": 0},
            {"lots": self._max_lots(order.market) + 1},
            {"lots": self._max_lots(order.market)},
            {"ticks": 0},
            {"ticks": TICKS_MAX + 1},
            {"ticks": TICKS_MAX},
            {"ticks": MIDDLE_TICKS + self.random.choice([-1, 1]) * self.random.randint(15, 60)},
            {"market": 2, "lots": LOTS_MAX, "ticks": TICKS_MAX},
            {"market": 2, "lots": LOTS_MAX, "ticks": 1},
            {"market": 2, "lots": self.random.randint(1, 10), "ticks": self.random.randint(1, 10**12)},
        ]

    def _term_changes(self) -> Changes:
        """Terms that fit each other and not the rules."""
        past = self.random.choice([1, max(1, self.voice.time)])
        far = self.random.choice([TICKS_MAX, TICKS_MAX + 1, U64_MAX])
        return [
            _terms(TimeInForce.GTD, good_till=past),
            _terms(TimeInForce.GTC, OrderType.STOP_LIMIT, trigger_ticks=far),
            _terms(TimeInForce.GTC, instructions=REDUCE_ONLY),
            _terms(TimeInForce.GTC, instructions=POST_ONLY | self.random.choice([0, SLIDE]))
            | {"ticks": self.random.choice([1, MIDDLE_TICKS, TICKS_MAX])},
            _terms(TimeInForce.FOK) | {"lots": self.random.randint(1, 2_000)},
        ]

    def amend(self) -> bytes:
        """A good amendment, if there are funds."""
        found = self._good_amend()
        return self.voice.say(found) if found else self.place()

    def amend_broken(self) -> bytes:
        """An amendment with something wrong."""
        found = self._good_amend()
        if found is None:
            return self.place()
        changes: Changes = [
            {"order": self.random.randint(0, self.reference.orders + 2)},
            {"lots": 0},
            {"lots": self.random.choice([10_000, 1_000_001, U64_MAX])},
            {"ticks": self.random.choice([0, TICKS_MAX, TICKS_MAX + 1])},
            {"ticks": MIDDLE_TICKS + self.random.choice([-1, 1]) * self.random.randint(5, 60)},
        ]
        return self.voice.say(self.voice.broken(found, changes))

    def _good_amend(self) -> Amend | None:
        if not self.reference.open:
            return None
        order = self.random.choice(list(self.reference.open.values()))
        ticks = order.ticks + self.random.choice([0, 0, self.random.randint(-8, 8)])
        lots = self.random.choice([order.lots, self.random.randint(1, order.lots), order.lots + 5])
        return Amend(
            order.account, order.id, self.voice.client_id(), self.voice.expiry(), min(max(ticks, 1), TICKS_MAX), lots
        )

    def cancel(self) -> bytes:
        """A cancel, or several where too many orders are open."""
        orders = list(self.reference.open.values())
        if not orders:
            return self.place()
        crowded = len(orders) > RESTING_MAX * len(self.reference.markets)
        chosen = self.random.sample(orders, min(len(orders), 8 if crowded else 1))
        return b"".join(encode(Cancel(order.account, order.id), self.voice.evidence()) for order in chosen)

    def cancel_broken(self) -> bytes:
        """A cancel of an order that may not be there, by who may not be there."""
        order = self.random.randint(0, self.reference.orders + 2)
        return encode(Cancel(self.random.randint(0, len(self.reference.owners) + 2), order))

    def cancel_all(self) -> bytes:
        """A mass cancel, seldom a wide one."""
        market = self.random.choice([ALL_MARKETS, *range(len(self.reference.markets) + 1)])
        account = self.voice.user() if self.random.random() < 0.9 else self.random.choice([0, 2, 2**32 - 1])
        side = self.random.choice(list(SideChoice))
        return encode(CancelAll(account, market, self.random.randint(0, LABELS), side), self.voice.evidence())

    def schedule(self) -> bytes:
        """A scheduled cancel, or none any more."""
        return self.voice.say(self._good_schedule())

    def schedule_broken(self) -> bytes:
        """A scheduled cancel with something wrong."""
        past: Changes = [{"at": self.random.choice([1, self.voice.time])}]
        return self.voice.say(self.voice.broken(self._good_schedule(), past))

    def _good_schedule(self) -> ScheduleCancel:
        at = self.random.choice([0, self.voice.soon(), min(self.voice.time + 60 * SECOND_NS, U64_MAX), U64_MAX])
        return ScheduleCancel(self.voice.user(), self.voice.client_id(), self.voice.expiry(), at)

    def protect(self) -> bytes:
        """A protection, or none any more."""
        return self.voice.say(self._good_protection())

    def protect_broken(self) -> bytes:
        """A protection with something wrong."""
        largest = self._max_lots(0) * 1_000
        changes: Changes = [
            {"market": len(self.reference.markets) + self.random.randint(0, 9)},
            {"market": 0, "max_lots": self.random.choice([largest, largest + 1, U64_MAX])},
        ]
        return self.voice.say(self.voice.broken(self._good_protection(), changes))

    def _good_protection(self) -> SetProtection:
        times = [0, SECOND_NS // 20, SECOND_NS, U64_MAX]
        return SetProtection(
            self.voice.user(),
            self.voice.market(),
            self.voice.client_id(),
            self.voice.expiry(),
            self.random.choice(times),
            self.random.choice([0, 1, 1, 5, 30]),
            self.random.choice(times[1:3]) if self.random.random() < 0.97 else U64_MAX,
        )

    def repeat(self) -> bytes:
        """Something that was said before."""
        if not self.voice.spoken:
            return self.place()
        request = self.random.choice(self.voice.spoken)
        return encode(request, self.voice.evidence())

    def _max_lots(self, market: int) -> int:
        return self.reference.markets[market].max_lots


def _terms(
    time_in_force: TimeInForce,
    order_type: OrderType = OrderType.LIMIT,
    *,
    instructions: int = 0,
    good_till: int = 0,
    trigger_ticks: int = 0,
) -> dict[str, object]:
    return {
        "order_type": order_type,
        "time_in_force": time_in_force,
        "instructions": instructions,
        "good_till": good_till,
        "trigger_ticks": trigger_ticks,
    }
