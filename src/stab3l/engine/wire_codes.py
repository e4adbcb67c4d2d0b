"""The codes of the engine's language (docs/reference/engine.md): one enumeration for each byte that holds a choice."""

from __future__ import annotations

from enum import IntEnum, IntFlag


class CommandKind(IntEnum):
    """Kind of a command record."""

    REGISTER_ASSET = 1
    LIST_MARKET = 2
    SET_MARKET_STATUS = 3
    DEPOSIT = 4
    PLACE = 5
    CANCEL = 6
    WITHDRAW = 7
    SEAL = 8
    AMEND = 9
    CANCEL_ALL = 10
    SCHEDULE_CANCEL = 11
    SET_PROTECTION = 12
    MARK_PRICE = 13
    SWEEP = 14
    LIST_UNDERLYING = 15
    LIST_FUTURE = 16
    LIST_OPTION = 17
    INDEX_PRICE = 18
    OPTION_MARKS = 19
    SET_COLLATERAL = 20
    EXPIRE = 21


class EventKind(IntEnum):
    """Kind of an event record."""

    OUTCOME = 1
    ORDER_ACCEPTED = 2
    TRADE = 3
    ORDER_CLOSED = 4
    DEPOSIT_CREDITED = 5
    WITHDRAWAL_QUEUED = 6
    ASSET_REGISTERED = 7
    MARKET_LISTED = 8
    MARKET_STATUS_SET = 9
    SEALED = 10
    ORDER_AMENDED = 11
    ORDER_REDUCED = 12
    ORDER_TRIGGERED = 13
    MARK_CHANGED = 14
    CANCEL_SCHEDULED = 15
    PROTECTION_SET = 16
    PROTECTION_TRIGGERED = 17
    UNDERLYING_LISTED = 18
    INSTRUMENT_LISTED = 19
    INDEX_CHANGED = 20
    OPTION_MARKED = 21
    COLLATERAL_SET = 22
    POSITION_SETTLED = 23
    MARKET_SETTLED = 24
    COLLATERAL_CONVERTED = 25
    POSITION_TAKEN_OVER = 26
    DELEVERAGED = 27
    DEBT_TAKEN_OVER = 28


class Side(IntEnum):
    """Side of an order or of the taker in a trade."""

    BUY = 0
    SELL = 1

    @property
    def opposite(self) -> Side:
        """The side that this one trades with."""
        return Side.SELL if self == Side.BUY else Side.BUY


class SideChoice(IntEnum):
    """The sides that a `cancel_all` is about."""

    BUY = 0
    SELL = 1
    BOTH = 2


class OrderType(IntEnum):
    """Limit, market with a protection price, or one of these that waits until the mark reaches its trigger."""

    LIMIT = 0
    MARKET = 1
    STOP_MARKET = 2
    STOP_LIMIT = 3
    TAKE_PROFIT_MARKET = 4
    TAKE_PROFIT_LIMIT = 5
    LIQUIDATION = 6
    """The engine's own: no request has it."""

    @property
    def conditional(self) -> bool:
        """Whether it waits for a trigger."""
        return OrderType.STOP_MARKET <= self <= OrderType.TAKE_PROFIT_LIMIT

    @property
    def at_market(self) -> bool:
        """Whether it never rests in the book."""
        return self in (OrderType.MARKET, OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET)


class TimeInForce(IntEnum):
    """What happens to what does not trade at once: it rests (GTC; GTD until `good_till`) or is cancelled (IOC).

    FOK trades as a whole or is refused.
    """

    GTC = 0
    IOC = 1
    FOK = 2
    GTD = 3

    @property
    def rests(self) -> bool:
        """Whether what is left may join the book."""
        return self in (TimeInForce.GTC, TimeInForce.GTD)


class Instruction(IntFlag):
    """What an order may not do, or submits to; bits of one byte."""

    POST_ONLY = 1
    SLIDE = 2
    REDUCE_ONLY = 4
    PROTECTED = 8


INSTRUCTIONS_ALL = 15


class SelfTrade(IntEnum):
    """What a taker does when it meets an order of its own account."""

    NONE = 0
    CANCEL_MAKER = 1
    CANCEL_TAKER = 2
    CANCEL_BOTH = 3
    DECREMENT = 4


class MarketKind(IntEnum):
    """What a market trades."""

    SPOT = 0
    FUTURE = 1
    CALL = 2
    PUT = 3


class OptionKind(IntEnum):
    """The right to buy or to sell at the strike."""

    CALL = 2
    PUT = 3


class MarketStatus(IntEnum):
    """Open, or halted: cancels only."""

    OPEN = 0
    HALTED = 1


class CloseReason(IntEnum):
    """Why an order left the exchange, or lost lots."""

    FILLED = 0
    CANCELLED = 1
    IMMEDIATE_REST = 2
    EXPIRED = 3
    SCHEDULED = 4
    SELF_TRADE = 5
    PROTECTION = 6
    REDUCE_ONLY = 7
    LIQUIDATION = 8
    SETTLED = 9


class OutcomeCode(IntEnum):
    """Answer to one command, in order of precedence."""

    ACCEPTED = 0
    MALFORMED = 1
    KIND_UNKNOWN = 2
    ACCOUNT_UNKNOWN = 3
    REQUEST_EXPIRED = 4
    REQUEST_TOO_FAR = 5
    CLIENT_ID_ZERO = 6
    CLIENT_ID_REUSED = 7
    ASSET_UNKNOWN = 8
    ASSET_EXISTS = 9
    DECIMALS_UNSUPPORTED = 10
    UNDERLYING_UNKNOWN = 11
    UNDERLYING_INVALID = 12
    SETTLEMENT_ASSET_OTHER = 13
    MARKET_UNKNOWN = 14
    MARKET_EXISTS = 15
    MARKET_INVALID = 16
    MARKET_KIND_WRONG = 17
    MARKET_HALTED = 18
    MARKET_EXPIRED = 19
    MARKET_NOT_DUE = 20
    MARKET_UNPRICED = 21
    ORDER_UNKNOWN = 22
    ORDER_NOT_AMENDABLE = 23
    QUANTITY_ZERO = 24
    QUANTITY_TOO_LARGE = 25
    PRICE_ZERO = 26
    PRICE_TOO_LARGE = 27
    PRICE_OUTSIDE_BAND = 28
    NOTIONAL_OVERFLOW = 29
    GOOD_TILL_PAST = 30
    REDUCE_ONLY_REFUSED = 31
    PROTECTION_ACTIVE = 32
    POST_ONLY_WOULD_TAKE = 33
    FILL_OR_KILL_SHORT = 34
    AMOUNT_ZERO = 35
    AMOUNT_TOO_LARGE = 36
    RECIPIENT_ZERO = 37
    OWNER_ZERO = 38
    DEPOSIT_DUPLICATE = 39
    DEPOSIT_GAP = 40
    FUNDS_SHORT = 41
    MARGIN_SHORT = 42
    RESERVE_SHORT = 43
    TIME_PAST = 44
    SEAL_NOT_ALONE = 45
    NOTHING_TO_SEAL = 46
