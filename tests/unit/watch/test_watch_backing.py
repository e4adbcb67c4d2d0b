"""The backing board adds up, and a buyer's choice follows spare capacity, then price."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from stab3l.api.chain_views import CapacityView
from stab3l.units import WAD
from stab3l.watch.backing import Backing, Board, Summons, choose

NOW = 1_000_000
DAY_S = 86_400
ONE = Backing(
    provider="0x01",
    method=1,
    compute_class=0,
    outstanding=100 * WAD,
    pending=10 * WAD,
    promised_rate=10**12,
    promised_until=NOW + 3 * DAY_S + 5,
    verified_rate=10**12,
    verified_at=NOW - 60,
    credit_bps=9_900,
    deliverable=80 * WAD,
    collateral=10**9,
    collateral_required=10**9,
    liquidation=False,
    premium_bps=(100, 200, 300),
)
CHEAP = replace(ONE, provider="0x02", premium_bps=(50, 500, 300), deliverable=30 * WAD, compute_class=2)
EMPTY = replace(ONE, provider="0x03", outstanding=0, pending=0, deliverable=10**24, promised_until=0)


def board(*providers: Backing, summons: Summons | None = None) -> Board:
    return Board(block=7, time=NOW, supply=200 * WAD, providers=providers, summons=summons)


def test_spare_is_what_can_be_delivered_of_what_is_owed_less_what_is_asked_for() -> None:
    assert ONE.spare == 70 * WAD
    assert replace(ONE, deliverable=10**30).spare == 90 * WAD
    assert replace(ONE, pending=90 * WAD).spare == 0
    assert EMPTY.spare == 0
    assert (ONE.covered_bps, EMPTY.covered_bps) == (8_000, 10_000)


@pytest.mark.parametrize(
    ("offers", "amount", "tier", "chosen"),
    [
        (board(ONE, CHEAP), 10 * WAD, 0, "0x02"),
        (board(ONE, CHEAP), 21 * WAD, 0, "0x01"),  # the cheap one has 20 to spare
        (board(ONE, CHEAP), 10 * WAD, 1, "0x01"),
        (board(ONE, CHEAP), 10 * WAD, 2, "0x01"),  # same price: the one with more to spare
        (board(ONE, replace(CHEAP, liquidation=True)), 10 * WAD, 0, "0x01"),
        (board(ONE, CHEAP), 71 * WAD, 0, None),
        (board(replace(ONE, deliverable=0)), 1, 0, None),
        (board(EMPTY), 1, 0, None),
        (board(), 1, 0, None),
    ],
)
def test_the_choice_is_the_cheapest_who_can_do_all_of_it(
    offers: Board, amount: int, tier: int, chosen: str | None
) -> None:
    found = choose(offers, amount, tier)
    assert (found.provider if found else None) == chosen


def test_the_board_sums_by_class_and_by_expiry() -> None:
    found = board(ONE, CHEAP, EMPTY, summons=Summons(4, 240, NOW, NOW + 900)).as_dict()
    assert (found["outstanding"], found["deliverable"]) == (str(200 * WAD), str(110 * WAD))
    assert found["classes"] == [
        {"compute_class": "f32", "outstanding": str(100 * WAD), "deliverable": str(80 * WAD)},
        {"compute_class": "i8", "outstanding": str(100 * WAD), "deliverable": str(30 * WAD)},
    ]
    assert found["expiry"] == [{"day": 3, "outstanding": str(200 * WAD)}]
    assert found["summons"]["epoch"] == 4
    first = found["providers"][0]
    assert (first["method"], first["compute_class"], first["spare"]) == ("zkp", "f32", str(70 * WAD))
    assert board(ONE).as_dict()["summons"] is None
    # As `GET /v1/capacity` gives it.
    assert msgspec.to_builtins(msgspec.convert(found, CapacityView)) == msgspec.to_builtins(found)
