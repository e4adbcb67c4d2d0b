"""What users may ask of the exchange by a signature: how each request becomes a command, and its outcome an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from stab3l.api.answers import (
    CancelScheduled,
    OrderCancelled,
    OrderPlaced,
    OrdersCancelled,
    ProtectionSet,
    WithdrawalQueued,
)
from stab3l.api.catalogue import Catalogue, NamedMarket
from stab3l.api.exchange import Exchange
from stab3l.api.feed import Feed
from stab3l.api.outcomes import order_done
from stab3l.api.problems import Problem, refusal
from stab3l.api.repeats import funds_short, is_same, is_same_withdrawal, known_order, order_repeated
from stab3l.api.signed import (
    ORDER_TYPES,
    SELF_TRADES,
    SIDE_CHOICES,
    SIDES,
    TIMES_IN_FORCE,
    U16_MAX,
    AmendRequest,
    CancelAllRequest,
    CancelRequest,
    PlaceRequest,
    ProtectionRequest,
    ScheduleCancelRequest,
    TypedMessage,
    WithdrawalRequest,
    address_of,
    amend_message,
    cancel_all_message,
    cancel_message,
    fitting,
    protection_message,
    schedule_cancel_message,
    u64,
    withdrawal_message,
)
from stab3l.chain.address import checksum
from stab3l.engine.wire import (
    ALL_MARKETS,
    U64_MAX,
    Amend,
    Cancel,
    CancelAll,
    Command,
    Event,
    OrderClosed,
    Outcome,
    OutcomeCode,
    Place,
    ScheduleCancel,
    SetProtection,
    Side,
    Withdraw,
)


@dataclass(frozen=True, slots=True)
class Sources:
    """What reading and answering need."""

    exchange: Exchange
    catalogue: Catalogue
    feed: Feed


class Prepared(msgspec.Struct, frozen=True):
    """A request of the address ``owner`` whose fields were read.

    ``message``: what is signed; None: the ``Order`` that the body of its own command states.
    ``judged_here``: its expiry is judged by the API and travels as evidence.
    """

    owner: bytes
    command: Callable[[int], Command]
    message: TypedMessage | None = None
    market: NamedMarket | None = None
    judged_here: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of request. ``by_agents``: an agent may sign it, which nothing is that takes something out."""

    request: type[msgspec.Struct]
    prepare: Callable[[Sources, Any], Awaitable[Prepared]]
    answer: Callable[[Sources, Prepared, Any, Outcome, list[Event]], Awaitable[msgspec.Struct]]
    by_agents: bool


async def _prepare_place(sources: Sources, request: PlaceRequest) -> Prepared:
    market = await sources.catalogue.market(request.market)
    ticks, lots = _steps(market, request.price, request.quantity)
    trigger = 0 if request.trigger_price == "0" else market.grid.ticks(request.trigger_price)
    fitting("trigger_ticks", trigger, U64_MAX)
    label = fitting("label", request.label, U16_MAX)
    client_id, expires_at = u64("client_id", request.client_id), u64("expires_at", request.expires_at)
    good_till = 0 if request.good_till == "0" else u64("good_till", request.good_till)

    def command(account: int) -> Command:
        return Place(
            account,
            market.market.id,
            client_id,
            expires_at,
            ticks,
            lots,
            SIDES[request.side],
            ORDER_TYPES[request.type],
            TIMES_IN_FORCE[request.time_in_force],
            request.instructions,
            SELF_TRADES[request.self_trade],
            label,
            good_till,
            trigger,
        )

    return Prepared(address_of("account", request.account), command, None, market)


async def _answer_place(
    sources: Sources, prepared: Prepared, command: Place, outcome: Outcome, events: list[Event]
) -> OrderPlaced:
    market = _market(prepared)
    if outcome.code == OutcomeCode.ACCEPTED:
        return order_done(market, command.client_id, command.lots, outcome, events)
    if outcome.code == OutcomeCode.CLIENT_ID_REUSED:
        known = await known_order(sources.feed, outcome, command.account, command.client_id)
        if known and is_same(known, command):
            return order_repeated(known, market, outcome)
    if outcome.code == OutcomeCode.FUNDS_SHORT:
        buys = command.side == Side.BUY
        asset = market.quote if buys else market.base
        needed = command.lots * (command.ticks * market.market.tick if buys else market.market.lot)
        raise await funds_short(sources.exchange, sources.catalogue, command.account, asset.asset.id, needed)
    raise refusal(outcome.code, outcome.id, _order_asked(market, command, outcome))


async def _prepare_amend(sources: Sources, request: AmendRequest) -> Prepared:
    market = await sources.catalogue.market(request.market)
    ticks, lots = _steps(market, request.price, request.quantity)
    message = amend_message(request, ticks=ticks, lots=lots)
    values = message.values
    known = sources.feed.order(values["order"])
    if known and known.accepted.market != market.market.id:
        raise Problem("body_invalid", f"order {values['order']} is not of {market.symbol}", field="market")

    def command(account: int) -> Command:
        return Amend(account, values["order"], values["clientId"], values["expiresAt"], ticks, lots)

    return Prepared(message.values["account"], command, message, market)


async def _answer_amend(
    sources: Sources, prepared: Prepared, command: Amend, outcome: Outcome, events: list[Event]
) -> OrderPlaced:
    market = _market(prepared)
    if outcome.code == OutcomeCode.ACCEPTED:
        return order_done(market, command.client_id, command.lots, outcome, events)
    raise refusal(outcome.code, outcome.id, {"order_id": command.order} | _order_asked(market, command, outcome))


async def _prepare_cancel(sources: Sources, request: CancelRequest) -> Prepared:
    message = cancel_message(request)
    values = message.values
    return Prepared(values["account"], lambda account: Cancel(account, values["order"]), message, judged_here=True)


async def _answer_cancel(
    sources: Sources, prepared: Prepared, command: Cancel, outcome: Outcome, events: list[Event]
) -> OrderCancelled:
    if outcome.code != OutcomeCode.ACCEPTED:
        raise refusal(outcome.code, outcome.id, {"order_id": command.order})
    closed = next(event for event in events if isinstance(event, OrderClosed))
    market = await sources.catalogue.market_of(closed.market)
    left = market.quantity(closed.lots_left)
    return OrderCancelled(str(closed.order), market.symbol, left, str(outcome.sequence), str(outcome.at))


async def _prepare_cancel_all(sources: Sources, request: CancelAllRequest) -> Prepared:
    market = (await sources.catalogue.market(request.market)).market.id if request.market else ALL_MARKETS
    message = cancel_all_message(request, market=market)

    def command(account: int) -> Command:
        return CancelAll(account, market, request.label, SIDE_CHOICES[request.side])

    return Prepared(message.values["account"], command, message, judged_here=True)


async def _answer_cancel_all(
    sources: Sources, prepared: Prepared, command: CancelAll, outcome: Outcome, events: list[Event]
) -> OrdersCancelled:
    if outcome.code != OutcomeCode.ACCEPTED:
        raise refusal(outcome.code, outcome.id, {"market": command.market})
    orders = [str(event.order) for event in events if isinstance(event, OrderClosed)]
    return OrdersCancelled(orders, str(outcome.sequence), str(outcome.at))


async def _prepare_schedule(sources: Sources, request: ScheduleCancelRequest) -> Prepared:
    message = schedule_cancel_message(request)
    values = message.values

    def command(account: int) -> Command:
        return ScheduleCancel(account, values["clientId"], values["expiresAt"], values["at"])

    return Prepared(values["account"], command, message)


async def _answer_schedule(
    sources: Sources, prepared: Prepared, command: ScheduleCancel, outcome: Outcome, events: list[Event]
) -> CancelScheduled:
    """A repetition is known by what stands."""
    reused = outcome.code == OutcomeCode.CLIENT_ID_REUSED
    repeated = reused and await sources.exchange.schedule(command.account) == command.at
    if outcome.code == OutcomeCode.ACCEPTED or repeated:
        return CancelScheduled(str(command.at), repeated, str(outcome.sequence), str(outcome.at))
    raise refusal(outcome.code, outcome.id, {"at": command.at} | _request_asked(command, outcome))


async def _prepare_protection(sources: Sources, request: ProtectionRequest) -> Prepared:
    market = await sources.catalogue.market(request.market)
    max_lots = 0 if request.quantity == "0" else market.grid.lots(request.quantity)
    fitting("lots", max_lots, U64_MAX)
    message = protection_message(request, market=market.market.id, max_lots=max_lots)
    values = message.values

    def command(account: int) -> Command:
        ids = (account, market.market.id, values["clientId"], values["expiresAt"])
        return SetProtection(*ids, values["window"], max_lots, values["frozen"])

    return Prepared(message.values["account"], command, message, market)


async def _answer_protection(
    sources: Sources, prepared: Prepared, command: SetProtection, outcome: Outcome, events: list[Event]
) -> ProtectionSet:
    """A repetition is known by what stands."""
    market = _market(prepared)
    repeated = outcome.code == OutcomeCode.CLIENT_ID_REUSED and await _stands(sources.exchange, command)
    if outcome.code == OutcomeCode.ACCEPTED or repeated:
        terms = (str(command.window), market.quantity(command.max_lots), str(command.frozen))
        return ProtectionSet(market.symbol, *terms, repeated, str(outcome.sequence), str(outcome.at))
    asked = {
        "market": market.symbol,
        "quantity": market.quantity(command.max_lots),
        "quantity_max": market.quantity(market.market.max_lots * 1_000),
    }
    raise refusal(outcome.code, outcome.id, asked | _request_asked(command, outcome))


async def _stands(exchange: Exchange, command: SetProtection) -> bool:
    standing = [
        (one.window, one.max_lots, one.frozen)
        for one in await exchange.protections(command.account)
        if one.market == command.market
    ]
    return standing == ([(command.window, command.max_lots, command.frozen)] if command.max_lots else [])


async def _prepare_withdrawal(sources: Sources, request: WithdrawalRequest) -> Prepared:
    message = withdrawal_message(request)
    values = message.values

    def command(account: int) -> Command:
        ids = (account, values["asset"], values["clientId"], values["expiresAt"])
        return Withdraw(*ids, values["amount"], values["recipient"])

    return Prepared(values["account"], command, message)


async def _answer_withdrawal(
    sources: Sources, prepared: Prepared, command: Withdraw, outcome: Outcome, events: list[Event]
) -> WithdrawalQueued:
    reused = outcome.code == OutcomeCode.CLIENT_ID_REUSED
    repeated = reused and await is_same_withdrawal(sources.exchange, sources.feed, outcome, command)
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
        where = (sources.exchange, sources.catalogue, command.account)
        raise await funds_short(*where, command.asset, command.amount)
    asked = {"asset": command.asset, "amount": command.amount}
    raise refusal(outcome.code, outcome.id, asked | _request_asked(command, outcome))


OPERATIONS: Final[Mapping[str, Operation]] = {
    "place": Operation(PlaceRequest, _prepare_place, _answer_place, by_agents=True),
    "amend": Operation(AmendRequest, _prepare_amend, _answer_amend, by_agents=True),
    "cancel": Operation(CancelRequest, _prepare_cancel, _answer_cancel, by_agents=True),
    "cancel_all": Operation(CancelAllRequest, _prepare_cancel_all, _answer_cancel_all, by_agents=True),
    "schedule_cancel": Operation(ScheduleCancelRequest, _prepare_schedule, _answer_schedule, by_agents=True),
    "protect": Operation(ProtectionRequest, _prepare_protection, _answer_protection, by_agents=True),
    "withdraw": Operation(WithdrawalRequest, _prepare_withdrawal, _answer_withdrawal, by_agents=False),
}
"""By the name that a WebSocket message gives it."""


def _steps(market: NamedMarket, price: str, quantity: str) -> tuple[int, int]:
    ticks, lots = market.grid.ticks(price), market.grid.lots(quantity)
    return fitting("ticks", ticks, U64_MAX), fitting("lots", lots, U64_MAX)


def _market(prepared: Prepared) -> NamedMarket:
    assert prepared.market is not None
    return prepared.market


def _request_asked(command: ScheduleCancel | SetProtection | Withdraw, outcome: Outcome) -> dict[str, object]:
    return {"client_id": command.client_id, "expires_at": command.expires_at, "now": outcome.at}


def _order_asked(market: NamedMarket, command: Place | Amend, outcome: Outcome) -> dict[str, object]:
    return {
        "market": market.symbol,
        "price": market.price(command.ticks),
        "quantity": market.quantity(command.lots),
        "quantity_max": market.quantity(market.market.max_lots),
        "client_id": command.client_id,
        "expires_at": command.expires_at,
        "now": outcome.at,
    }
