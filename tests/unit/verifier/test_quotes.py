"""Real quotes of Intel processors: accepted as they are, and not when anything about them is changed."""

from __future__ import annotations

import json
from pathlib import Path

import dcap_qvl  # type: ignore[import-untyped]
import pytest

from stab3l.compute.enrolment import TcbStatus, report_data_of
from stab3l.verifier.quotes import QuoteInvalid, QuoteOfAnother, judge, verified

QUOTES = Path(__file__).parents[2] / "golden" / "quotes"
IN_TIME = 1_750_400_000
"""20 June 2025, a day after the collateral was issued."""

EXPIRED = IN_TIME + 60 * 86_400
KINDS = {"sgx": TcbStatus.ConfigurationAndSWHardeningNeeded, "tdx": TcbStatus.UpToDate}


def quote_of(kind: str) -> tuple[bytes, str]:
    return (QUOTES / f"{kind}_quote").read_bytes(), (QUOTES / f"{kind}_quote_collateral.json").read_text()


def carried(quote: bytes) -> bytes:
    return bytes(dcap_qvl.parse_quote(quote).report.report_data)


@pytest.mark.parametrize("kind", KINDS)
def test_a_real_quote_verifies_with_its_status_and_expiry(kind: str) -> None:
    quote, collateral = quote_of(kind)
    platform = judge(quote, collateral, IN_TIME, carried(quote))
    assert platform.status == KINDS[kind]
    assert IN_TIME < platform.expires_at < EXPIRED
    assert len(platform.chip) == 32


def test_two_platforms_are_two_chips() -> None:
    chips = {verified(*quote_of(kind), IN_TIME).chip for kind in KINDS}
    assert len(chips) == 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("at", [10, 60, 200, 430, 500, 600, 1_000])
def test_one_flipped_byte_is_enough(kind: str, at: int) -> None:
    quote, collateral = quote_of(kind)
    changed = bytearray(quote)
    changed[at] ^= 1
    with pytest.raises(QuoteInvalid):
        verified(bytes(changed), collateral, IN_TIME)


@pytest.mark.parametrize("kind", KINDS)
def test_old_collateral_is_refused(kind: str) -> None:
    with pytest.raises(QuoteInvalid):
        verified(*quote_of(kind), EXPIRED)


def test_collateral_that_was_touched_is_refused() -> None:
    quote, collateral = quote_of("sgx")
    changed = json.loads(collateral)
    changed["tcb_info"] = changed["tcb_info"].replace("OutOfDate", "UpToDate")
    with pytest.raises(QuoteInvalid):
        verified(quote, json.dumps(changed), IN_TIME)
    with pytest.raises(QuoteInvalid):
        verified(quote, quote_of("tdx")[1], IN_TIME)
    with pytest.raises(QuoteInvalid):
        verified(quote, "{}", IN_TIME)


def test_a_forged_quote_is_refused() -> None:
    quote, collateral = quote_of("tdx")
    for forged in (b"", quote[:700], bytes(len(quote))):
        with pytest.raises(QuoteInvalid):
            verified(forged, collateral, IN_TIME)


def test_a_quote_for_another_key_provider_or_challenge_is_refused() -> None:
    quote, collateral = quote_of("tdx")
    with pytest.raises(QuoteOfAnother):
        judge(quote, collateral, IN_TIME, report_data_of("0x" + "11" * 20, b"\x01" * 32, b"\x02" * 32, b"\x03" * 32))
