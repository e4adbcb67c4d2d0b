"""A short way to speak to an exchange in tests: typed commands in, typed events out, a clock that the test turns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

from stab3l.engine.wire import (
    Command,
    Deposit,
    DepositCredited,
    Event,
    ListMarket,
    OrderType,
    Outcome,
    OutcomeCode,
    Place,
    RegisterAsset,
    Seal,
    Sealed,
    Side,
    TimeInForce,
    Withdraw,
    decode_events,
    encode_batch,
)

CHAIN: Final = 412346
OTHER_CHAIN: Final = 138
BASE: Final = 0
QUOTE: Final = 1
FOREIGN: Final = 2
"""An asset of `OTHER_CHAIN`, in no market."""
MARKET: Final = 0
LOT: Final = 1_000
TICK: Final = 3
MAX_LOTS: Final = 1_000_000
MAKER_FEE_PPM: Final = 100
TAKER_FEE_PPM: Final = 250
SECOND_NS: Final = 10**9
START_NS: Final = 1_700_000_000 * SECOND_NS


class Exchange(Protocol):
    """What both implementations offer: a batch and the time in, the events' bytes out."""

    def apply(self, batch: bytes, now: int) -> bytes:
        """Apply every record of ``batch`` at ``now`` (nanoseconds since 1970)."""
        ...


def token(number: int) -> bytes:
    """Address of the test token with this number."""
    return b"\x70" + number.to_bytes(19, "big")


def owner(number: int) -> bytes:
    """Address of the test user with this number."""
    return b"\x0a" + number.to_bytes(19, "big")


LISTING: Final[tuple[Command, ...]] = (
    RegisterAsset(CHAIN, token(1), 18),
    RegisterAsset(CHAIN, token(2), 6),
    RegisterAsset(OTHER_CHAIN, token(1), 18),
    ListMarket(BASE, QUOTE, LOT, TICK, MAKER_FEE_PPM, TAKER_FEE_PPM, MAX_LOTS),
)
"""What `TradingDesk.listed` sends first: three assets and one market."""


class Refused(AssertionError):
    """An exchange refused what a test took for granted."""


@dataclass(slots=True)
class TradingDesk:
    """Sends commands to ``exchange`` at ``now``; numbers deposits and client ids by itself."""

    exchange: Exchange
    now: int = START_NS
    deposits: dict[int, int] = field(default_factory=dict)
    client_ids: int = 0

    @classmethod
    def listed(cls, exchange: Exchange) -> TradingDesk:
        """A desk on an exchange where `LISTING` has been accepted."""
        desk = cls(exchange)
        desk.accepted(*LISTING)
        return desk

    def send(self, *commands: Command) -> list[Event]:
        """The events of one batch of commands."""
        return decode_events(self.exchange.apply(encode_batch(commands), self.now))

    def accepted(self, *commands: Command) -> list[Event]:
        """The events of one batch, all of it accepted. Raises `Refused` otherwise."""
        events = self.send(*commands)
        refusals = [event for event in events if isinstance(event, Outcome) and event.code != OutcomeCode.ACCEPTED]
        if refusals:
            raise Refused(f"{commands} answered {refusals}")
        return events

    def code(self, *commands: Command) -> OutcomeCode:
        """The outcome code of the last of the commands, sent as one batch."""
        return [event.code for event in self.send(*commands) if isinstance(event, Outcome)][-1]

    def fund(self, user: int, asset: int, amount: int) -> int:
        """Deposit for a user and return the account. Assets are those of `LISTING`."""
        chain = OTHER_CHAIN if asset == FOREIGN else CHAIN
        self.deposits[chain] = self.deposits.get(chain, 0) + 1
        deposit = Deposit(chain, self.deposits[chain], asset, 0, owner(user), amount, bytes(32))
        return next(event.account for event in self.accepted(deposit) if isinstance(event, DepositCredited))

    def order(self, account: int, side: Side, lots: int, ticks: int, *, market: int = MARKET) -> Place:
        """A limit order, good till cancelled, with a fresh client id, whose request lives a minute."""
        self.client_ids += 1
        return Place(account, market, self.client_ids, self.now + 60 * SECOND_NS, ticks, lots, side)

    def immediate(
        self, account: int, side: Side, lots: int, ticks: int, *, order_type: OrderType = OrderType.LIMIT
    ) -> Place:
        """An immediate-or-cancel order (``order_type`` market: ``ticks`` is the protection price)."""
        self.client_ids += 1
        expires_at = self.now + 60 * SECOND_NS
        kinds = (order_type, TimeInForce.IOC)
        return Place(account, MARKET, self.client_ids, expires_at, ticks, lots, side, *kinds)

    def withdrawal(self, account: int, asset: int, amount: int, recipient: bytes = owner(99)) -> Withdraw:
        """A withdrawal with a fresh client id, whose request lives a minute."""
        self.client_ids += 1
        return Withdraw(account, asset, self.client_ids, self.now + 60 * SECOND_NS, amount, recipient)

    def seal(self) -> Sealed:
        """Close the block."""
        return next(event for event in self.accepted(Seal()) if isinstance(event, Sealed))
