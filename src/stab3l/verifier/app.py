"""The member's HTTP face (docs/reference/committee.md)."""

from __future__ import annotations

from typing import Final

from litestar import Litestar, get, post
from litestar.datastructures import State
from litestar.params import JSONBody

from stab3l.compute.attestation import Attestation, AttestationRequest
from stab3l.compute.enrolment import EnrolmentRequest, EnrolmentSignature
from stab3l.compute.verdict import Verdict, VerdictRequest
from stab3l.http.problems import problems
from stab3l.verifier.enrolling import Enrolling
from stab3l.verifier.judging import Judge
from stab3l.verifier.member import Member

REQUEST_BYTES_MAX: Final = 16 << 20
"""Openings of about 1,500 products."""


@post("/attestations", request_max_body_size=REQUEST_BYTES_MAX, status_code=200)
async def attest(data: JSONBody[AttestationRequest], state: State) -> Attestation:
    """Checks a claim and signs its statement."""
    member: Member = state.member
    return await member.attest(data)


@post("/enrolments", request_max_body_size=REQUEST_BYTES_MAX, status_code=200)
async def enrol(data: JSONBody[EnrolmentRequest], state: State) -> EnrolmentSignature:
    """Checks an enclave's quote and signs its enrolment."""
    enrolling: Enrolling = state.enrolling
    return await enrolling.enrol(data)


@post("/verdicts", request_max_body_size=2 * REQUEST_BYTES_MAX, status_code=200)
async def judge(data: JSONBody[VerdictRequest], state: State) -> Verdict:
    """Runs the job of a disputed delivery again and signs whether the result was right."""
    court: Judge = state.court
    return await court.judge(data)


@get("/health")
async def health(state: State) -> dict[str, str]:
    """Says who this is."""
    member: Member = state.member
    return {"signer": member.address}


def application(member: Member, enrolling: Enrolling, court: Judge) -> Litestar:
    """The ASGI application of one member."""
    return Litestar(
        route_handlers=[attest, enrol, judge, health],
        state=State({"member": member, "enrolling": enrolling, "court": court}),
        plugins=[problems()],
        openapi_config=None,
        logging_config=None,
    )
