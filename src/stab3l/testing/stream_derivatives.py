"""The random command stream's derivatives: listed, priced, traded, expired; calm for a while, then shocked."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from stab3l.audit.reference_book import Market
from stab3l.audit.reference_derivatives import WINDOW, Underlying, instrument_of
from stab3l.audit.reference_limits import TICKS_MAX
from stab3l.audit.reference_margin import shifts
from stab3l.engine.wire import (
    U64_MAX,
    Expire,
    IndexPrice,
    Instruction,
    ListFuture,
    ListOption,
    ListUnderlying,
    OptionKind,
    OptionMarks,
    Place,
    SetCollateral,
    Side,
    TimeInForce,
    encode,
)
from stab3l.testing.stream_orders import KINDS, SELF_TRADES, SIDES
from stab3l.testing.stream_voice import Changes, Intent, Voice
from stab3l.testing.trading_desk import SECOND_NS

SETTLEMENT: Final = 1
"""The asset that everything settles in."""
MIDDLE_TICKS: Final = 1_000
UNDERLYINGS_WANTED: Final = 2
INSTRUMENTS_WANTED: Final = 5
"""Unsettled instruments of an underlying above which no more are listed on purpose."""
DAY_NS: Final = 86_400 * SECOND_NS
NOT_DUE_SPARED: Final = 0.7
"""How often nothing is said to expire that is not due."""


class DerivativeStream:
    """Futures and options: what the operator says of them, and what users do with them."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice
        self.random = voice.random
        self.reference = voice.reference

    def intents(self) -> dict[Intent, int]:
        """What is said, and how often."""
        return {
            self.place: 260,
            self.index_price: 40,
            self.option_marks: 30,
            self.list_instrument: 16,
            self.list_broken: 4,
            self.list_underlying: 2,
            self.set_collateral: 5,
            self.expire: 20,
        }

    def place(self) -> bytes:
        """An order in a derivative market."""
        market = self._market()
        if market is None:
            return self.list_instrument()
        side, order_type_and_time = self.random.choice(SIDES), self.voice.draw(KINDS)
        order_type, time_in_force = order_type_and_time
        middle = market.mark or instrument_of(market).underlying.index or MIDDLE_TICKS
        away = self.random.randint(-5, 8)
        reduce = self.random.random() < 0.15
        order = Place(
            self.voice.user(),
            market.id,
            self.voice.client_id(),
            self.voice.expiry(),
            max(1, middle - away if side == Side.BUY else middle + away),
            self.random.randint(1, self.random.choice([10, 80, 2_000])),
            side,
            order_type,
            time_in_force,
            int(Instruction.REDUCE_ONLY) if reduce else 0,
            self.voice.draw(SELF_TRADES),
            0,
            self.voice.soon() if time_in_force == TimeInForce.GTD else 0,
            max(1, middle + self.random.randint(-9, 9)) if order_type.conditional else 0,
        )
        changes: Changes = [{"ticks": TICKS_MAX}, {"lots": 10**6}, {"ticks": middle * 2}]
        return self.voice.say(replace(order, **self.voice.some(changes)) if self.random.random() < 0.05 else order)

    def index_price(self) -> bytes:
        """The next step of an index, seldom a shock, seldom nonsense."""
        if not self.reference.underlyings or self.random.random() < 0.03:
            return encode(IndexPrice(len(self.reference.underlyings), self.random.choice([0, 5, TICKS_MAX + 1])))
        underlying = self.random.choice(self.reference.underlyings)
        index = underlying.index or MIDDLE_TICKS
        shocked = self.random.random() < 0.08
        if shocked:
            index = index * self.random.choice([70, 85, 115, 140]) // 100
        pull = (MIDDLE_TICKS - index) // 20
        ticks = max(1, index + pull + self.random.randint(-6, 6))
        return encode(IndexPrice(underlying.id, ticks))

    def option_marks(self) -> bytes:
        """Marks and values of an option, near what they would be."""
        options = [market for market in self._unsettled() if instrument_of(market).is_option]
        if not options or self.random.random() < 0.05:
            market = self.random.randint(0, len(self.reference.markets))
            return encode(OptionMarks(market, self.random.choice([0, 9, TICKS_MAX + 1]), (1,) * 16))
        market_ = self.random.choice(options)
        instrument = instrument_of(market_)
        index, premium = instrument.underlying.index or MIDDLE_TICKS, self.random.randint(0, 40)
        values = [
            instrument.intrinsic(index + shift) + premium + (10 if j % 2 else -5) * (premium > 5)
            for j, shift in enumerate(shifts(instrument.underlying))
        ]
        return encode(OptionMarks(market_.id, instrument.intrinsic(index) + premium, tuple(values)))

    def list_instrument(self) -> bytes:
        """A future or an option where there are few."""
        few = [one for one in self.reference.underlyings if len(one.unsettled) < INSTRUMENTS_WANTED]
        if not few:
            return self.expire()
        return encode(self._new_instrument(self.random.choice(few)))

    def list_broken(self) -> bytes:
        """A future or an option with something wrong."""
        underlyings = self.reference.underlyings
        if not underlyings:
            return self.list_underlying()
        new = self._new_instrument(self.random.choice(underlyings))
        changes: Changes = [
            {"underlying": len(underlyings)},
            {"expiry": self.voice.time + WINDOW},
            {"maker_fee_ppm": 100_001},
            {"max_lots": 0},
            {"band_ppm": 1_000_001},
        ]
        known = [instrument_of(market) for one in underlyings for market in one.instruments]
        if known and isinstance(new, ListFuture):
            twin = self.random.choice(known)
            changes.append({"underlying": twin.underlying.id, "expiry": twin.expiry})
        return encode(replace(new, **self.voice.some(changes)))

    def _new_instrument(self, underlying: Underlying) -> ListFuture | ListOption:
        life = self.random.choice([60 * SECOND_NS, WINDOW, DAY_NS, 3 * DAY_NS])
        expiry = min(self.voice.time + WINDOW + self.random.randint(1, life), U64_MAX)
        terms = (200, 500, 1_000_000, self.random.choice([0, 300_000]))
        if self.random.random() < 0.4:
            return ListFuture(underlying.id, expiry, *terms)
        strike = (underlying.index or MIDDLE_TICKS) * self.random.choice([90, 100, 110]) // 100
        return ListOption(underlying.id, self.random.choice(list(OptionKind)), expiry, max(1, strike), *terms)

    def list_underlying(self) -> bytes:
        """An underlying while there are few; then mostly one with something wrong."""
        new = ListUnderlying(b"UNDERLIE", SETTLEMENT, 10_000, 150_000, 20_000, 1_300_000, 50_000, 5_000, 250_000)
        if len(self.reference.underlyings) < UNDERLYINGS_WANTED:
            return encode(new)
        changes: Changes = [
            {"settlement_asset": self.random.choice([0, 2, len(self.reference.assets)])},
            {"tick": self.random.choice([0, 10**13 + 1])},
            {"range_ppm": 0},
            {"initial_ppm": 999_999},
            {"liquidation_step_ppm": 0},
        ]
        return encode(replace(new, **self.voice.some(changes)))

    def set_collateral(self) -> bytes:
        """What an asset is worth, around one value."""
        asset = self.random.choice([0, 0, 2, 1, len(self.reference.assets)])
        price = self.random.choice([0, 3 * 10**18, 2 * 10**18, 10**18, 10**36 + 1])
        return encode(SetCollateral(asset, self.random.choice([0, 200_000, 1_000_000, 1_000_001]), price))

    def expire(self) -> bytes:
        """Settle a market that is due, or one that is not."""
        due = [market.id for market in self._unsettled() if instrument_of(market).expiry <= self.voice.time]
        if due and self.random.random() < 0.9:
            return encode(Expire(self.random.choice(due)))
        if self.random.random() < NOT_DUE_SPARED and self._market() is not None:
            return self.place()
        return encode(Expire(self.random.randint(0, len(self.reference.markets))))

    def _unsettled(self) -> list[Market]:
        return [market for underlying in self.reference.underlyings for market in underlying.unsettled]

    def _market(self) -> Market | None:
        markets = self._unsettled()
        traded = [market for market in markets if instrument_of(market).expiry > self.voice.time]
        chosen = traded if traded and self.random.random() < 0.95 else markets
        return self.random.choice(chosen) if chosen else None
