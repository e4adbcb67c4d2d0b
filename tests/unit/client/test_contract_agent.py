"""The maker of futures and options: what it quotes, and what it leaves standing."""

from __future__ import annotations

from random import Random

import msgspec

from stab3l.api.answers import MarketView
from stab3l.client.agents.contracts import ContractPolicy, contract_quotes, is_option, requotes, takes_by_buying, trades
from stab3l.client.agents.desk import OpenOrder
from stab3l.client.agents.maker import Quote
from stab3l.units import Lots, Ticks

POLICY = ContractPolicy(future_bps=10, option_bps=500, levels=2, level_lots=10)


def quotes(fair: int, *, option: bool = False) -> list[Quote]:
    return contract_quotes(Ticks(fair), option=option, policy=POLICY)


def resting(order_id: int, buys: bool, ticks: int, lots: int = 10) -> OpenOrder:
    return OpenOrder(order_id, buys, Ticks(ticks), Lots(lots))


def test_a_future_has_levels_around_the_price_and_an_option_one() -> None:
    assert [(q.buys, q.ticks) for q in quotes(60_000)] == [
        (True, 59_940),
        (False, 60_060),
        (True, 59_880),
        (False, 60_120),
    ]
    assert [(q.buys, q.ticks) for q in quotes(2_000, option=True)] == [(True, 1_900), (False, 2_100)]


def test_nothing_is_quoted_at_or_below_zero() -> None:
    assert [(q.buys, q.ticks) for q in quotes(1, option=True)] == [(False, 2)]
    assert [(q.buys, q.ticks) for q in quotes(0, option=True)] == [(False, 1)]


def test_an_order_near_its_quote_stays_and_one_that_is_far_or_spent_goes() -> None:
    near, far, spent = resting(1, True, 59_960), resting(2, False, 60_200), resting(3, True, 59_880, lots=4)
    cancels, missing = requotes(quotes(60_000), [near, far, spent])
    assert cancels == [far, spent]
    assert [(q.buys, q.ticks) for q in missing] == [(False, 60_060), (True, 59_880), (False, 60_120)]


def test_two_orders_at_one_quote_are_one_too_many() -> None:
    first, second = resting(1, True, 1_900), resting(2, True, 1_900)
    cancels, missing = requotes(quotes(2_000, option=True), [first, second])
    assert cancels == [second]
    assert [q.buys for q in missing] == [False]


def test_the_taker_leans_back_to_no_position() -> None:
    dice, most = Random(1), POLICY.taken_lots_max
    assert not any(takes_by_buying(most, POLICY, dice) for _ in range(100))
    assert all(takes_by_buying(-most, POLICY, dice) for _ in range(100))
    assert {takes_by_buying(0, POLICY, dice) for _ in range(100)} == {True, False}


def market(kind: str, expiry: str | None, status: str = "open") -> MarketView:
    view = MarketView(1, "M", 0, 0, "0.01", "1", "0", "1", "9", 0, 0, 0, None, "open")
    return msgspec.structs.replace(view, kind=kind, expiry=expiry, status=status)


def test_only_open_contracts_that_have_not_expired_are_quoted() -> None:
    assert trades(market("future", "100"), 99)
    assert not trades(market("future", "100"), 100)
    assert not trades(market("future", "100", "halted"), 99)
    assert not trades(market("spot", None), 0)
    assert [is_option(market(kind, "1")) for kind in ("future", "call", "put")] == [False, True, True]
