"""What the arbitrageur between book and pool decides."""

from __future__ import annotations

from stab3l.client.agents.arbitrageur import Book, Inventory, decide
from stab3l.peg.pool import State, Terms, sell_base, sell_quote
from stab3l.units import WAD

TERMS = Terms(6 * WAD // 100, WAD // 10, WAD // 1000, 18, 6)
LEVEL = State.balanced(1000 * WAD, 60 * 10**6)
LOT = WAD // 10
RICH = Inventory(book_lots=10**4, book_quote=10**9, pool_base=1000 * WAD, pool_quote=10**9)


def book(bid: int | None, ask: int | None) -> Book:
    return Book(bid, ask, LOT, 500)


def test_prices_that_agree_are_left_alone() -> None:
    assert decide(TERMS, LEVEL, book(5990, 6010), RICH) is None
    assert decide(TERMS, LEVEL, book(None, None), RICH) is None


def test_a_dear_pool_is_sold_to_and_the_book_bought() -> None:
    dear = sell_quote(TERMS, LEVEL, 10 * 10**6).after
    deal = decide(TERMS, dear, book(5990, 6010), RICH)
    assert deal is not None
    assert deal.buys_book
    assert deal.sold == deal.lots * LOT
    assert deal.paid == sell_base(TERMS, dear, deal.sold).paid
    assert deal.paid > deal.lots * 6010 * 1001 // 1000


def test_a_cheap_pool_is_bought_from_and_the_book_sold_to() -> None:
    cheap = sell_base(TERMS, LEVEL, 200 * WAD).after
    deal = decide(TERMS, cheap, book(5990, 6010), RICH)
    assert deal is not None
    assert not deal.buys_book
    assert deal.paid >= deal.lots * LOT
    assert deal.sold < deal.lots * 5990


def test_no_more_is_traded_than_each_inventory_holds() -> None:
    dear = sell_quote(TERMS, LEVEL, 10 * 10**6).after
    deal = decide(TERMS, dear, book(5990, 6010), Inventory(0, 10**9, 3 * LOT + 1, 0))
    assert deal is not None
    assert deal.lots <= 3
    assert decide(TERMS, dear, book(5990, 6010), Inventory(10**4, 0, 1000 * WAD, 10**9)) is None
