"""What a network needs listed, decided from what the engine has."""

from __future__ import annotations

import pytest

from stab3l.config import MarketConfig
from stab3l.engine.wire import ListMarket, RegisterAsset
from stab3l.exchange.errors import ListingConflict
from stab3l.exchange.gateway_client import Asset, Market
from stab3l.exchange.listing import Token, missing_assets, missing_markets

A, B = b"\x0a" * 20, b"\x0b" * 20
ASSETS = {(1, A): 0, (2, A): 1}
WANTED = MarketConfig(
    symbol="A-B",
    base=(1, "0x" + A.hex()),
    quote=(2, "0x" + A.hex()),
    lot=10,
    tick=2,
    maker_fee_ppm=3,
    taker_fee_ppm=4,
    max_lots=5,
)
LISTED = Market(0, 0, 1, 10, 2, 3, 4, 5, True)


def test_a_token_that_several_markets_share_is_registered_once() -> None:
    tokens = [Token(1, A, 18), Token(1, B, 6), Token(1, A, 18), Token(2, A, 18)]
    assert missing_assets(tokens, [Asset(0, 1, B, 6)]) == [RegisterAsset(1, A, 18), RegisterAsset(2, A, 18)]


def test_a_token_with_other_decimals_than_the_engine_knows_is_refused() -> None:
    with pytest.raises(ListingConflict):
        missing_assets([Token(1, A, 6)], [Asset(0, 1, A, 18)])


def test_a_market_is_listed_once_and_a_halted_one_counts() -> None:
    assert missing_markets([WANTED], ASSETS, []) == [ListMarket(0, 1, 10, 2, 3, 4, 5)]
    assert missing_markets([WANTED], ASSETS, [LISTED]) == []
    assert missing_markets([WANTED], ASSETS, [Market(0, 0, 1, 10, 2, 3, 4, 5, False)]) == []


def test_a_market_under_other_terms_is_refused() -> None:
    with pytest.raises(ListingConflict):
        missing_markets([WANTED], ASSETS, [Market(0, 0, 1, 10, 3, 3, 4, 5, True)])
