"""What the reference promises and what the code has are the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from api_venue import Venue

from stab3l.api.problems import KINDS, Problem
from stab3l.api.signed import (
    AMEND_TYPE,
    CANCEL_ALL_TYPE,
    CANCEL_TYPE,
    DELEGATION_TYPE,
    ORDER_TYPE,
    PROTECTION_TYPE,
    SCHEDULE_CANCEL_TYPE,
    WITHDRAWAL_TYPE,
)
from stab3l.engine.wire import OutcomeCode

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"
SOURCE = Path(__file__).parents[3] / "src" / "stab3l" / "api"


def test_every_code_is_documented_with_its_status_meaning_and_action() -> None:
    table = (REFERENCE / "errors.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (.+) \| (.+) \|$", table, re.MULTILINE)
    assert rows == [(code, str(kind.status), kind.title, kind.action) for code, kind in KINDS.items()]


def test_every_code_that_the_source_raises_exists() -> None:
    raised = {code for file in SOURCE.rglob("*.py") for code in re.findall(r'Problem\(\s*"(\w+)"', file.read_text())}
    assert raised
    assert raised <= KINDS.keys()


def test_every_outcome_that_a_user_can_cause_has_a_code() -> None:
    of_operators = {
        "ACCEPTED", "ASSET_EXISTS", "DECIMALS_UNSUPPORTED", "MARKET_EXISTS", "MARKET_INVALID", "AMOUNT_TOO_LARGE",
        "OWNER_ZERO", "DEPOSIT_DUPLICATE", "DEPOSIT_GAP", "SEAL_NOT_ALONE", "NOTHING_TO_SEAL",
        "UNDERLYING_UNKNOWN", "UNDERLYING_INVALID", "SETTLEMENT_ASSET_OTHER", "MARKET_KIND_WRONG", "MARKET_NOT_DUE",
    }  # fmt: skip
    assert {code.name.lower() for code in OutcomeCode if code.name not in of_operators} <= KINDS.keys()


@pytest.mark.anyio
async def test_every_path_is_documented(venue: Venue) -> None:
    page = (REFERENCE / "api.md").read_text() + (REFERENCE / "access.md").read_text()
    paths = {
        re.sub(r":\w+", "", route.path_format) for route in venue.app.application.routes if route.path.startswith("/v1")
    }
    last = {path: path.split("/")[-1] for path in paths}
    named = {re.sub(r"\{\w+\}", "{}", path) for path in re.findall(r"/v1/[\w/{}.-]*[\w}]", page)}
    assert {re.sub(r"\{\w+\}", "{}", path) for path in paths} <= named, last


def test_the_signed_messages_are_documented() -> None:
    page = (REFERENCE / "api.md").read_text() + (REFERENCE / "access.md").read_text()
    for types in (
        ORDER_TYPE,
        AMEND_TYPE,
        CANCEL_TYPE,
        CANCEL_ALL_TYPE,
        SCHEDULE_CANCEL_TYPE,
        PROTECTION_TYPE,
        WITHDRAWAL_TYPE,
        DELEGATION_TYPE,
    ):
        ((name, fields),) = types.items()
        listed = ",".join(f"{field['type']} {field['name']}" for field in fields)
        assert f"{name}({listed})\n" in page


def test_a_problem_of_an_unknown_kind_cannot_be_made() -> None:
    try:
        Problem("no_such_problem", "detail")
    except KeyError:
        return
    raise AssertionError("an undocumented code was accepted")
