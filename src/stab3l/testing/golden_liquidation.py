"""The golden story's chapter about losses: an account unwound, one taken over, one deleveraged, debts.

All of it happens in an underlying of its own. One of its traders pays in nothing but collateral, so that what another
wins from it was never paid in and cannot leave.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stab3l.engine.wire import (
    Command,
    Deposit,
    IndexPrice,
    ListFuture,
    ListUnderlying,
    Place,
    Side,
    Withdraw,
    encode_batch,
)
from stab3l.testing.golden_derivatives import EXPIRY, LATER
from stab3l.testing.trading_desk import BASE, CHAIN, QUOTE, SECOND_NS, owner

UNDERLYING, FUTURE, OTHER_FUTURE = 1, 7, 8
"""What this chapter lists."""
WINNER, UNWOUND, PLEDGED, SMALL, LARGE, POOR = 5, 6, 7, 8, 9, 10
"""Accounts that this chapter opens, by what becomes of them."""
DEPOSITS: Final = (
    (QUOTE, 2_000_000),
    (QUOTE, 30_000),
    (BASE, 2_000_000),
    (QUOTE, 26_000),
    (QUOTE, 500_000),
    (QUOTE, 30_000),
)
DEPOSITED_BEFORE: Final = 2
EXPIRES_AT: Final = EXPIRY + 60 * SECOND_NS
FIRST_CLIENT_ID: Final = 300


def chapter(now: int) -> Iterator[tuple[str, int, bytes]]:
    """(title, now, batch) of each step, from ``now`` on."""
    yield "an underlying whose traders lose", now, encode_batch(_opening())
    yield "positions that will be lost", now + 1, encode_batch(_positions())
    yield "a fall that unwinds one account and indebts another", now + 2, encode_batch(_falling())
    yield "a debt repaid with collateral, and a takeover", now + 3, encode_batch([IndexPrice(UNDERLYING, 869)])
    yield "a crash that deleverages", now + 4, encode_batch([IndexPrice(UNDERLYING, 500)])
    yield "a gain that nobody paid in", now + 5, encode_batch(_leaving())


def order(client_id: int, account: int, side: Side, lots: int, ticks: int, market: int = FUTURE) -> Place:
    """A limit order of this chapter."""
    return Place(account, market, FIRST_CLIENT_ID + client_id, EXPIRES_AT, ticks, lots, side)


def _opening() -> list[Command]:
    deposits = [
        Deposit(CHAIN, DEPOSITED_BEFORE + 1 + number, asset, 0, owner(11 + number), amount, bytes(32))
        for number, (asset, amount) in enumerate(DEPOSITS)
    ]
    return [
        *deposits,
        ListUnderlying(b"FALLING ", QUOTE, 100, 100_000, 20_000, 1_200_000, 50_000, 10_000, 1_000_000),
        ListFuture(UNDERLYING, LATER, 100, 200, 1_000),
        ListFuture(UNDERLYING, LATER + 1, 100, 200, 1_000),
        IndexPrice(UNDERLYING, 1_000),
    ]


def _positions() -> list[Command]:
    bought = [(UNWOUND, 2), (PLEDGED, 60), (SMALL, 2), (LARGE, 20)]
    return [
        order(0, WINNER, Side.SELL, 84, 1_000),
        *(order(number, buyer, Side.BUY, lots, 1_000) for number, (buyer, lots) in enumerate(bought, 1)),
        order(5, POOR, Side.BUY, 2, 1_000, OTHER_FUTURE),
        order(6, LARGE, Side.SELL, 2, 1_000, OTHER_FUTURE),
        order(7, WINNER, Side.BUY, 2, 900),
    ]


def _falling() -> list[Command]:
    return [
        IndexPrice(UNDERLYING, 930),
        order(8, WINNER, Side.BUY, 3, 930),
        order(9, PLEDGED, Side.SELL, 3, 930),
    ]


def _leaving() -> list[Command]:
    return [
        order(10, WINNER, Side.BUY, 57, 500),
        order(11, PLEDGED, Side.SELL, 57, 500),
        Withdraw(WINNER, QUOTE, FIRST_CLIENT_ID + 12, EXPIRES_AT, 4_000_000, owner(99)),
    ]
