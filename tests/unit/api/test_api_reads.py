"""Reads: what they answer, their ranges, and what is left of them while a part is down."""

from __future__ import annotations

import pytest
from api_venue import SYMBOL, Venue
from test_api_orders import code

from stab3l.api.cursors import cursor_of

pytestmark = pytest.mark.anyio


async def test_markets_tell_what_a_client_needs_to_sign(venue: Venue) -> None:
    listed = (await venue.client.get("/v1/markets")).json()
    market = listed["markets"][0]
    assert (market["symbol"], market["price_step"], market["quantity_step"]) == (SYMBOL, "0.0001", "0.01")
    assert [asset["symbol"] for asset in listed["assets"]] == ["sSTB", "USDC"]
    assert listed["chain_id"] == 412346


async def test_integers_of_64_bits_and_more_are_strings(venue: Venue) -> None:
    placed = await venue.place(venue.trader)
    numbers = [placed[name] for name in ("order_id", "client_id", "sequence", "at")]
    assert all(isinstance(number, str) and number.isdigit() for number in numbers)


@pytest.mark.parametrize("query", ["depth=0", "depth=201", "depth=x", "depth=-1", "depth=1.5", "depth="])
async def test_a_depth_out_of_range_is_refused(venue: Venue, query: str) -> None:
    answer = await venue.client.get(f"/v1/markets/{SYMBOL}/book?{query}")
    assert (code(answer), answer.json()["values"]["parameter"]) == ("query_invalid", "depth")


async def test_the_depth_limits_the_levels(venue: Venue) -> None:
    for step in range(5):
        await venue.place(venue.trader, price=f"0.05{step}")
    book = (await venue.client.get(f"/v1/markets/{SYMBOL}/book?depth=2")).json()
    assert [level[0] for level in book["bids"]] == ["0.054", "0.053"]


async def test_trades_go_on_from_the_live_window_into_the_history(venue: Venue) -> None:
    await venue.place(venue.maker, side="sell")
    await venue.place(venue.trader)
    assert await venue.desk.feed.reached(venue.gateway.exchange.sequence, 1)
    older = await trades(venue, f"cursor={cursor_of(5)}")
    assert older == []
    venue.history.down = True
    live = await trades(venue, "limit=5")
    assert [(one["price"], one["quantity"], one["side"]) for one in live] == [("0.06", "1", "buy")]


async def trades(venue: Venue, query: str) -> list[dict[str, str]]:
    """Trades of the market."""
    found: list[dict[str, str]] = (await venue.client.get(f"/v1/markets/{SYMBOL}/trades?{query}")).json()["items"]
    return found


async def test_an_order_is_found_while_it_rests_and_after(venue: Venue) -> None:
    placed = await venue.place(venue.maker, side="sell")
    await venue.place(venue.trader, quantity="0.3")
    assert await venue.desk.feed.reached(venue.gateway.exchange.sequence, 1)
    found = (await venue.client.get(f"/v1/orders/{placed['order_id']}")).json()
    assert (found["state"], found["remaining"], found["quantity"]) == ("open", "0.7", "1")
    assert code(await venue.client.get("/v1/orders/78")) == "order_not_found"
    assert code(await venue.client.get(f"/v1/orders/{2**64 - 1}")) == "order_not_found"


async def test_an_account_shows_balances_and_orders_even_without_the_index(venue: Venue) -> None:
    await venue.place(venue.trader)
    venue.history.down = True
    account = (await venue.client.get(f"/v1/accounts/{venue.trader.address}")).json()
    assert (len(account["balances"]), len(account["open_orders"]), account["deposits"]) == (2, 1, None)


async def test_an_unknown_address_has_an_empty_account(venue: Venue) -> None:
    account = (await venue.client.get(f"/v1/accounts/{venue.stranger.address}")).json()
    assert (account["account"], account["balances"]) == (None, [])
    assert code(await venue.client.get("/v1/accounts/0xzz")) == "address_invalid"


async def test_the_status_names_what_is_down_instead_of_failing(venue: Venue) -> None:
    assert (await venue.client.get("/v1/status")).json()["down"] == []
    venue.gateway.down = venue.history.down = True
    status = (await venue.client.get("/v1/status")).json()
    assert (status["down"], status["sequence"], status["supply"]) == (["exchange", "history"], None, None)


@pytest.mark.parametrize("path", ["supply", "providers", "claims", "redemptions", "batches", "chains"])
async def test_history_answers_or_says_when_to_ask_again(venue: Venue, path: str) -> None:
    assert (await venue.client.get(f"/v1/{path}")).status_code == 200
    venue.history.down = True
    answer = await venue.client.get(f"/v1/{path}")
    assert (code(answer), answer.headers["retry-after"]) == ("unavailable", "2")


@pytest.mark.parametrize("path", ["claims", "redemptions", "batches"])
async def test_pages_have_a_limit(venue: Venue, path: str) -> None:
    assert code(await venue.client.get(f"/v1/{path}?limit=501")) == "query_invalid"


async def test_unknown_paths_and_methods_are_problems(venue: Venue) -> None:
    assert code(await venue.client.get("/v1/nothing")) == "path_unknown"
    answer = await venue.client.delete("/v1/markets")
    assert (code(answer), answer.headers["allow"]) == ("method_not_allowed", "GET, OPTIONS")
