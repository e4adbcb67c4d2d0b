"""What passes between a disputing party and the committee, and the typed message that a member signs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

ORDER_ID_MAX: Final = 2**63 - 1
JOB_BYTES_MAX: Final = 13 << 20
PROVIDER_URL_LENGTH_MAX: Final = 256

VERDICT_TYPES: Final[Mapping[str, list[dict[str, str]]]] = {
    "Verdict": [
        {"name": "redemption", "type": "address"},
        {"name": "orderId", "type": "uint256"},
        {"name": "jobHash", "type": "bytes32"},
        {"name": "resultHash", "type": "bytes32"},
        {"name": "delivered", "type": "bool"},
    ]
}
"""EIP-712 type that a verifier signs (contracts/src/issuance/CommitteeArbiter.sol)."""


class VerdictRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody asks for a judgement of a disputed delivery. Order, job hash and result hash are read from the chain."""

    order_id: Annotated[int, msgspec.Meta(ge=1, le=ORDER_ID_MAX)]
    provider_url: Annotated[str, msgspec.Meta(max_length=PROVIDER_URL_LENGTH_MAX)]
    """Where the job's document is, unless it is given here."""
    job: Annotated[bytes, msgspec.Meta(max_length=JOB_BYTES_MAX)] | None = None


class Verdict(msgspec.Struct, frozen=True):
    """A member's judgement and its signature (65 bytes r, s, v)."""

    signer: str
    signature: bytes
    delivered: bool


def verdict_message(
    redemption: str, order_id: int, job_hash: bytes, result_hash: bytes, *, delivered: bool
) -> dict[str, Any]:
    """The EIP-712 message."""
    values = (redemption, order_id, job_hash, result_hash, delivered)
    return dict(zip((field["name"] for field in VERDICT_TYPES["Verdict"]), values, strict=True))
