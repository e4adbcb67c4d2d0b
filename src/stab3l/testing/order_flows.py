"""Hypothesis strategies for trading: short lists of typed commands around one price, which shrink well."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from msgspec.structs import replace

from stab3l.audit.auditor import Auditor
from stab3l.engine.wire import (
    Amend,
    Cancel,
    Command,
    Deposit,
    MarkPrice,
    OrderType,
    Place,
    SelfTrade,
    Side,
    TimeInForce,
    Withdraw,
)
from stab3l.testing.trading_desk import (
    BASE,
    CHAIN,
    LISTING,
    LOT,
    MARKET,
    QUOTE,
    SECOND_NS,
    START_NS,
    TICK,
    Exchange,
    TradingDesk,
    owner,
)

TRADERS: Final = 4
LOTS_EACH: Final = 25
FIRST_TRADER: Final = 3
EXPIRES_AT: Final = START_NS + 60 * SECOND_NS
ORDER_KINDS: Final = (
    (OrderType.LIMIT, TimeInForce.GTC),
    (OrderType.LIMIT, TimeInForce.GTC),
    (OrderType.LIMIT, TimeInForce.IOC),
    (OrderType.LIMIT, TimeInForce.FOK),
    (OrderType.MARKET, TimeInForce.IOC),
    (OrderType.STOP_LIMIT, TimeInForce.GTC),
    (OrderType.TAKE_PROFIT_MARKET, TimeInForce.IOC),
)

_traders = st.integers(FIRST_TRADER, FIRST_TRADER + TRADERS - 1)


def _place(
    trader: int, side: Side, lots: int, ticks: int, kinds: tuple[OrderType, TimeInForce], self_trade: SelfTrade
) -> Place:
    trigger = ticks if kinds[0].conditional else 0
    return Place(trader, MARKET, 1, EXPIRES_AT, ticks, lots, side, *kinds, self_trade=self_trade, trigger_ticks=trigger)


places: Final[st.SearchStrategy[Place]] = st.builds(
    _place,
    _traders,
    st.sampled_from(Side),
    st.integers(1, 20),
    st.integers(97, 103),
    st.sampled_from(ORDER_KINDS),
    st.sampled_from([SelfTrade.NONE, *SelfTrade]),
)
amends: Final[st.SearchStrategy[Amend]] = st.builds(
    Amend, _traders, st.integers(1, 30), st.just(1), st.just(EXPIRES_AT), st.integers(97, 103), st.integers(1, 20)
)
marks: Final[st.SearchStrategy[MarkPrice]] = st.builds(MarkPrice, st.just(MARKET), st.integers(97, 103))
cancels: Final[st.SearchStrategy[Cancel]] = st.builds(Cancel, _traders, st.integers(1, 30))
withdrawals: Final[st.SearchStrategy[Withdraw]] = st.builds(
    Withdraw,
    _traders,
    st.sampled_from([BASE, QUOTE]),
    st.just(1),
    st.just(EXPIRES_AT),
    st.integers(1, 30_000),
    st.just(owner(99)),
)


def _with_fresh_client_ids(commands: list[Command]) -> list[Command]:
    return [
        replace(command, client_id=number) if isinstance(command, Place | Withdraw | Amend) else command
        for number, command in enumerate(commands, 1)
    ]


def order_flows(*, size_max: int = 40) -> st.SearchStrategy[list[Command]]:
    """Lists of places, amendments, cancels, withdrawals and marks by and for the traders whom `audited_desk` funds."""
    one: st.SearchStrategy[Command] = st.one_of(places, places, places, amends, cancels, withdrawals, marks)
    short, long = (st.lists(one, min_size=least, max_size=size_max) for least in (1, max(1, size_max // 2)))
    return st.one_of(short, long).map(_with_fresh_client_ids)


def audited_desk(exchange: Exchange, auditor: Auditor) -> TradingDesk:
    """A desk on a fresh exchange where each trader has `LOTS_EACH` lots and what buys about as many.

    That is enough to trade and little enough to run short. ``auditor`` has seen all of it.
    """
    desk = TradingDesk(exchange)
    auditor.observe(desk.accepted(*LISTING))
    deposits: list[Command] = [
        Deposit(CHAIN, 2 * trader + asset + 1, asset, 0, owner(trader + 1), amount, bytes(32))
        for trader in range(TRADERS)
        for asset, amount in ((BASE, LOTS_EACH * LOT), (QUOTE, LOTS_EACH * 100 * TICK))
    ]
    auditor.observe(desk.accepted(*deposits))
    return desk
