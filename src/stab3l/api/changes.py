"""What an account's orders are subject to, as its owner signs it: amendments, mass and scheduled cancels, protections.

Built like `entry`: ``read_*`` checks and sends, ``answer_*`` tells what became of it.
"""

from __future__ import annotations

import asyncio

import msgspec

from stab3l.api.answers import CancelScheduled, OrderPlaced, OrdersCancelled, ProtectionSet
from stab3l.api.authorising import Authoriser
from stab3l.api.batching import Batcher
from stab3l.api.catalogue import Catalogue, NamedMarket
from stab3l.api.exchange import Exchange
from stab3l.api.feed import Feed
from stab3l.api.outcomes import order_done, outcome_of
from stab3l.api.problems import Problem, refusal
from stab3l.api.signed import (
    SIDE_CHOICES,
    AmendRequest,
    CancelAllRequest,
    ProtectionRequest,
    ScheduleCancelRequest,
    amend_message,
    cancel_all_message,
    protection_message,
    schedule_cancel_message,
    u64,
)
from stab3l.engine.wire import (
    ALL_MARKETS,
    Amend,
    CancelAll,
    Event,
    OrderClosed,
    OutcomeCode,
    ScheduleCancel,
    SetProtection,
    encode,
)

Events = asyncio.Future[list[Event]]


class AmendTicket(msgspec.Struct, frozen=True):
    """An amendment that was checked and sent."""

    command: Amend
    market: NamedMarket
    events: Events


class CancelAllTicket(msgspec.Struct, frozen=True):
    """A mass cancel that was checked and sent."""

    command: CancelAll
    events: Events


class ScheduleTicket(msgspec.Struct, frozen=True):
    """A scheduled cancel that was checked and sent."""

    command: ScheduleCancel
    events: Events


class ProtectionTicket(msgspec.Struct, frozen=True):
    """A protection that was checked and sent."""

    command: SetProtection
    market: NamedMarket
    events: Events


class OrderChanges:
    """Takes signed changes to the exchange. Every method raises `Problem` or another ``Stab3lError``."""

    def __init__(
        self, exchange: Exchange, catalogue: Catalogue, batcher: Batcher, feed: Feed, authoriser: Authoriser
    ) -> None:
        self._exchange = exchange
        self._catalogue = catalogue
        self._batcher = batcher
        self._feed = feed
        self._authoriser = authoriser

    async def amend(self, request: AmendRequest) -> OrderPlaced:
        """Amends a resting order."""
        return await self.answer_amend(await self.read_amend(request))

    async def cancel_all(self, request: CancelAllRequest) -> OrdersCancelled:
        """Cancels an account's orders."""
        return await self.answer_cancel_all(await self.read_cancel_all(request))

    async def schedule(self, request: ScheduleCancelRequest) -> CancelScheduled:
        """Schedules the cancel of all of an account's orders, or clears it."""
        return await self.answer_schedule(await self.read_schedule(request))

    async def protect(self, request: ProtectionRequest) -> ProtectionSet:
        """Sets a market-maker protection, or turns it off."""
        return await self.answer_protection(await self.read_protection(request))

    async def read_amend(self, request: AmendRequest) -> AmendTicket:
        """Checks an amendment and sends it."""
        market = await self._catalogue.market(request.market)
        ticks, lots = market.grid.ticks(request.price), market.grid.lots(request.quantity)
        u64("ticks", str(ticks))
        u64("lots", str(lots))
        message = amend_message(request, ticks=ticks, lots=lots)
        account, signature = await self._authoriser.account(message, request.signature)
        values = message.values
        known = self._feed.order(values["order"])
        if known and known.accepted.market != market.market.id:
            raise Problem("body_invalid", f"order {values['order']} is not of {market.symbol}", field="market")
        command = Amend(account, values["order"], values["clientId"], values["expiresAt"], ticks, lots)
        return AmendTicket(command, market, self._batcher.enqueue(encode(command, signature)))

    async def read_cancel_all(self, request: CancelAllRequest) -> CancelAllTicket:
        """Checks a mass cancel and sends it. Its expiry is judged here: the engine's command has none."""
        market = (await self._catalogue.market(request.market)).market.id if request.market else ALL_MARKETS
        message = cancel_all_message(request, market=market)
        expires_at = message.values["expiresAt"]
        account, signature = await self._authoriser.account(message, request.signature)
        self._authoriser.check_life(expires_at)
        command = CancelAll(account, market, request.label, SIDE_CHOICES[request.side])
        evidence = signature + expires_at.to_bytes(8, "little")
        return CancelAllTicket(command, self._batcher.enqueue(encode(command, evidence)))

    async def read_schedule(self, request: ScheduleCancelRequest) -> ScheduleTicket:
        """Checks a scheduled cancel and sends it."""
        message = schedule_cancel_message(request)
        account, signature = await self._authoriser.account(message, request.signature)
        values = message.values
        command = ScheduleCancel(account, values["clientId"], values["expiresAt"], values["at"])
        return ScheduleTicket(command, self._batcher.enqueue(encode(command, signature)))

    async def read_protection(self, request: ProtectionRequest) -> ProtectionTicket:
        """Checks a protection and sends it."""
        market = await self._catalogue.market(request.market)
        max_lots = 0 if request.quantity == "0" else market.grid.lots(request.quantity)
        u64("lots", str(max_lots))
        message = protection_message(request, market=market.market.id, max_lots=max_lots)
        account, signature = await self._authoriser.account(message, request.signature)
        values = message.values
        command = SetProtection(
            account,
            market.market.id,
            values["clientId"],
            values["expiresAt"],
            values["window"],
            max_lots,
            values["frozen"],
        )
        return ProtectionTicket(command, market, self._batcher.enqueue(encode(command, signature)))

    async def check_cancel_all(self, request: CancelAllRequest) -> int:
        """The account of a mass cancel that is to be sent later, checked as if it were sent now."""
        market = (await self._catalogue.market(request.market)).market.id if request.market else ALL_MARKETS
        message = cancel_all_message(request, market=market)
        account, _ = await self._authoriser.account(message, request.signature)
        self._authoriser.check_life(message.values["expiresAt"])
        return account

    async def answer_amend(self, ticket: AmendTicket) -> OrderPlaced:
        """What became of an amendment."""
        outcome, events = outcome_of(await ticket.events)
        command, market = ticket.command, ticket.market
        if outcome.code == OutcomeCode.ACCEPTED:
            return order_done(market, command.client_id, command.lots, outcome, events)
        raise refusal(
            outcome.code,
            outcome.id,
            {
                "market": market.symbol,
                "order_id": command.order,
                "price": market.price(command.ticks),
                "quantity": market.quantity(command.lots),
                "quantity_max": market.quantity(market.market.max_lots),
                "client_id": command.client_id,
                "expires_at": command.expires_at,
                "now": outcome.at,
            },
        )

    async def answer_cancel_all(self, ticket: CancelAllTicket) -> OrdersCancelled:
        """What became of a mass cancel."""
        outcome, events = outcome_of(await ticket.events)
        if outcome.code != OutcomeCode.ACCEPTED:
            raise refusal(outcome.code, outcome.id, {"market": ticket.command.market})
        orders = [str(event.order) for event in events if isinstance(event, OrderClosed)]
        return OrdersCancelled(orders, str(outcome.sequence), str(outcome.at))

    async def answer_schedule(self, ticket: ScheduleTicket) -> CancelScheduled:
        """What became of a scheduled cancel; a repetition is known by what stands."""
        outcome, _ = outcome_of(await ticket.events)
        command = ticket.command
        repeated = (
            outcome.code == OutcomeCode.CLIENT_ID_REUSED
            and await self._exchange.schedule(command.account) == command.at
        )
        if outcome.code == OutcomeCode.ACCEPTED or repeated:
            return CancelScheduled(str(command.at), repeated, str(outcome.sequence), str(outcome.at))
        asked = {"at": command.at, "client_id": command.client_id, "expires_at": command.expires_at, "now": outcome.at}
        raise refusal(outcome.code, outcome.id, asked)

    async def answer_protection(self, ticket: ProtectionTicket) -> ProtectionSet:
        """What became of a protection; a repetition is known by what stands."""
        outcome, _ = outcome_of(await ticket.events)
        command, market = ticket.command, ticket.market
        repeated = outcome.code == OutcomeCode.CLIENT_ID_REUSED and await self._stands(command)
        if outcome.code == OutcomeCode.ACCEPTED or repeated:
            return ProtectionSet(
                market.symbol,
                str(command.window),
                market.quantity(command.max_lots),
                str(command.frozen),
                repeated,
                str(outcome.sequence),
                str(outcome.at),
            )
        asked = {
            "market": market.symbol,
            "quantity": market.quantity(command.max_lots),
            "quantity_max": market.quantity(market.market.max_lots * 1_000),
            "client_id": command.client_id,
            "expires_at": command.expires_at,
            "now": outcome.at,
        }
        raise refusal(outcome.code, outcome.id, asked)

    async def _stands(self, command: SetProtection) -> bool:
        standing = [
            (one.window, one.max_lots, one.frozen)
            for one in await self._exchange.protections(command.account)
            if one.market == command.market
        ]
        wanted = [(command.window, command.max_lots, command.frozen)] if command.max_lots else []
        return standing == wanted
