"""The OpenAPI document taken at its word: generated requests never meet a mistake, nor an answer that it does not name.

``STAB3L_FUZZ_EXAMPLES`` is how many requests each operation gets (``make fuzz-api``: 200); ``STAB3L_FUZZ_REPORT`` names
a file for how many were answered with which status.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from api_venue import Venue, opened
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from test_api_access import tokens

from stab3l.api.app import ENDPOINTS
from stab3l.api.openapi import document
from stab3l.api.settings import ApiSettings

EXAMPLES = int(os.environ.get("STAB3L_FUZZ_EXAMPLES", "3"))
REPORT = os.environ.get("STAB3L_FUZZ_REPORT", "")
EXAMPLES_ARE_FEW = "STAB3L_FUZZ_EXAMPLES" not in os.environ
UNAVAILABLE_HERE = ("/v1/capacity", "/v1/pools", "/v1/peg", "/v1/reserves", "/v1/prices", "/v1/flows")
"""What needs chains, which this venue has none of: 503 is the truth here."""


class Served:
    """A venue in a loop of its own, so that generated tests can call it as a function."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        unlimited = ApiSettings(origins="http://api,http://localhost:3000", rate_factor=0)
        self._opened = opened(indexed=True, settings=unlimited)
        self.venue: Venue = self.run(self._opened.__aenter__())
        self.answered = Counter[int]()
        self.token = self.run(tokens(self.venue, self.venue.trader))["access_token"]

    def run(self, work: Any) -> Any:
        """What a coroutine gives."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def close(self) -> None:
        """Ends it."""
        if REPORT:
            Path(REPORT).write_text(json.dumps(self.answered))
        self.run(self._opened.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    found = Served()
    yield found
    found.close()


SCHEMA = schemathesis.openapi.from_dict(document(ENDPOINTS, "http://api"))
OPERATIONS = [one.ok() for one in SCHEMA.get_all_operations()]
CHECKS: list[Any] = [
    status_code_conformance, content_type_conformance, response_schema_conformance, response_headers_conformance,
]  # fmt: skip


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method.upper()} {one.path}")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda one: one.value)
def test_no_request_meets_a_mistake_or_an_undocumented_answer(served: Served, operation: Any, mode: Any) -> None:
    """Seeded, so that a run of the tests is always the same; `make fuzz-api` takes other seeds."""

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=EXAMPLES_ARE_FEW, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        answer = send(served, case)
        if answer.status_code == 503 and case.path.startswith(UNAVAILABLE_HERE):
            assert answer.json()["code"] == "unavailable"
        else:
            assert answer.status_code < 500, answer.text
        case.validate_response(answer, checks=CHECKS)

    try:
        run()
    except Unsatisfiable:
        # A path with nothing to get wrong has no negative request.
        assert mode is GenerationMode.NEGATIVE


def send(served: Served, case: Any) -> httpx.Response:
    """The answer to a generated request, with and without a credential by turns."""
    prepared = requests.Request(**_known(case.as_transport_kwargs(base_url="http://api"))).prepare()
    headers = dict(prepared.headers)
    if "authorization" not in {name.lower() for name in headers} and len(prepared.url or "") % 2:
        headers["authorization"] = f"Bearer {served.token}"
    headers.pop("Stab3l-Key", None)
    sent = {name: value.encode() if isinstance(value, str) else value for name, value in headers.items()}
    request = served.venue.client.request(prepared.method, prepared.url, content=prepared.body, headers=sent)
    answer: httpx.Response = served.run(request)
    served.answered[answer.status_code] += 1
    return answer


def _known(options: dict[str, Any]) -> dict[str, Any]:
    names = ("method", "url", "headers", "files", "data", "params", "auth", "cookies", "json")
    return {name: value for name, value in options.items() if name in names}
