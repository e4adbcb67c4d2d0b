"""GraphQL: the same answers as REST, guarded, bounded, and never a 5xx."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from api_venue import SYMBOL, Venue
from graphql import GraphQLSchema, parse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from stab3l.api.graphql.limits import COST_MAX, QueryTooLarge, check_cost
from stab3l.api.graphql.serving import SCHEMA

pytestmark = pytest.mark.anyio
BOOK = "{ bids { price quantity } asks { price quantity } }"


async def asked(venue: Venue, query: str, **variables: Any) -> httpx.Response:
    """One operation over HTTP."""
    return await venue.client.post("/graphql", json={"query": query, "variables": variables or None})


async def data(venue: Venue, query: str, **variables: Any) -> Any:
    """The data of an operation without errors."""
    answer = await asked(venue, query, **variables)
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert "errors" not in document, document
    return document["data"]


async def test_a_query_says_what_rest_says(venue: Venue) -> None:
    await venue.place(venue.maker, side="sell", price="0.07", quantity="3")
    found = await data(
        venue,
        f"query($s: String!) {{ market(symbol: $s) {{ symbol priceStep book(depth: 5) {BOOK} ticker {{ last }} }}"
        f" book(symbol: $s) {BOOK} status {{ sequence down }} }}",
        s=SYMBOL,
    )
    rest = (await venue.client.get(f"/v1/markets/{SYMBOL}/book")).json()
    levels = [{"price": price, "quantity": quantity} for price, quantity in rest["asks"]]
    assert found["book"] == found["market"]["book"] == {"bids": [], "asks": levels}
    assert found["status"]["sequence"] == str(venue.gateway.exchange.sequence)


async def test_a_refusal_carries_its_code_and_the_rest_of_the_answer_stands(venue: Venue) -> None:
    answer = await asked(venue, '{ status { sequence } market(symbol: "X") { symbol } }')
    (error,) = answer.json()["errors"]
    assert (error["extensions"]["code"], error["path"]) == ("market_unknown", ["market"])
    limit = await asked(venue, f'{{ trades(symbol: "{SYMBOL}", limit: 5000) {{ next }} }}')
    assert limit.json()["errors"][0]["extensions"]["code"] == "query_invalid"


async def test_positions_and_what_they_are_on_are_told(venue: Venue) -> None:
    asked_for = "underlyings { items { name index } } positions(address: $a) { items { market side value } }"
    found = await data(venue, f"query($a: String!) {{ {asked_for} }}", a=venue.trader.address)
    assert found == {"underlyings": {"items": []}, "positions": {"items": []}}
    answer = await asked(venue, "{ ownMargin { equity free } ownPositions { items { market } } }")
    assert {one["extensions"]["code"] for one in answer.json()["errors"]} == {"credential_missing"}


async def test_private_fields_need_a_credential(venue: Venue) -> None:
    answer = await asked(venue, "{ ownFills { items { tradeId } } }")
    assert answer.json()["errors"][0]["extensions"]["code"] == "credential_missing"
    forged = await venue.client.post(
        "/graphql", json={"query": "{ __typename }"}, headers={"authorization": "Bearer x.y.z"}
    )
    assert (forged.status_code, forged.json()["code"]) == (401, "token_invalid")


def test_the_directives_are_told_in_the_schema() -> None:
    told = SCHEMA.as_str()
    assert (
        'ownFills(limit: Int = null, cursor: String = null, market: String = null): FillPage! @auth(requires: "read")'
        in told
    )
    assert "@cacheControl(maxAge: 1)" in told


def bomb(levels: int) -> str:
    """Fragments that double at each level."""
    spreads = "".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }} " for n in range(levels))
    return spreads + f"fragment f{levels} on Query {{ status {{ sequence }} }} {{ ...f0 }}"


BOMBS = {
    "depth": "{ claims { items { by { claims { items { by { claims { items { by { address } } } } } } } } } }",
    "fragments": bomb(40),
    "lists": "{ claims(limit: 500) { items { by { claims(limit: 500) { items { claimId } } } } } }",
    "aliases": "{" + " ".join(f"a{n}: status {{ sequence }}" for n in range(200)) + "}",
    "tokens": "{" + " status { sequence }" * 700 + "}",
    "circle": "fragment a on Query { ...b } fragment b on Query { ...a } { ...a }",
    "directives": "{ status " + "@include(if: true)" * 600 + " { sequence } }",
    "introspection": "{ __schema { types { fields { type { fields { type { fields { type { fields { type { fields "
    "{ type { fields { type { fields { name } } } } } } } } } } } } } } } }",
}


@pytest.mark.parametrize("name", BOMBS)
async def test_a_bomb_is_refused_before_anything_runs(name: str, venue: Venue) -> None:
    answer = await asked(venue, BOMBS[name])
    assert answer.status_code == 400, answer.text
    assert answer.json()["data"] is None


async def test_oversized_foreign_and_malformed_requests_are_problems(venue: Venue) -> None:
    assert (
        await venue.client.post("/graphql", content=b"{", headers={"content-type": "application/json"})
    ).status_code == 400
    assert (await venue.client.post("/graphql", json={"query": "{ x }" + " " * 20_000})).status_code == 413
    assert (await venue.client.post("/graphql", content=b"query={x}")).status_code == 415
    assert (await venue.client.get("/graphql", params={"query": "{ status { sequence } }"})).status_code in (404, 405)
    assert (await venue.client.post("/graphql", json=[{"query": "{ __typename }"}])).status_code == 422
    foreign = await venue.client.post(
        "/graphql", json={"query": "{ __typename }"}, headers={"origin": "https://evil.example"}
    )
    assert foreign.status_code == 403


def any_selection(schema: GraphQLSchema) -> st.SearchStrategy[str]:
    """Documents from the schema's own names: right, wrong, nested, aliased, with arguments of any kind."""
    names = sorted({name for kind in schema.type_map.values() for name in getattr(kind, "fields", {})})
    words = st.sampled_from([*names, "__typename", "nonsense"])
    values = st.sampled_from(
        ["1", "-1", "99999999999999999999", '""', '"sSTB-USDC"', '"0x"', "null", "true", "[1]", "{a: 1}", "$v"]
    )
    arguments = st.lists(
        st.tuples(st.sampled_from(["symbol", "limit", "depth", "cursor", "address", "claim", "interval", "x"]), values),
        max_size=2,
    )
    told = arguments.map(
        lambda pairs: "(" + ", ".join(f"{name}: {value}" for name, value in pairs) + ")" if pairs else ""
    )
    leaf = st.tuples(words, told).map("".join)
    return st.recursive(
        leaf,
        lambda inner: st.tuples(words, told, st.lists(inner, min_size=1, max_size=3).map(" ".join)).map(
            lambda part: f"{part[0]}{part[1]} {{ {part[2]} }}"
        ),
        max_leaves=12,
    ).map(lambda body: f"query($v: Int) {{ {body} }}")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=any_selection(SCHEMA._schema),
    variables=st.none() | st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=5), max_size=2),
)
async def test_no_document_is_a_mistake_of_ours(venue: Venue, query: str, variables: Any) -> None:
    answer = await venue.client.post("/graphql", json={"query": query, "variables": variables})
    assert answer.status_code in (200, 400, 422), answer.text
    assert "made a mistake" not in answer.text


@given(st.integers(1, 200), st.integers(1, 400))
def test_cost_grows_with_lists_and_never_beyond_its_limit(fields: int, limit: int) -> None:
    body = " ".join("claimId" for _ in range(fields))
    query = parse(f"{{ claims(limit: {limit}) {{ items {{ {body} }} }} }}")
    try:
        cost = check_cost(query)
    except QueryTooLarge:
        assert limit * (fields + 1) > COST_MAX - limit
    else:
        assert limit < cost <= COST_MAX


async def test_a_subscription_tells_of_every_trade(venue: Venue, url: str) -> None:
    protocol = Subprotocol("graphql-transport-ws")
    async with connect(url.replace("http", "ws") + "/graphql", subprotocols=[protocol]) as socket:
        assert socket.subprotocol == protocol

        async def say(**message: Any) -> None:
            await socket.send(msgspec.json.encode(message).decode())

        async def hear() -> Any:
            return msgspec.json.decode(await socket.recv())

        await say(type="connection_init")
        assert (await hear())["type"] == "connection_ack"
        query = f'subscription {{ trades(symbol: "{SYMBOL}") {{ tradeId price }} }}'
        await say(id="1", type="subscribe", payload={"query": query})
        await say(id="2", type="subscribe", payload={"query": f'subscription {{ book(symbol: "{SYMBOL}") {BOOK} }}'})
        first = await hear()
        assert (first["id"], first["type"]) == ("2", "next")
        await venue.place(venue.maker, side="sell")
        await venue.place(venue.trader)
        while (told := await hear())["id"] != "1":
            assert told["type"] == "next"
        assert told["payload"]["data"]["trades"] == {"tradeId": "1", "price": "0.06"}


async def test_the_documents_example_is_answered(venue: Venue) -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "graphql.md").read_text()
    (example,) = re.findall(r"^```graphql\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert (await data(venue, example))["market"]["priceStep"] == "0.0001"
