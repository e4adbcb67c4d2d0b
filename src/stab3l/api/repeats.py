"""What a refusal means: whether it is the same request again, and what was missing."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from stab3l.api.answers import OrderPlaced
from stab3l.api.catalogue import Catalogue, NamedMarket
from stab3l.api.exchange import Exchange
from stab3l.api.feed import Feed, KnownOrder
from stab3l.api.grid import decimal_text
from stab3l.api.outcomes import order_state
from stab3l.api.problems import Problem
from stab3l.engine.wire import Instruction, Outcome, Place, Withdraw

REPEAT_WAIT_S: Final = 1
TERMS: Final = (
    "market", "lots", "side", "order_type", "time_in_force", "instructions", "self_trade", "label", "good_till",
    "trigger_ticks",
)  # fmt: skip
"""What makes an order the same, besides its price (which may have slid)."""


async def known_order(feed: Feed, outcome: Outcome, account: int, client_id: int) -> KnownOrder | None:
    """The order that a reused client id made, once the stream has told of it."""
    if not await feed.reached(outcome.sequence, REPEAT_WAIT_S):
        return None
    known = feed.order(outcome.id)
    if known and (known.accepted.account, known.accepted.client_id) == (account, client_id):
        return known
    return None


def is_same(known: KnownOrder, command: Place) -> bool:
    """Whether the order is what the command asks for again; a new expiry and signature do not make it another."""
    order = known.accepted
    slides = command.instructions & Instruction.SLIDE
    told = [getattr(order, name) for name in TERMS]
    return told == [getattr(command, name) for name in TERMS] and (bool(slides) or order.ticks == command.ticks)


async def is_same_withdrawal(exchange: Exchange, feed: Feed, outcome: Outcome, command: Withdraw) -> bool:
    """Whether a reused client id made just this withdrawal."""
    if await known_order(feed, outcome, command.account, command.client_id):
        return False
    made = await exchange.withdrawal(outcome.id)
    if made is None:
        return False
    asked = (command.account, command.asset, command.amount, command.recipient)
    return (made.account, made.asset, made.amount, made.recipient) == asked


def order_repeated(known: KnownOrder, market: NamedMarket, outcome: Outcome) -> OrderPlaced:
    """The answer to an order that was taken before."""
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


async def funds_short(exchange: Exchange, catalogue: Catalogue, account: int, asset: int, needed: int) -> Problem:
    """The problem of an account that has less than ``needed`` base units."""
    named = await catalogue.asset(asset)
    balances = await exchange.balances(account)
    available = next((one.available for one in balances if one.asset == asset), 0)
    wanted, there = (decimal_text(Fraction(one, 10**named.asset.decimals)) for one in (needed, available))
    return Problem(
        "funds_short",
        f"{wanted} {named.symbol} are needed, {there} are available",
        asset=asset,
        symbol=named.symbol,
        needed=needed,
        available=available,
    )
