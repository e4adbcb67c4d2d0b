"""Whatever a body says, the API answers: never with a mistake of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from api_venue import Venue, opened
from hypothesis import given, settings
from hypothesis import strategies as st

from stab3l.api.settings import ApiSettings
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


@dataclass
class Steady:
    """One venue for all examples: none of them is to be taken, so that each finds it as the first did."""

    runner: asyncio.Runner
    venue: Venue

    def post(self, path: str, content: bytes) -> tuple[int, str]:
        """(status, media type) of the answer."""
        return self.runner.run(_post(self.venue, path, content))


@pytest.fixture(scope="module")
def steady() -> Iterator[Steady]:
    with asyncio.Runner() as runner:
        opening = opened(settings=ApiSettings(origins="http://api", rate_factor=0))
        yield Steady(runner, runner.run(opening.__aenter__()))
        runner.run(opening.__aexit__(None, None, None))


async def _post(venue: Venue, path: str, content: bytes) -> tuple[int, str]:
    answer = await venue.client.post(path, content=content, headers={"content-type": "application/json"})
    return answer.status_code, answer.headers["content-type"]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_body_gets_a_problem_of_the_callers(steady: Steady, data: st.DataObject) -> None:
    paths = data.draw(st.lists(st.sampled_from(list(REQUESTS)), min_size=1, max_size=8))
    contents = [(path, data.draw(st.binary(max_size=200) | bodies(path).map(msgspec.json.encode))) for path in paths]
    for status, media_type in (steady.post(path, content) for path, content in contents):
        assert 400 <= status < 500
        assert media_type == "application/problem+json"


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_signed_order_with_any_one_field_changed_is_never_taken(steady: Steady, data: st.DataObject) -> None:
    body = steady.venue.order(steady.venue.trader)
    field = data.draw(st.sampled_from(sorted(body)))
    value = data.draw(TEXTS.filter(lambda text: text.lower() != str(body[field]).lower()))
    status, media_type = steady.post("/v1/orders", msgspec.json.encode(body | {field: value}))
    assert 400 <= status < 500
    assert media_type == "application/problem+json"
