"""The way in: a signed request becomes a command, and the engine's outcome becomes an answer or a problem.

One shape for each kind: read the fields, check the signature, find the account, send the record, tell the outcome. The
reading half (``read_*``) and the answering half (``answer_*``) are apart so that a WebSocket can keep many under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from stab3l.api.answers import Fill, OrderCancelled, OrderPlaced, OrderState, WithdrawalQueued
from stab3l.api.batching import Batcher
from stab3l.api.catalogue import Catalogue, NamedMarket
from stab3l.api.exchange import Exchange
from stab3l.api.feed import Feed, KnownOrder
from stab3l.api.problems import Problem, refusal
from stab3l.api.signed import (
    ORDER_TYPES,
    SIDES,
    TIMES_IN_FORCE,
    CancelRequest,
    PlaceRequest,
    TypedMessage,
    WithdrawalRequest,
    address_of,
    cancel_message,
    order_message,
    signature_of,
    u64,
    withdrawal_message,
)
from stab3l.chain.address import checksum
from stab3l.clock import Clock
from stab3l.engine.wire import (
    Cancel,
    CloseReason,
    Event,
    OrderClosed,
    Outcome,
    OutcomeCode,
    Place,
    Side,
    Trade,
    Withdraw,
    encode,
)
from stab3l.units import Lots, Ticks

REQUEST_LIFE_MAX_NS: Final = 86_400 * 10**9
REPEAT_WAIT_S: Final = 1

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
    """Takes signed requests to the exchange. ``domain`` is the EIP-712 domain that users sign under."""

    def __init__(
        self,
        exchange: Exchange,
        catalogue: Catalogue,
        batcher: Batcher,
        feed: Feed,
        domain: Mapping[str, Any],
        clock: Clock,
    ) -> None:
        self._exchange = exchange
        self._catalogue = catalogue
        self._batcher = batcher
        self._feed = feed
        self._domain = domain
        self._clock = clock

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
        if request.type == "market" and request.time_in_force != "ioc":
            raise Problem("body_invalid", "a market order has time_in_force ioc", field="time_in_force")
        message = order_message(request, market=market.market.id, ticks=ticks, lots=lots)
        account, signature = await self._authorise(message, request.account, request.signature)
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
        )
        return PlaceTicket(command, market, self._batcher.enqueue(encode(command, signature)))

    async def read_cancel(self, request: CancelRequest) -> CancelTicket:
        """Checks a cancel and sends it. Its expiry is judged here: the engine's cancel has none."""
        message = cancel_message(request)
        expires_at = message.values["expiresAt"]
        account, signature = await self._authorise(message, request.account, request.signature)
        now = self._clock.now()
        if expires_at <= now:
            raise Problem("request_expired", "expires_at has passed", expires_at=expires_at, now=now)
        if expires_at > now + REQUEST_LIFE_MAX_NS:
            raise Problem("request_too_far", "expires_at is more than a day ahead", expires_at=expires_at, now=now)
        command = Cancel(account, message.values["order"])
        evidence = signature + expires_at.to_bytes(8, "little")
        return CancelTicket(command, self._batcher.enqueue(encode(command, evidence)))

    async def read_withdrawal(self, request: WithdrawalRequest) -> WithdrawalTicket:
        """Checks a withdrawal and sends it."""
        message = withdrawal_message(request)
        account, signature = await self._authorise(message, request.account, request.signature)
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
        outcome, events = _outcome(await ticket.events)
        command, market = ticket.command, ticket.market
        if outcome.code == OutcomeCode.ACCEPTED:
            return _order_placed(ticket, outcome, events)
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
        outcome, events = _outcome(await ticket.events)
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
        outcome, _ = _outcome(await ticket.events)
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

    async def _authorise(self, message: TypedMessage, owner: str, signature: str) -> tuple[int, bytes]:
        """The account that the message names and its checked signature."""
        evidence = signature_of(signature)
        address = address_of("account", owner)
        signer = message.recovered(self._domain, evidence)
        if signer != address:
            raise Problem(
                "signer_mismatch",
                f"signed by {checksum(signer)}, not by the account {checksum(address)}",
                account=checksum(address),
                signer=checksum(signer),
            )
        account = await self._catalogue.account(address)
        if account is None:
            raise Problem("account_unknown", f"{checksum(address)} has no account yet", account=checksum(address))
        return account, evidence

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


def _outcome(events: list[Event]) -> tuple[Outcome, list[Event]]:
    first, *rest = events
    if not isinstance(first, Outcome):
        raise Problem("submission_unknown", "the exchange's answer does not begin with an outcome")
    return first, rest


def _order_placed(ticket: PlaceTicket, outcome: Outcome, events: list[Event]) -> OrderPlaced:
    command, market = ticket.command, ticket.market
    trades = [event for event in events if isinstance(event, Trade)]
    closed = next((e for e in events if isinstance(e, OrderClosed) and e.order == outcome.id), None)
    filled = sum(trade.lots for trade in trades)
    fills = [
        Fill(str(one.trade), market.price(one.ticks), market.quantity(one.lots), str(one.taker_fee)) for one in trades
    ]
    return OrderPlaced(
        order_id=str(outcome.id),
        client_id=str(command.client_id),
        market=market.symbol,
        state=order_state(closed.reason if closed else None),
        filled=market.quantity(filled),
        remaining=market.quantity(command.lots - filled),
        fills=fills,
        repeated=False,
        sequence=str(outcome.sequence),
        at=str(outcome.at),
    )


def _order_repeated(known: KnownOrder, market: NamedMarket, outcome: Outcome) -> OrderPlaced:
    order = known.accepted
    return OrderPlaced(
        order_id=str(order.order),
        client_id=str(order.client_id),
        market=market.symbol,
        state=order_state(known.closed),
        filled=market.quantity(order.lots - known.lots_left),
        remaining=market.quantity(known.lots_left),
        fills=[],
        repeated=True,
        sequence=str(order.sequence),
        at=str(outcome.at),
    )


def order_state(closed: CloseReason | None) -> OrderState:
    """The state of an order that was closed for this reason, or not yet."""
    if closed is None:
        return "open"
    return "filled" if closed == CloseReason.FILLED else "cancelled"


def _is_same(known: KnownOrder, command: Place) -> bool:
    """Whether the order is what the command asks for again; a new expiry and signature do not make it another."""
    order = known.accepted
    return (order.market, order.ticks, order.lots, order.side, order.order_type, order.time_in_force) == (
        command.market,
        Ticks(command.ticks),
        Lots(command.lots),
        command.side,
        command.order_type,
        command.time_in_force,
    )
