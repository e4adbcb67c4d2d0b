"""The member's HTTP face (docs/reference/committee.md)."""

from __future__ import annotations

from typing import Final

from litestar import Litestar, get, post
from litestar.datastructures import State
from litestar.params import JSONBody

from stab3l.compute.attestation import Attestation, AttestationRequest
from stab3l.http.problems import problems
from stab3l.verifier.member import Member

REQUEST_BYTES_MAX: Final = 16 << 20
"""Openings of about 1,500 products."""


@post("/attestations", request_max_body_size=REQUEST_BYTES_MAX, status_code=200)
async def attest(data: JSONBody[AttestationRequest], state: State) -> Attestation:
    """Checks a claim and signs its statement."""
    member: Member = state.member
    return await member.attest(data)


@get("/health")
async def health(state: State) -> dict[str, str]:
    """Says who this is."""
    member: Member = state.member
    return {"signer": member.address}


def application(member: Member) -> Litestar:
    """The ASGI application of one member."""
    return Litestar(
        route_handlers=[attest, health],
        state=State({"member": member}),
        plugins=[problems()],
        openapi_config=None,
        logging_config=None,
    )
