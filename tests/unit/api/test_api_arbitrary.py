"""Whatever a body says, the API answers: never with a mistake of its own."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from api_venue import Venue, opened
from hypothesis import given, settings
from hypothesis import strategies as st

from stab3l.api.signed import CancelRequest, PlaceRequest, WithdrawalRequest

REQUESTS = {"/v1/orders": PlaceRequest, "/v1/orders/cancel": CancelRequest, "/v1/withdrawals": WithdrawalRequest}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
TEXTS = st.text(max_size=140) | st.integers().map(str) | st.from_regex(r"0x[0-9a-f]{0,132}", fullmatch=True)


@st.composite
def bodies(draw: st.DrawFn, path: str) -> Any:
    """Anything, or the right fields with odd values."""
    if draw(st.booleans()):
        return draw(JSON)
    fields = REQUESTS[path].__struct_fields__
    chosen = draw(st.lists(st.sampled_from(fields), unique=True))
    return {name: draw(TEXTS | JSON) for name in chosen}


async def post_all(contents: list[tuple[str, bytes]]) -> list[tuple[int, str]]:
    """(status, media type) of each answer of one fresh venue."""
    async with opened() as venue:
        return [await _post(venue, path, content) for path, content in contents]


async def _post(venue: Venue, path: str, content: bytes) -> tuple[int, str]:
    answer = await venue.client.post(path, content=content, headers={"content-type": "application/json"})
    return answer.status_code, answer.headers["content-type"]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_body_gets_a_problem_of_the_callers(data: st.DataObject) -> None:
    paths = data.draw(st.lists(st.sampled_from(list(REQUESTS)), min_size=1, max_size=8))
    contents = [(path, data.draw(st.binary(max_size=200) | bodies(path).map(msgspec.json.encode))) for path in paths]
    for status, media_type in asyncio.run(post_all(contents)):
        assert 400 <= status < 500
        assert media_type == "application/problem+json"


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_signed_order_with_any_one_field_changed_is_never_taken(data: st.DataObject) -> None:
    async def run() -> tuple[int, str]:
        async with opened() as venue:
            body = venue.order(venue.trader)
            field = data.draw(st.sampled_from(sorted(body)))
            value = data.draw(TEXTS.filter(lambda text: text.lower() != str(body[field]).lower()))
            return await _post(venue, "/v1/orders", msgspec.json.encode(body | {field: value}))

    status, media_type = asyncio.run(run())
    assert 400 <= status < 500
    assert media_type == "application/problem+json"
