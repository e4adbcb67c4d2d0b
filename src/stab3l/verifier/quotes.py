"""Judges an enclave's quote offline, by Intel's rules (docs/reference/tee.md)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

import dcap_qvl  # type: ignore[import-untyped]

from stab3l.compute.enrolment import REPORT_DATA_BYTES, TcbStatus
from stab3l.errors import Rejected
from stab3l.hashing import keccak256

ACCEPTED: Final = frozenset(
    {
        TcbStatus.UpToDate,
        TcbStatus.SWHardeningNeeded,
        TcbStatus.ConfigurationNeeded,
        TcbStatus.ConfigurationAndSWHardeningNeeded,
    }
)


class QuoteInvalid(Rejected):
    """The quote or its collateral does not verify against Intel's root. ``values``: ``reason``."""

    code: ClassVar[str] = "quote_invalid"


class QuoteOfAnother(Rejected):
    """The quote does not carry this provider, key and challenge."""

    code: ClassVar[str] = "quote_of_another"


class PlatformOutdated(Rejected):
    """The platform's TCB status is not accepted. ``values``: ``status``."""

    code: ClassVar[str] = "platform_outdated"


@dataclass(frozen=True, slots=True)
class Platform:
    """What a good quote says of where it was made."""

    chip: bytes
    """keccak256 of the platform's id: it tells chips apart and names none."""
    status: TcbStatus
    expires_at: int
    """Unix seconds: when the first part of the collateral has to be renewed."""


def judge(quote: bytes, collateral: str, now_s: int, report_data: bytes, *, test_root: bytes | None = None) -> Platform:
    """The platform of a quote that is good at ``now_s`` and carries ``report_data``.

    ``test_root``: the certificate (DER) of a root that is believed beside Intel's, on local chains.

    Raises:
        QuoteInvalid, QuoteOfAnother, PlatformOutdated: it is not to be accepted.
    """
    found = verified(quote, collateral, now_s, test_root=test_root)
    carried = bytes(dcap_qvl.parse_quote(quote).report.report_data)
    if len(carried) != REPORT_DATA_BYTES or carried != report_data:
        raise QuoteOfAnother("the quote is not for this provider, key and challenge", carried=carried.hex())
    if found.status not in ACCEPTED:
        raise PlatformOutdated(f"the platform is {found.status.name}", status=found.status.name)
    return found


def verified(quote: bytes, collateral: str, now_s: int, *, test_root: bytes | None = None) -> Platform:
    """The platform of a quote that verifies, whatever it carries.

    Raises:
        QuoteInvalid: signature, chain, revocation or dates do not hold.
    """
    try:
        given = dcap_qvl.QuoteCollateralV3.from_json(collateral)
        report = _report(quote, given, now_s, test_root)
        status = TcbStatus[report.status]
        expires = min(_next_update(given.tcb_info), _next_update(given.qe_identity))
    except (ValueError, KeyError, TypeError) as error:
        raise QuoteInvalid(f"the quote does not verify: {error}", reason=str(error)[:200]) from None
    return Platform(keccak256(bytes(report.ppid)), status, expires)


def _report(quote: bytes, given: Any, now_s: int, test_root: bytes | None) -> Any:
    try:
        return dcap_qvl.verify(quote, given, now_s)
    except ValueError:
        if test_root is None:
            raise
        return dcap_qvl.verify_with_root_ca(quote, given, test_root, now_s)


def _next_update(document: str) -> int:
    """Whole unix seconds."""
    moment = datetime.fromisoformat(str(json.loads(document)["nextUpdate"]).replace("Z", "+00:00"))
    return int(moment.timestamp())
