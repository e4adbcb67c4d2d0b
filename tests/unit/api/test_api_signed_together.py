"""Batches of orders under one signature: what is taken, what is refused, and what the journal shows of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from api_venue import SYMBOL, Venue, network
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect

from stab3l._engine import order_digests
from stab3l.api.signed import DELEGATION_TYPE, PlaceRequest, TypedMessage, order_message, signing_domain
from stab3l.audit.signatures import Signatures
from stab3l.chain.signed_batch import evidence_signer
from stab3l.chain.signer import Signer
from stab3l.chain.typed_data import domain_hash
from stab3l.client import AsyncClient
from stab3l.client.orders import order_to_sign, signature_of_all, signed_cancel
from stab3l.client.trading import NewOrder
from stab3l.engine.wire import (
    Instruction,
    OrderType,
    Place,
    SelfTrade,
    Side,
    TimeInForce,
    decode_records,
    encode_body,
)

pytestmark = pytest.mark.anyio
DOMAIN = signing_domain(network())
PRICES = ("0.05", "0.051", "0.052")


def orders(
    venue: Venue, owner: Signer, prices: Sequence[str], first: int = 1
) -> tuple[list[PlaceRequest], list[TypedMessage]]:
    """Unsigned bids and what is to be signed."""
    made = [
        order_to_sign(
            owner.address, venue.market, side="buy", price=price, quantity="1", client_id=first + place,
            expires_at=venue.clock.at + 10**9,
        )
        for place, price in enumerate(prices)
    ]  # fmt: skip
    return [request for request, _ in made], [message for _, message in made]


def body(requests: Sequence[Any], signature: str) -> dict[str, Any]:
    operations = [{"op": "place", "request": msgspec.to_builtins(request)} for request in requests]
    return {"operations": operations, "signature": signature}


def signed(venue: Venue, signer: Signer, owner: Signer | None = None) -> dict[str, Any]:
    """A batch of three bids of ``owner``, signed by ``signer``."""
    requests, messages = orders(venue, owner or signer, PRICES)
    return body(requests, signature_of_all(signer, venue.market.domain, messages))


async def statuses(venue: Venue, batch: dict[str, Any]) -> list[int]:
    answer = await venue.post("/v1/orders/batch", batch)
    assert answer.status_code == 200, answer.text
    return [one["status"] for one in answer.json()["results"]]


async def code(venue: Venue, batch: dict[str, Any]) -> str:
    return str((await venue.post("/v1/orders/batch", batch)).json()["code"])


async def journal(venue: Venue) -> list[Any]:
    """The records of the last batch."""
    async for frame in venue.gateway.inputs(venue.gateway.exchange.sequence):
        return decode_records(frame.payload)
    raise AssertionError


async def test_one_signature_places_them_all_and_each_shows_it_in_the_journal(venue: Venue) -> None:
    requests, messages = orders(venue, venue.trader, PRICES)
    assert await statuses(venue, body(requests, signature_of_all(venue.trader, DOMAIN, messages))) == [201] * 3
    records = await journal(venue)
    owner = bytes.fromhex(venue.trader.address[2:])
    assert [evidence_signer(DOMAIN, m.digest(DOMAIN), r.evidence) for m, r in zip(messages, records, strict=True)] == (
        [owner] * 3
    )
    auditor = Signatures(DOMAIN)
    assert [auditor.fault(record, owner, venue.clock.at) for record in records] == [None] * 3
    other = auditor.fault(records[0], bytes.fromhex(venue.maker.address[2:]), venue.clock.at)
    assert other is not None
    assert other.startswith("signed by")
    forged = msgspec.structs.replace(records[0].command, ticks=1)
    assert auditor.fault(type(records[0])(forged, records[0].evidence), owner, venue.clock.at) is not None


async def test_what_the_engine_refuses_spoils_only_itself(venue: Venue) -> None:
    requests, messages = orders(venue, venue.trader, ("0.05", "99000000", "0.052"))
    batch = body(requests, signature_of_all(venue.trader, DOMAIN, messages))
    assert await statuses(venue, batch) == [201, 422, 201]
    assert await statuses(venue, batch) == [200, 422, 200]


async def test_nobody_else_may_sign_and_nothing_may_be_changed(venue: Venue) -> None:
    assert await code(venue, signed(venue, venue.maker, owner=venue.trader)) == "signer_mismatch"
    for change in ("swapped", "dropped", "repriced"):
        batch = signed(venue, venue.trader)
        operations = batch["operations"]
        if change == "swapped":
            operations[0], operations[1] = operations[1], operations[0]
        elif change == "dropped":
            del operations[2:]
        else:
            operations[1]["request"]["price"] = "0.06"
        assert await code(venue, batch) == "signer_mismatch", change


async def test_one_that_cannot_be_read_spoils_all(venue: Venue) -> None:
    for changes, expected in (({"price": "0.055555"}, "off_grid"), ({"signature": "0x12"}, "body_invalid")):
        batch = signed(venue, venue.trader)
        batch["operations"][2]["request"] |= changes
        assert await code(venue, batch) == expected
    batch = signed(venue, venue.trader)
    batch["operations"][1]["op"] = "withdraw"
    assert await code(venue, batch) == "body_invalid"
    assert await code(venue, signed(venue, venue.stranger)) == "account_unknown"
    assert await code(venue, signed(venue, venue.trader) | {"signature": "0x12"}) == "signature_invalid"


async def test_an_agent_signs_a_batch_and_cancels_are_part_of_one(venue: Venue) -> None:
    now = venue.clock.at // 10**9
    values = {
        "account": bytes.fromhex(venue.trader.address[2:]), "agent": bytes.fromhex(venue.stranger.address[2:]),
        "validFrom": now, "validUntil": now + 60,
    }  # fmt: skip
    given = {
        "account": venue.trader.address, "agent": venue.stranger.address, "valid_from": str(now),
        "valid_until": str(now + 60), "name": "bot",
        "signature": "0x" + venue.trader.sign_typed(DOMAIN, DELEGATION_TYPE, values).hex(),
    }  # fmt: skip
    assert (await venue.post("/v1/agents", given)).status_code == 201
    assert await statuses(venue, signed(venue, venue.stranger, owner=venue.trader)) == [201] * 3
    owner, auditor = bytes.fromhex(venue.trader.address[2:]), Signatures(DOMAIN)
    assert [auditor.fault(record, owner, venue.clock.at) for record in await journal(venue)] == [None] * 3
    assert (auditor.checked, auditor.delegated, auditor.by_contracts) == (3, 3, set())
    placed = await venue.place(venue.trader, client_id=90)
    cancel = signed_cancel(venue.trader, DOMAIN, order_id=int(placed["order_id"]), now=venue.clock.at)
    assert (await venue.post("/v1/orders/cancel", msgspec.to_builtins(cancel))).status_code == 200
    (record,) = await journal(venue)
    assert auditor.fault(record, owner, venue.clock.at) is None


async def test_the_sdk_signs_batches_once_over_both_ways(venue: Venue, url: str) -> None:
    wanted: list[NewOrder] = [
        {"market": SYMBOL, "side": "buy", "price": price, "quantity": "1"} for price in ("0.04", "0.041")
    ]
    async with AsyncClient(url, venue.trader, clock=venue.clock) as client:
        placed = await client.place_many(wanted)
        assert [getattr(one, "state", None) for one in placed] == ["open", "open"]
        async with client.stream() as stream:
            assert [getattr(one, "state", None) for one in await stream.place_many(wanted)] == ["open", "open"]
    async with connect(url.replace("http", "ws") + "/v1/ws") as socket:
        message = {"id": 1, "op": "batch", "request": signed(venue, venue.maker, owner=venue.trader)}
        await socket.send(msgspec.json.encode(message).decode())
        assert msgspec.json.decode(await socket.recv())["problem"]["code"] == "signer_mismatch"


U64 = st.integers(0, 2**64 - 1)


@settings(max_examples=60, deadline=None)
@given(
    ids=st.tuples(st.integers(0, 2**32 - 1), U64, U64, U64, U64),
    side=st.sampled_from(Side),
    self_trade=st.sampled_from(SelfTrade),
    label=st.integers(0, 2**16 - 1),
    good_till=st.integers(1, 2**64 - 1),
    trigger=st.integers(1, 2**64 - 1),
    owner=st.binary(min_size=20, max_size=20),
)
def test_the_native_digest_is_the_typed_message(
    ids: tuple[int, int, int, int, int],
    side: Side,
    self_trade: SelfTrade,
    label: int,
    good_till: int,
    trigger: int,
    owner: bytes,
) -> None:
    market, client_id, expires_at, ticks, lots = ids
    place = Place(
        9, market, client_id, expires_at, ticks, lots, side, OrderType.STOP_LIMIT, TimeInForce.GTD,
        Instruction.REDUCE_ONLY, self_trade, label, good_till, trigger,
    )  # fmt: skip
    request = PlaceRequest(
        "0x" + owner.hex(), SYMBOL, "buy" if side == Side.BUY else "sell", "0", "0", str(client_id), str(expires_at),
        "stop_limit", "gtd", reduce_only=True, self_trade=self_trade.name.lower(), label=label,  # type: ignore[arg-type]
        good_till=str(good_till),
    )  # fmt: skip
    message = order_message(request, market=market, ticks=ticks, lots=lots, trigger_ticks=trigger)
    assert order_digests(domain_hash(DOMAIN), owner, encode_body(place)) == message.digest(DOMAIN)
