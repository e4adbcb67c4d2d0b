"""The way in: a signed request becomes a command, and the engine's outcome becomes an answer or a problem.

One shape for each kind: read the fields, check the signature, find the account, send the record, tell the outcome. The
reading half (``read_*``) and the answering half (``answer_*``) are apart so that a WebSocket can keep many under way.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

from stab3l.api.answers import OrderCancelled, OrderPlaced, WithdrawalQueued
from stab3l.api.authorising import Authoriser
from stab3l.api.batching import Batcher
from stab3l.api.catalogue import Catalogue, NamedMarket
from stab3l.api.exchange import Exchange
from stab3l.api.feed import Feed, KnownOrder
from stab3l.api.outcomes import order_done, order_state, outcome_of
from stab3l.api.problems import Problem, refusal
from stab3l.api.signed import (
    ORDER_TYPES,
    SELF_TRADES,
    SIDES,
    TIMES_IN_FORCE,
    CancelRequest,
    PlaceRequest,
    WithdrawalRequest,
    cancel_message,
    order_message,
    u64,
    withdrawal_message,
)
from stab3l.chain.address import checksum
from stab3l.engine.wire import (
    Cancel,
    Event,
    FieldInvalid,
    Instruction,
    OrderClosed,
    Outcome,
    OutcomeCode,
    Place,
    Side,
    Withdraw,
    encode,
)

REPEAT_WAIT_S: Final = 1
TERMS: Final = (
    "market", "lots", "side", "order_type", "time_in_force", "instructions", "self_trade", "label", "good_till",
    "trigger_ticks",
)  # fmt: skip
"""What makes an order the same, besides its price (which may have slid)."""

Events = asyncio.Future[list[Event]]


class PlaceTicket(msgspec.Struct, frozen=True):
    """A place that was checked and sent."""

    command: Place
    market: NamedMarket
    events: Events


class CancelTicket(msgspec.Struct, frozen=True):
    """A cancel that was checked and sent."""

    command: Cancel
    events: Events


class WithdrawalTicket(msgspec.Struct, frozen=True):
    """A withdrawal that was checked and sent."""

    command: Withdraw
    events: Events


class OrderEntry:
    """Takes signed orders, cancels and withdrawals to the exchange."""

    def __init__(
        self,
        exchange: Exchange,
        catalogue: Catalogue,
        batcher: Batcher,
        feed: Feed,
        authoriser: Authoriser,
    ) -> None:
        self._exchange = exchange
        self._catalogue = catalogue
        self._batcher = batcher
        self._feed = feed
        self._authoriser = authoriser

    async def place(self, request: PlaceRequest) -> OrderPlaced:
        """Places an order. Raises `Problem` or another `Stab3lError`."""
        return await self.answer_place(await self.read_place(request))

    async def cancel(self, request: CancelRequest) -> OrderCancelled:
        """Cancels a resting order. Raises `Problem` or another `Stab3lError`."""
        return await self.answer_cancel(await self.read_cancel(request))

    async def withdraw(self, request: WithdrawalRequest) -> WithdrawalQueued:
        """Queues a withdrawal. Raises `Problem` or another `Stab3lError`."""
        return await self.answer_withdrawal(await self.read_withdrawal(request))

    async def read_place(self, request: PlaceRequest) -> PlaceTicket:
        """Checks a place and sends it."""
        market = await self._catalogue.market(request.market)
        ticks, lots = market.grid.ticks(request.price), market.grid.lots(request.quantity)
        u64("ticks", str(ticks))
        u64("lots", str(lots))
        trigger = 0 if request.trigger_price == "0" else market.grid.ticks(request.trigger_price)
        u64("trigger_ticks", str(trigger))
        message = order_message(request, market=market.market.id, ticks=ticks, lots=lots, trigger_ticks=trigger)
        account, signature = await self._authoriser.account(message, request.signature)
        command = Place(
            account,
            market.market.id,
            message.values["clientId"],
            message.values["expiresAt"],
            ticks,
            lots,
            SIDES[request.side],
            ORDER_TYPES[request.type],
            TIMES_IN_FORCE[request.time_in_force],
            request.instructions,
            SELF_TRADES[request.self_trade],
            request.label,
            message.values["goodTill"],
            trigger,
        )
        return PlaceTicket(command, market, self._batcher.enqueue(_record(command, signature)))

    async def read_cancel(self, request: CancelRequest) -> CancelTicket:
        """Checks a cancel and sends it. Its expiry is judged here: the engine's cancel has none."""
        message = cancel_message(request)
        expires_at = message.values["expiresAt"]
        account, signature = await self._authoriser.account(message, request.signature)
        self._authoriser.check_life(expires_at)
        command = Cancel(account, message.values["order"])
        evidence = signature + expires_at.to_bytes(8, "little")
        return CancelTicket(command, self._batcher.enqueue(encode(command, evidence)))

    async def read_withdrawal(self, request: WithdrawalRequest) -> WithdrawalTicket:
        """Checks a withdrawal and sends it."""
        message = withdrawal_message(request)
        account, signature = await self._authoriser.account(message, request.signature)
        command = Withdraw(
            account,
            message.values["asset"],
            message.values["clientId"],
            message.values["expiresAt"],
            message.values["amount"],
            message.values["recipient"],
        )
        return WithdrawalTicket(command, self._batcher.enqueue(encode(command, signature)))

    async def answer_place(self, ticket: PlaceTicket) -> OrderPlaced:
        """What became of a place."""
        outcome, events = outcome_of(await ticket.events)
        command, market = ticket.command, ticket.market
        if outcome.code == OutcomeCode.ACCEPTED:
            return order_done(market, command.client_id, command.lots, outcome, events)
        if outcome.code == OutcomeCode.CLIENT_ID_REUSED:
            known = await self._known_order(outcome, command.account, command.client_id)
            if known and _is_same(known, command):
                return _order_repeated(known, market, outcome)
        if outcome.code == OutcomeCode.FUNDS_SHORT:
            buys = command.side == Side.BUY
            asset = market.quote if buys else market.base
            needed = command.lots * (command.ticks * market.market.tick if buys else market.market.lot)
            raise await self._funds_short(command.account, asset.asset.id, needed)
        raise refusal(
            outcome.code,
            outcome.id,
            {
                "market": market.symbol,
                "price": market.price(command.ticks),
                "quantity": market.quantity(command.lots),
                "quantity_max": market.quantity(market.market.max_lots),
                "client_id": command.client_id,
                "expires_at": command.expires_at,
                "now": outcome.at,
            },
        )

    async def answer_cancel(self, ticket: CancelTicket) -> OrderCancelled:
        """What became of a cancel."""
        outcome, events = outcome_of(await ticket.events)
        if outcome.code != OutcomeCode.ACCEPTED:
            raise refusal(outcome.code, outcome.id, {"order_id": ticket.command.order})
        closed = next(event for event in events if isinstance(event, OrderClosed))
        market = await self._catalogue.market_of(closed.market)
        return OrderCancelled(
            str(closed.order),
            market.symbol,
            market.quantity(closed.lots_left),
            str(outcome.sequence),
            str(outcome.at),
        )

    async def answer_withdrawal(self, ticket: WithdrawalTicket) -> WithdrawalQueued:
        """What became of a withdrawal."""
        outcome, _ = outcome_of(await ticket.events)
        command = ticket.command
        repeated = outcome.code == OutcomeCode.CLIENT_ID_REUSED and await self._is_same_withdrawal(outcome, command)
        if outcome.code == OutcomeCode.ACCEPTED or repeated:
            return WithdrawalQueued(
                str(outcome.id),
                str(command.client_id),
                command.asset,
                str(command.amount),
                checksum(command.recipient),
                repeated,
                str(outcome.sequence),
                str(outcome.at),
            )
        if outcome.code == OutcomeCode.FUNDS_SHORT:
            raise await self._funds_short(command.account, command.asset, command.amount)
        asked = {"asset": command.asset, "client_id": command.client_id, "amount": command.amount}
        raise refusal(outcome.code, outcome.id, asked | {"expires_at": command.expires_at, "now": outcome.at})

    async def _known_order(self, outcome: Outcome, account: int, client_id: int) -> KnownOrder | None:
        """The order that a reused client id made, once the stream has told of it."""
        if not await self._feed.reached(outcome.sequence, REPEAT_WAIT_S):
            return None
        known = self._feed.order(outcome.id)
        if known and (known.accepted.account, known.accepted.client_id) == (account, client_id):
            return known
        return None

    async def _is_same_withdrawal(self, outcome: Outcome, command: Withdraw) -> bool:
        if await self._known_order(outcome, command.account, command.client_id):
            return False
        made = await self._exchange.withdrawal(outcome.id)
        if made is None:
            return False
        asked = (command.account, command.asset, command.amount, command.recipient)
        return (made.account, made.asset, made.amount, made.recipient) == asked

    async def _funds_short(self, account: int, asset: int, needed: int) -> Problem:
        named = await self._catalogue.asset(asset)
        balances = await self._exchange.balances(account)
        available = next((one.available for one in balances if one.asset == asset), 0)
        return Problem(
            "funds_short",
            f"{needed} base units of {named.symbol} are needed, {available} are available",
            asset=asset,
            symbol=named.symbol,
            needed=needed,
            available=available,
        )


def _record(command: Place, signature: bytes) -> bytes:
    """The record of an order. Raises `Problem` ``body_invalid`` for terms that contradict each other."""
    try:
        return encode(command, signature)
    except FieldInvalid as error:
        raise Problem("body_invalid", f"{error.message}: see docs/reference/api.md", **error.values) from None


def _order_repeated(known: KnownOrder, market: NamedMarket, outcome: Outcome) -> OrderPlaced:
    order = known.accepted
    return OrderPlaced(
        order_id=str(order.order),
        client_id=str(order.client_id),
        market=market.symbol,
        price=market.price(known.ticks),
        state=order_state(known.closed),
        filled=market.quantity(order.lots - known.lots_left),
        remaining=market.quantity(known.lots_left),
        fills=[],
        repeated=True,
        sequence=str(order.sequence),
        at=str(outcome.at),
    )


def _is_same(known: KnownOrder, command: Place) -> bool:
    """Whether the order is what the command asks for again; a new expiry and signature do not make it another."""
    order = known.accepted
    slides = command.instructions & Instruction.SLIDE
    told = [getattr(order, name) for name in TERMS]
    return told == [getattr(command, name) for name in TERMS] and (bool(slides) or order.ticks == command.ticks)
