"""Every message that ``/v1/ws`` sends (docs/reference/api.md, "WebSocket"; ``GET /v1/asyncapi.json``)."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from stab3l.api.answers import BalanceView, Level, OrderView, StatusView, Ticker, TradeView
from stab3l.api.derivative_views import PositionView
from stab3l.api.history import ChainEventView

Channel = Literal["book", "trades", "ticker", "status", "providers", "account"]
Type = Literal["snapshot", "update"]
CHANNELS: Final[tuple[Channel, ...]] = ("book", "trades", "ticker", "status", "providers", "account")
OF_A_MARKET: Final = ("book", "trades", "ticker")


class AnswerMessage(msgspec.Struct, frozen=True):
    """What became of the message with this ``id``."""

    id: int | str | None
    result: Any
    type: Literal["answer"] = "answer"


class ProblemMessage(msgspec.Struct, frozen=True):
    """Why the message with this ``id`` was refused (docs/reference/errors.md)."""

    id: int | str | None
    problem: dict[str, Any]
    type: Literal["problem"] = "problem"


class SubscribedMessage(msgspec.Struct, frozen=True):
    """A subscription stands. ``resumed``: the updates after ``since_seq`` follow, else a snapshot."""

    id: int | str | None
    channel: Channel
    market: str
    epoch: str
    seq: str
    resumed: bool
    type: Literal["subscribed"] = "subscribed"


class HeartbeatMessage(msgspec.Struct, frozen=True):
    """How far the sequencer is, every few seconds: silence means that the connection is dead."""

    sequence: str
    block: str | None
    time: str
    type: Literal["heartbeat"] = "heartbeat"


class BookMessage(msgspec.Struct, frozen=True):
    """A book, or what changed in it since ``prev_seq``; in an update a quantity of 0 removes the level."""

    channel: Literal["book"]
    type: Type
    market: str
    seq: str
    prev_seq: str | None
    bids: list[Level]
    asks: list[Level]


class TradesMessage(msgspec.Struct, frozen=True):
    """The latest trades (newest first), or those since ``prev_seq`` (in order)."""

    channel: Literal["trades"]
    type: Type
    market: str
    seq: str
    prev_seq: str | None
    trades: list[TradeView]


class TickerMessage(msgspec.Struct, frozen=True):
    """A market at a glance; each replaces the one before."""

    channel: Literal["ticker"]
    type: Type
    market: str
    seq: str
    prev_seq: str | None
    ticker: Ticker


class StatusMessage(msgspec.Struct, frozen=True):
    """The body of ``GET /v1/status``; each replaces the one before."""

    channel: Literal["status"]
    type: Type
    status: StatusView


class ProvidersMessage(msgspec.Struct, frozen=True):
    """What happened to providers, claims and redemptions on chain: the latest (newest first), or since (in order)."""

    channel: Literal["providers"]
    type: Type
    seq: str
    prev_seq: str | None
    events: list[ChainEventView]


class AccountEvent(msgspec.Struct, frozen=True):
    """Something that happened to the account; ``body`` is by ``kind``.

    ``order``: an `OrderView`; ``fill``: as ``GET /v1/account/fills``; ``balance``: a `BalanceView`; ``deposit`` and
    ``withdrawal``: asset and amount; ``cancel_schedule``, ``protection``: when; ``position``: a `PositionView`, or
    its market and quantity "0" when it is closed.
    """

    kind: Literal["order", "fill", "balance", "deposit", "withdrawal", "cancel_schedule", "protection", "position"]
    sequence: str
    at: str
    body: Any


class AccountMessage(msgspec.Struct, frozen=True):
    """The account as it stands, or what happened to it since ``prev_seq``; ``seq``: the sequencer's number."""

    channel: Literal["account"]
    type: Type
    account: str
    seq: str
    prev_seq: str | None
    balances: list[BalanceView] | None = None
    open_orders: list[OrderView] | None = None
    positions: list[PositionView] | None = None
    events: list[AccountEvent] | None = None


SERVER_MESSAGES: Final = (
    AnswerMessage, ProblemMessage, SubscribedMessage, HeartbeatMessage, BookMessage, TradesMessage, TickerMessage,
    StatusMessage, ProvidersMessage, AccountMessage,
)  # fmt: skip
