"""What the index adds up: candles, tickers, fills, the ledger and the portfolio, against what the exchange did."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from api_venue import DEPOSIT_SSTB, DEPOSIT_USDC, START, SYMBOL, Venue, opened
from test_api_access import signed_in

from stab3l.api.answers import Markets
from stab3l.client.orders import listed_market
from stab3l.engine.wire import IndexPrice, ListFuture, ListUnderlying, encode_batch
from stab3l.units import NANOSECONDS_PER_SECOND, Nanoseconds

pytestmark = pytest.mark.anyio
MARKET = f"/v1/markets/{SYMBOL}"


@pytest.fixture
async def traded() -> AsyncIterator[Venue]:
    """A venue with three trades: two in one minute, one in the next hour."""
    async with opened(indexed=True) as venue:
        for price, quantity in (("0.06", "2"), ("0.05", "1")):
            await venue.place(venue.maker, side="sell", price=price, quantity=quantity)
            await venue.place(venue.trader, price=price, quantity=quantity)
        venue.clock.at = Nanoseconds(venue.clock.at + 3_600 * NANOSECONDS_PER_SECOND)
        await venue.place(venue.maker, price="0.04", quantity="5")
        await venue.place(venue.trader, side="sell", price="0.04", quantity="5")
        await venue.indexed()
        yield venue


async def items(venue: Venue, path: str, headers: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """Every item of a list, page by page."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        mark = "&" if "?" in path else "?"
        answer = await venue.client.get(path + (f"{mark}cursor={cursor}" if cursor else ""), headers=headers)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        cursor = answer.json()["next"]
        if cursor is None:
            return found


async def test_candles_are_what_the_trades_were(traded: Venue) -> None:
    first, second = await items(traded, f"{MARKET}/candles?interval=1m")
    assert [first[name] for name in ("open", "high", "low", "close")] == ["0.06", "0.06", "0.05", "0.05"]
    assert (first["volume"], first["quote_volume"], first["trades"]) == ("3", "0.17", 2)
    assert (second["open"], second["volume"], int(second["start"]) - int(first["start"])) == ("0.04", "5", 3_600)
    (day,) = await items(traded, f"{MARKET}/candles?interval=1d")
    assert [day[name] for name in ("open", "high", "low", "close", "trades")] == ["0.06", "0.06", "0.04", "0.04", 3]
    assert await items(traded, f"{MARKET}/candles?interval=1m&from={second['start']}") == [second]
    assert await items(traded, f"{MARKET}/candles?interval=1m&to={second['start']}") == [first]


async def test_a_ticker_tells_the_day(traded: Venue) -> None:
    ticker = (await traded.client.get(f"{MARKET}/ticker")).json()
    assert (ticker["last"], ticker["open_24h"], ticker["change_24h_bps"]) == ("0.04", "0.06", -3_333)
    assert (ticker["volume_24h"], ticker["trades_24h"], ticker["best_bid"]) == ("8", 3, None)
    assert (await items(traded, "/v1/tickers")) == [ticker]


async def test_fills_tell_both_sides_and_page(traded: Venue) -> None:
    own = await items(traded, "/v1/account/fills?limit=1", await signed_in(traded, traded.trader))
    assert [(one["side"], one["role"], one["quantity"]) for one in own] == [
        ("sell", "taker", "5"),
        ("buy", "taker", "1"),
        ("buy", "taker", "2"),
    ]
    others = await items(traded, "/v1/account/fills", await signed_in(traded, traded.maker))
    assert [(one["side"], one["role"]) for one in others] == [("buy", "maker"), ("sell", "maker"), ("sell", "maker")]


async def test_the_ledger_adds_up_to_the_balances(traded: Venue) -> None:
    for signer in (traded.trader, traded.maker):
        entries = await items(traded, "/v1/account/ledger?limit=2", await signed_in(traded, signer))
        sums: dict[str, int] = {}
        for entry in entries:
            sums[entry["symbol"]] = sums.get(entry["symbol"], 0) + int(entry["change"])
        balances = await traded.balances(signer)
        assert sums == {symbol: available + held for symbol, (available, held) in balances.items()}
        assert [entry["kind"] for entry in entries[-2:]] == ["deposit", "deposit"]


async def test_the_ledger_and_the_portfolio_know_what_a_future_realised(traded: Venue) -> None:
    rates = (100_000, 1_000_000, 1_250_000, 50_000, 5_000, 500_000)
    expiry = START + 7 * 86_400 * 10**9
    underlying, future = ListUnderlying(b"sSTB\0\0\0\0", 1, 100, *rates), ListFuture(0, expiry, 100, 500, 10_000)
    await traded.gateway.submit(encode_batch([underlying, future, IndexPrice(0, 600)]))
    markets = msgspec.json.decode((await traded.client.get("/v1/markets")).content, type=Markets)
    spot, traded.market = traded.market, listed_market(markets, "sSTB-22JAN27")
    for maker, trader, price in (("sell", "buy", "0.06"), ("buy", "sell", "0.062")):
        await traded.place(traded.maker, side=maker, price=price, quantity="1000")
        await traded.place(traded.trader, side=trader, price=price, quantity="1000")
    traded.market = spot
    await traded.indexed()
    headers = await signed_in(traded, traded.trader)
    entries = await items(traded, "/v1/account/ledger?limit=3", headers)
    told = [(one["kind"], one["change"]) for one in entries[:3]]
    assert told == [("realised", "2000000"), ("fee", "-31000"), ("fee", "-30000")], "1,000 units, $0.002 more, 5 bp"
    sums = Counter[str]()
    for entry in entries:
        sums[entry["symbol"]] += int(entry["change"])
    balances = {symbol: sum(parts) for symbol, parts in (await traded.balances(traded.trader)).items()}
    points = await items(traded, "/v1/account/portfolio?interval=1h", headers)
    assert dict(sums) == balances
    assert {one["symbol"]: int(one["amount"]) for one in points[-1]["balances"]} == balances


async def test_the_portfolio_ends_with_the_balances(traded: Venue) -> None:
    points = await items(traded, "/v1/account/portfolio?interval=1h", await signed_in(traded, traded.trader))
    held = {one["symbol"]: int(one["amount"]) for one in points[-1]["balances"]}
    balances = await traded.balances(traded.trader)
    assert held == {symbol: available + held for symbol, (available, held) in balances.items()}
    assert held != {"sSTB": DEPOSIT_SSTB, "USDC": DEPOSIT_USDC}
    value = points[-1]["value"]
    whole = held["sSTB"] * 4 * 10**6 // 10**20 + held["USDC"]
    assert abs(int(value.replace(".", "").ljust(len(value.split(".")[0]) + 6, "0")[:11]) - whole) <= 10**6


async def test_orders_are_found_by_state_and_market(traded: Venue) -> None:
    await traded.place(traded.trader, price="0.01")
    await traded.indexed()
    headers = await signed_in(traded, traded.trader)
    (resting,) = await items(traded, f"/v1/account/orders?state=open&market={SYMBOL}", headers)
    assert (resting["price"], resting["state"]) == ("0.01", "open")
    closed = await items(traded, "/v1/account/orders?state=closed&limit=2", headers)
    assert [one["state"] for one in closed] == ["filled"] * 3
    public = await items(traded, f"/v1/accounts/{traded.trader.address}/orders")
    assert [one["order_id"] for one in public] == [one["order_id"] for one in [resting, *closed]]
