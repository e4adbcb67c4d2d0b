"""Order entry over REST: what is taken, what is repeated, what is refused and with which code."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from api_venue import SYMBOL, Venue

from stab3l.chain.signatures import CURVE_ORDER
from stab3l.client.orders import signed_cancel
from stab3l.engine.wire import MarketStatus, SetMarketStatus, encode

pytestmark = pytest.mark.anyio
DAY_NS = 86_400 * 10**9


def code(answer: Any) -> str:
    """The problem's code; checks that it is a whole problem document (RFC 9457)."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document = answer.json()
    assert document["status"] == answer.status_code
    assert {"type", "title", "detail", "code", "values", "action"} <= document.keys()
    return str(document["code"])


async def test_a_taken_order_rests_and_holds_funds(venue: Venue) -> None:
    placed = await venue.place(venue.maker, side="sell", quantity="2.5")
    assert (placed["state"], placed["remaining"], placed["repeated"]) == ("open", "2.5", False)
    book = (await venue.client.get(f"/v1/markets/{SYMBOL}/book")).json()
    assert (book["asks"], book["bids"]) == ([["0.06", "2.5"]], [])
    assert (await venue.balances(venue.maker))["sSTB"][1] == 25 * 10**17


async def test_a_crossing_order_tells_its_fills_and_fees(venue: Venue) -> None:
    await venue.place(venue.maker, side="sell", quantity="1", price="0.0601")
    await venue.place(venue.maker, side="sell", quantity="1", price="0.0602")
    taken = await venue.place(venue.trader, quantity="1.5", price="0.07")
    assert taken["state"] == "filled"
    assert [(fill["price"], fill["quantity"]) for fill in taken["fills"]] == [("0.0601", "1"), ("0.0602", "0.5")]
    assert [fill["fee"] for fill in taken["fills"]] == [str(10**18 * 2500 // 10**6), str(5 * 10**17 * 2500 // 10**6)]


async def test_an_immediate_order_leaves_nothing_in_the_book(venue: Venue) -> None:
    placed = await venue.place(venue.trader, time_in_force="ioc")
    assert (placed["state"], placed["filled"], placed["remaining"]) == ("cancelled", "0", "1")


async def test_a_market_order_needs_ioc(venue: Venue) -> None:
    await venue.place(venue.maker, side="sell")
    refused = await venue.post("/v1/orders", venue.order(venue.trader, type="market"))
    assert code(refused) == "body_invalid"
    assert (await venue.place(venue.trader, type="market", time_in_force="ioc"))["state"] == "filled"


async def test_a_repeated_request_answers_with_the_original_order(venue: Venue) -> None:
    await venue.place(venue.maker, side="sell", quantity="0.4")
    body = venue.order(venue.trader)
    first, again = await venue.post("/v1/orders", body), await venue.post("/v1/orders", body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["order_id"] == first.json()["order_id"]
    assert (again.json()["repeated"], again.json()["filled"]) == (True, "0.4")
    assert len((await venue.client.get(f"/v1/accounts/{venue.trader.address}")).json()["open_orders"]) == 1


async def test_a_repeat_signed_anew_with_a_later_expiry_is_still_the_same_order(venue: Venue) -> None:
    first = await venue.place(venue.trader, client_id=7)
    again = await venue.post("/v1/orders", venue.order(venue.trader, client_id=7, life_ns=10**12))
    assert (again.status_code, again.json()["order_id"]) == (200, first["order_id"])


async def test_a_client_id_reused_for_another_order_is_refused_and_names_the_first(venue: Venue) -> None:
    first = await venue.place(venue.trader, client_id=7)
    refused = await venue.post("/v1/orders", venue.order(venue.trader, client_id=7, quantity="2"))
    assert (code(refused), refused.status_code) == ("client_id_reused", 409)
    assert refused.json()["values"]["id"] == first["order_id"]


async def test_two_accounts_may_use_the_same_client_id(venue: Venue) -> None:
    await venue.place(venue.trader, client_id=7)
    assert (await venue.place(venue.maker, client_id=7))["repeated"] is False


async def test_after_a_lost_answer_the_same_request_finds_its_order(venue: Venue) -> None:
    body = venue.order(venue.trader)
    venue.gateway.lose_answers = True
    lost = await venue.post("/v1/orders", body)
    assert (code(lost), lost.status_code, lost.headers["retry-after"]) == ("submission_unknown", 503, "1")
    venue.gateway.lose_answers = False
    again = await venue.post("/v1/orders", body)
    assert (again.status_code, again.json()["repeated"]) == (200, True)


async def test_a_gateway_that_is_down_is_said_with_a_time_to_retry(venue: Venue) -> None:
    await venue.place(venue.trader)
    venue.gateway.down = True
    answer = await venue.post("/v1/orders", venue.order(venue.trader))
    assert (code(answer), answer.status_code, answer.headers["retry-after"]) == ("unavailable", 503, "2")


async def test_concurrent_orders_share_batches_and_get_their_own_answers(venue: Venue) -> None:
    await venue.place(venue.trader)
    bodies = [venue.order(venue.trader, quantity=f"{n}.01") for n in range(40)]
    before = venue.gateway.batches
    answers = await asyncio.gather(*(venue.post("/v1/orders", body) for body in bodies))
    assert [answer.json()["remaining"] for answer in answers] == [f"{n}.01" for n in range(40)]
    assert venue.gateway.batches - before < 40


async def test_one_bad_order_does_not_hurt_the_others_of_its_batch(venue: Venue) -> None:
    good, bad = venue.order(venue.trader), venue.order(venue.trader, quantity="9000000")
    answers = await asyncio.gather(*(venue.post("/v1/orders", body) for body in (good, bad, venue.order(venue.maker))))
    assert [answer.status_code for answer in answers] == [201, 422, 201]
    assert code(answers[1]) == "funds_short"
    assert answers[1].json()["values"] | {"needed": "540000000000", "symbol": "USDC"} == answers[1].json()["values"]


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # code: (changes before signing, changes after signing)
    "request_expired": ({"life_ns": 0}, {}),
    "request_too_far": ({"life_ns": DAY_NS + 1}, {}),
    "client_id_zero": ({"client_id": 0}, {}),
    "quantity_zero": ({"quantity": "0"}, {}),
    "quantity_too_large": ({"quantity": "10000000.01"}, {}),
    "price_zero": ({"price": "0"}, {}),
    "price_too_large": ({"price": "100000000.0001"}, {}),
    "funds_short": ({"quantity": "9999999"}, {}),
    "market_unknown": ({}, {"market": "sSTB-EUR"}),
    "off_grid": ({}, {"price": "0.06001"}),
    "decimal_invalid": ({}, {"price": "6e-2"}),
    "address_invalid": ({}, {"account": "0x12"}),
    "signature_missing": ({}, {"signature": ""}),
    "signature_invalid": ({}, {"signature": "0x" + "00" * 64 + "1b"}),
    "signer_mismatch": ({}, {"quantity": "1.01"}),
    "number_invalid": ({}, {"client_id": str(2**64)}),
    "body_invalid": ({}, {"leverage": "100"}),
}


@pytest.mark.parametrize("expected", REFUSED)
async def test_a_request_that_breaks_a_rule_is_told_which(venue: Venue, expected: str) -> None:
    before, after = REFUSED[expected]
    answer = await venue.post("/v1/orders", venue.order(venue.trader, **before) | after)
    assert code(answer) == expected
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    "field",
    [{"price": 0.06}, {"client_id": 5}, {"side": "hold"}, {"account": None}, {"market": ["x"]}],
)
async def test_a_field_of_another_type_is_named(venue: Venue, field: dict[str, Any]) -> None:
    answer = await venue.post("/v1/orders", venue.order(venue.trader) | field)
    assert code(answer) == "body_invalid"
    assert f"$.{next(iter(field))}" in answer.json()["detail"]


@pytest.mark.parametrize("text", ["-1", "+1", " 1", "1.0", "01", "0x1", "١", "", "1e3", "1_0"])
async def test_an_integer_is_plain_digits_or_nothing(venue: Venue, text: str) -> None:
    assert code(await venue.post("/v1/orders", venue.order(venue.trader) | {"client_id": text})) == "number_invalid"


async def test_a_signature_of_another_key_names_both(venue: Venue) -> None:
    body = venue.order(venue.trader) | {"account": venue.maker.address}
    answer = await venue.post("/v1/orders", body)
    assert (code(answer), answer.status_code) == ("signer_mismatch", 401)
    assert answer.json()["values"]["account"] == venue.maker.address
    assert answer.headers["www-authenticate"].startswith("EIP712")


async def test_the_malleable_twin_of_a_signature_is_refused(venue: Venue) -> None:
    body = venue.order(venue.trader)
    signature = bytes.fromhex(body["signature"][2:])
    high_s = CURVE_ORDER - int.from_bytes(signature[32:64], "big")
    twin = signature[:32] + high_s.to_bytes(32, "big") + bytes([55 - signature[64]])
    assert code(await venue.post("/v1/orders", body | {"signature": "0x" + twin.hex()})) == "signature_malleable"


async def test_a_replayed_order_never_acts_twice_even_after_it_expired(venue: Venue) -> None:
    body = venue.order(venue.trader)
    assert (await venue.post("/v1/orders", body)).status_code == 201
    venue.clock.at = type(venue.clock.at)(venue.clock.at + 61 * 10**9)
    assert code(await venue.post("/v1/orders", body)) == "request_expired"


async def test_a_stranger_without_a_deposit_has_no_account(venue: Venue) -> None:
    assert code(await venue.post("/v1/orders", venue.order(venue.stranger))) == "account_unknown"


async def test_a_halted_market_takes_cancels_only(venue: Venue) -> None:
    placed = await venue.place(venue.trader)
    await venue.gateway.submit(encode(SetMarketStatus(0, MarketStatus.HALTED)))
    assert code(await venue.post("/v1/orders", venue.order(venue.trader))) == "market_halted"
    cancelled = await venue.post("/v1/orders/cancel", cancel(venue, placed["order_id"]))
    assert (cancelled.status_code, cancelled.json()["remaining"]) == (200, "1")


async def test_a_body_that_is_not_json_is_malformed(venue: Venue) -> None:
    headers = {"content-type": "application/json"}
    for content in (b"", b"{", b"\xff\xfe", b'{"account": "x",}'):
        assert code(await venue.client.post("/v1/orders", content=content, headers=headers)) == "json_malformed"


async def test_a_body_above_16_kib_is_too_large(venue: Venue) -> None:
    answer = await venue.post("/v1/orders", venue.order(venue.trader) | {"signature": "0x" + "0" * 16_384})
    assert (code(answer), answer.status_code) == ("body_too_large", 413)


async def test_a_body_of_another_media_type_is_not_read(venue: Venue) -> None:
    content = msgspec.json.encode(venue.order(venue.trader))
    for media_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = await venue.client.post("/v1/orders", content=content, headers={"content-type": media_type})
        assert (code(answer), answer.status_code) == ("content_type_unsupported", 415)
    with_charset = {"content-type": "application/json; charset=utf-8"}
    assert (await venue.client.post("/v1/orders", content=content, headers=with_charset)).status_code == 201


def cancel(venue: Venue, order_id: str, **changes: Any) -> dict[str, Any]:
    """The body of a signed cancel by the trader."""
    given = {"now": venue.clock.at} | changes
    request = signed_cancel(venue.trader, venue.market.domain, order_id=int(order_id), **given)
    body: dict[str, Any] = msgspec.to_builtins(request)
    return body


async def test_a_cancel_takes_the_rest_off_the_book_once(venue: Venue) -> None:
    placed = await venue.place(venue.trader, quantity="3")
    await venue.place(venue.maker, side="sell", quantity="1")
    body = cancel(venue, placed["order_id"])
    assert (await venue.post("/v1/orders/cancel", body)).json()["remaining"] == "2"
    assert code(await venue.post("/v1/orders/cancel", body)) == "order_unknown"
    assert (await venue.balances(venue.trader))["USDC"][1] == 0


async def test_nobody_cancels_another_accounts_order(venue: Venue) -> None:
    placed = await venue.place(venue.maker, side="sell")
    answer = await venue.post("/v1/orders/cancel", cancel(venue, placed["order_id"]))
    assert (code(answer), answer.status_code) == ("order_unknown", 404)


async def test_a_cancel_expires_as_an_order_does(venue: Venue) -> None:
    placed = await venue.place(venue.trader)
    late, early = (cancel(venue, placed["order_id"], life_ns=life) for life in (0, DAY_NS + 1))
    assert code(await venue.post("/v1/orders/cancel", late)) == "request_expired"
    assert code(await venue.post("/v1/orders/cancel", early)) == "request_too_far"


async def test_a_signed_order_is_no_cancel(venue: Venue) -> None:
    placed = await venue.place(venue.trader)
    order = venue.order(venue.trader)
    body = cancel(venue, placed["order_id"]) | {"signature": order["signature"]}
    assert code(await venue.post("/v1/orders/cancel", body)) == "signer_mismatch"
