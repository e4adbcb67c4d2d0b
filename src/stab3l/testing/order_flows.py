"""Hypothesis strategies for trading: short lists of typed commands around one price, which shrink well."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from msgspec.structs import replace

from stab3l.engine.wire import Cancel, Command, OrderType, Place, Side, TimeInForce, Withdraw
from stab3l.testing.trading_desk import BASE, LOT, MARKET, QUOTE, SECOND_NS, START_NS, TICK, TradingDesk, owner

TRADERS: Final = 4
FIRST_TRADER: Final = 3
EXPIRES_AT: Final = START_NS + 60 * SECOND_NS
ORDER_KINDS: Final = (
    (OrderType.LIMIT, TimeInForce.GTC),
    (OrderType.LIMIT, TimeInForce.GTC),
    (OrderType.LIMIT, TimeInForce.IOC),
    (OrderType.MARKET, TimeInForce.IOC),
)

_traders = st.integers(FIRST_TRADER, FIRST_TRADER + TRADERS - 1)


def _place(trader: int, side: Side, lots: int, ticks: int, kinds: tuple[OrderType, TimeInForce]) -> Place:
    return Place(trader, MARKET, 1, EXPIRES_AT, ticks, lots, side, *kinds)


places: Final[st.SearchStrategy[Place]] = st.builds(
    _place, _traders, st.sampled_from(Side), st.integers(1, 20), st.integers(97, 103), st.sampled_from(ORDER_KINDS)
)
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
        replace(command, client_id=number) if isinstance(command, Place | Withdraw) else command
        for number, command in enumerate(commands, 1)
    ]


def order_flows(*, size_max: int = 40) -> st.SearchStrategy[list[Command]]:
    """Lists of places, cancels and withdrawals by the traders whom `fund_traders` made."""
    one: st.SearchStrategy[Command] = st.one_of(places, places, places, cancels, withdrawals)
    return st.lists(one, min_size=1, max_size=size_max).map(_with_fresh_client_ids)


def fund_traders(desk: TradingDesk) -> None:
    """Give each trader forty lots and what buys about forty: enough to trade, little enough to run short."""
    for trader in range(TRADERS):
        account = desk.fund(trader + 1, BASE, 40 * LOT)
        assert account == FIRST_TRADER + trader, "the traders come first"
        desk.fund(trader + 1, QUOTE, 40 * 100 * TICK)
