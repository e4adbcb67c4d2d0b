"""Amendments, mass and scheduled cancels, protections and order terms over REST."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from api_venue import SYMBOL, Venue

from stab3l.chain.signer import Signer
from stab3l.client.orders import signed_amend, signed_cancel_all, signed_protection, signed_schedule_cancel
from stab3l.engine.wire import MarkPrice, Sweep, encode

pytestmark = pytest.mark.anyio


async def post(venue: Venue, path: str, request: msgspec.Struct) -> Any:
    """The answer's body."""
    return (await venue.post(path, msgspec.to_builtins(request))).json()


def amendment(venue: Venue, signer: Signer, order_id: str, **given: Any) -> msgspec.Struct:
    return signed_amend(signer, venue.market, order_id=int(order_id), now=venue.clock.at, **given)


async def test_an_amendment_changes_price_and_quantity_and_may_trade(venue: Venue) -> None:
    await venue.place(venue.maker, side="sell", price="0.06")
    order = await venue.place(venue.trader, price="0.05")
    moved = await post(
        venue,
        "/v1/orders/amend",
        amendment(venue, venue.trader, order["order_id"], price="0.06", quantity="3", client_id=70),
    )
    assert (moved["order_id"], moved["filled"], moved["remaining"]) == (order["order_id"], "1", "2")
    shown = (await venue.client.get(f"/v1/orders/{order['order_id']}")).json()
    assert (shown["price"], shown["remaining"], shown["state"]) == ("0.06", "2", "open")


async def test_the_terms_of_an_order_are_told_back(venue: Venue) -> None:
    terms = {"type": "stop_limit", "time_in_force": "gtd", "good_till": str(venue.clock.at + 9), "label": 7}
    order = await venue.place(venue.trader, trigger_price="0.07", self_trade="decrement", **terms)
    shown = (await venue.client.get(f"/v1/accounts/{venue.trader.address}")).json()["open_orders"][0]
    assert shown["order_id"] == order["order_id"]
    assert {name: shown[name] for name in terms} == terms
    assert (shown["trigger_price"], shown["self_trade"], shown["instructions"]) == ("0.07", "decrement", [])
    await venue.gateway.submit(encode(MarkPrice(0, 700)))
    markets = (await venue.client.get("/v1/markets")).json()["markets"]
    assert [(one["symbol"], one["mark"]) for one in markets] == [(SYMBOL, "0.07")]


async def test_a_post_only_order_is_refused_or_slides(venue: Venue) -> None:
    await venue.place(venue.maker, side="sell", price="0.06")
    refused = await venue.post("/v1/orders", venue.order(venue.trader, price="0.06", post_only=True))
    assert refused.json()["code"] == "post_only_would_take"
    body = venue.order(venue.trader, price="0.06", post_only=True, slide=True)
    slid, again = [(await venue.post("/v1/orders", body)).json() for _ in range(2)]
    assert (slid["price"], slid["state"]) == ("0.0599", "open")
    assert (again["repeated"], again["order_id"]) == (True, slid["order_id"])


async def test_terms_that_contradict_each_other_are_refused_with_the_field(venue: Venue) -> None:
    answer = await venue.post("/v1/orders", venue.order(venue.trader, type="market"))
    assert (answer.status_code, answer.json()["values"]["field"]) == (422, "time_in_force")


async def test_cancel_all_tells_what_it_cancelled(venue: Venue) -> None:
    orders = [await venue.place(venue.trader, price="0.05", label=label) for label in (1, 2, 1)]
    request = signed_cancel_all(venue.trader, venue.market.domain, now=venue.clock.at, label=1, market=venue.market)
    done = await post(venue, "/v1/orders/cancel-all", request)
    assert done["order_ids"] == [orders[0]["order_id"], orders[2]["order_id"]]
    venue.clock.at += 61 * 10**9
    late = await post(venue, "/v1/orders/cancel-all", request)
    assert late["code"] == "request_expired"


async def test_a_scheduled_cancel_stands_and_strikes(venue: Venue) -> None:
    await venue.place(venue.trader, price="0.05")
    at = venue.clock.at + 5
    request = signed_schedule_cancel(venue.trader, venue.market.domain, at=at, client_id=70, now=venue.clock.at)
    first, again = [await post(venue, "/v1/orders/schedule-cancel", request) for _ in range(2)]
    assert [(one["cancel_at"], one["repeated"]) for one in (first, again)] == [(str(at), False), (str(at), True)]
    assert (await venue.client.get(f"/v1/accounts/{venue.trader.address}")).json()["scheduled_cancel"] == str(at)
    venue.clock.at += 5
    refused = await venue.post("/v1/orders", venue.order(venue.trader, price="0.05"))
    assert refused.json()["code"] == "time_past"
    await venue.gateway.submit(encode(Sweep(10)))
    shown = (await venue.client.get(f"/v1/accounts/{venue.trader.address}")).json()
    assert (shown["open_orders"], shown["scheduled_cancel"]) == ([], None)


async def test_a_protection_stands_and_can_be_turned_off(venue: Venue) -> None:
    given: dict[str, Any] = {"window_ns": 10, "frozen_ns": 20, "now": venue.clock.at}
    request = signed_protection(venue.maker, venue.market, quantity="5", client_id=70, **given)
    first, again = [await post(venue, "/v1/protections", request) for _ in range(2)]
    assert [(one["quantity"], one["repeated"]) for one in (first, again)] == [("5", False), ("5", True)]
    shown = (await venue.client.get(f"/v1/accounts/{venue.maker.address}")).json()["protections"]
    assert [(one["market"], one["quantity"], one["frozen"]) for one in shown] == [(SYMBOL, "5", "20")]
    await post(
        venue, "/v1/protections", signed_protection(venue.maker, venue.market, quantity="0", client_id=71, **given)
    )
    assert (await venue.client.get(f"/v1/accounts/{venue.maker.address}")).json()["protections"] == []
