"""Futures and options behind the API: named, priced, traded, and read by whoever has them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec
import pytest
from api_venue import START, USDC, Venue, network
from test_api_orders import code

from stab3l.api.answers import Markets
from stab3l.api.catalogue import Catalogue
from stab3l.api.contracts import expiry_text
from stab3l.client.orders import listed_market, signed_order
from stab3l.config import PRIMARY_CHAIN_ID, UnderlyingConfig
from stab3l.engine.wire import (
    IndexPrice,
    ListFuture,
    ListOption,
    ListUnderlying,
    MarketKind,
    OptionKind,
    OptionMarks,
    encode_batch,
)

pytestmark = pytest.mark.anyio

SECOND_NS = 10**9
EXPIRY = START + 7 * 86_400 * SECOND_NS
FUTURE, CALL, PUT = "sSTB-22JAN27", "sSTB-22JAN27-0.06-C", "sSTB-22JAN27-0.06-P"
UNIT = 100
"""Base units per lot and tick: lots of one unit in steps of $0.0001, or of ten units in steps of $0.00001."""


@pytest.fixture
async def contracts(venue: Venue) -> Venue:
    """A future and two options on sSTB, marked."""
    rates = (100_000, 1_000_000, 1_250_000, 50_000, 5_000, 500_000)
    listing = [
        ListUnderlying(b"sSTB\0\0\0\0", 1, UNIT, *rates),
        ListFuture(0, EXPIRY, 0, 0, 10_000),
        ListOption(0, OptionKind.CALL, EXPIRY, 600, 0, 0, 10_000),
        ListOption(0, OptionKind.PUT, EXPIRY, 600, 0, 0, 10_000),
        IndexPrice(0, 600),
        OptionMarks(2, 30, tuple(range(16))),
    ]
    await venue.gateway.submit(encode_batch(listing))
    return venue


async def order(venue: Venue, symbol: str, **terms: Any) -> dict[str, Any]:
    """The body of a signed order of the trader in a market of any kind."""
    markets = msgspec.json.decode((await venue.client.get("/v1/markets")).content, type=Markets)
    market = listed_market(markets, symbol)
    given = {"side": "buy", "price": "0.06", "quantity": "3", "client_id": 1, "now": venue.clock.at} | terms
    body: dict[str, Any] = msgspec.to_builtins(signed_order(venue.trader, market, **given))
    return body


async def test_contracts_are_listed_beside_spot(contracts: Venue) -> None:
    listed = {one["symbol"]: one for one in (await contracts.client.get("/v1/markets")).json()["markets"]}
    assert list(listed) == ["sSTB-USDC", FUTURE, CALL, PUT]
    assert (listed[FUTURE]["price_step"], listed[FUTURE]["quantity_step"]) == ("0.0001", "1")
    assert [listed[symbol]["mark"] for symbol in (FUTURE, CALL, PUT)] == ["0.06", "0.003", None]


async def test_an_account_with_an_open_future_order_is_read(contracts: Venue) -> None:
    answer = await contracts.post("/v1/orders", await order(contracts, FUTURE))
    assert answer.status_code == 201, answer.text
    assert (answer.json()["market"], answer.json()["price"], answer.json()["remaining"]) == (FUTURE, "0.06", "3")
    account = (await contracts.client.get(f"/v1/accounts/{contracts.trader.address}")).json()
    [resting] = account["open_orders"]
    assert (resting["market"], resting["price"], resting["remaining"]) == (FUTURE, "0.06", "3")
    book = (await contracts.client.get(f"/v1/markets/{FUTURE}/book")).json()
    assert book["bids"] == [["0.06", "3"]]


async def test_what_margin_does_not_cover_is_refused(contracts: Venue) -> None:
    refused = await contracts.post("/v1/orders", await order(contracts, CALL, side="sell", quantity="10000"))
    assert refused.status_code == 201, "10,000 calls on $600 need $37.50 and what they give away"
    short = await contracts.post("/v1/orders", await order(contracts, FUTURE, price="9", client_id=2, quantity="10000"))
    assert code(short) == "margin_short"


async def test_the_network_says_how_large_a_contract_is(contracts: Venue) -> None:
    known = network().model_copy(update={"underlyings": (underlying("10", "0.00001"),)})
    catalogue = Catalogue(contracts.gateway, known)
    future = await catalogue.market(FUTURE)
    assert (future.grid.price_step, future.grid.quantity_step) == (Fraction(1, 100_000), Fraction(10))
    assert future.contract is not None
    assert (future.contract.kind, future.base, future.base.symbol) == (MarketKind.FUTURE, future.quote, "USDC")
    assert [one.symbol for one in await catalogue.markets()][2] == "sSTB-22JAN27-0.006-C", "600 ticks of $0.00001"
    assert [one.name for one in await catalogue.underlyings()] == ["sSTB"]


async def test_a_network_that_disagrees_with_the_engine_is_not_believed(contracts: Venue) -> None:
    wrong = network().model_copy(update={"underlyings": (underlying("3", "0.0001"),)})
    future = await Catalogue(contracts.gateway, wrong).market(FUTURE)
    assert (future.grid.price_step, future.grid.quantity_step) == (Fraction(1, 10_000), Fraction(1))


def test_an_expiry_at_another_hour_tells_it() -> None:
    assert expiry_text(EXPIRY) == "22JAN27"
    assert expiry_text(EXPIRY + 6 * 3_600 * SECOND_NS + 1_800 * SECOND_NS) == "22JAN27T1430"
    assert expiry_text(EXPIRY + 5 * SECOND_NS) == "22JAN27T080005"


def underlying(contract_size: str, price_step: str) -> UnderlyingConfig:
    """The network's words about the underlying."""
    return UnderlyingConfig(
        name="sSTB",
        settlement=(PRIMARY_CHAIN_ID, USDC),
        contract_size=contract_size,
        price_step=price_step,
        range_ppm=100_000,
        basis_ppm=1_000_000,
        initial_ppm=1_250_000,
        short_option_ppm=50_000,
        liquidation_fee_ppm=5_000,
        liquidation_step_ppm=500_000,
        maker_fee_ppm=0,
        taker_fee_ppm=0,
        max_lots=10_000,
        band_ppm=0,
        expiry_every_s=604_800,
        expiry_first_s=115_200,
        expiry_ahead_s=86_400,
        strikes=("0.06",),
        feed="sSTB/USD",
        volatility_ppm=600_000,
    )
