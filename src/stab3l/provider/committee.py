"""Collects as many of the committee's signatures as the contract wants; some members may be down or refuse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import anyio
import httpx
import msgspec
import structlog

from stab3l.chain.contracts import contract
from stab3l.chain.encoding import encode
from stab3l.chain.port import Chain
from stab3l.chain.signatures import recover_typed
from stab3l.compute.attestation import Attestation, AttestationRequest, committee_domain
from stab3l.compute.statement import ATTESTATION_TYPES, Statement
from stab3l.config import ChainConfig
from stab3l.errors import Rejected, Stab3lError

log = structlog.get_logger(__name__)

ANSWER_TIMEOUT_S: Final = 400
"""A member downloads and checks a whole product before it answers, and may have other claims to do first."""

PAUSE_S: Final = 1.0
_ANSWER_BYTES_MAX: Final = 65_536


class CommitteeRefused(Rejected):
    """Too many members refuse, for good. ``values``: ``signed``, ``threshold``, ``refusals`` (URL -> code)."""

    code: ClassVar[str] = "committee_refused"


@dataclass(frozen=True, slots=True)
class Committee:
    """Who may sign, and how many must."""

    members: frozenset[str]
    threshold: int
    domain: dict[str, Any]


@dataclass(slots=True)
class _Ballot:
    """What has come in so far."""

    signatures: dict[str, bytes] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)


async def committee_of(chain: Chain, config: ChainConfig) -> Committee:
    """The committee as the contract has it."""
    proof = contract(config, "CommitteeProof")
    members = frozenset(await chain.call(proof, "signers"))
    threshold = int(await chain.call(proof, "threshold"))
    return Committee(members, threshold, committee_domain(config.chain_id, proof.address))


async def collect(
    client: httpx.AsyncClient,
    urls: Sequence[str],
    committee: Committee,
    statement: Statement,
    request: AttestationRequest,
) -> bytes:
    """A proof with the threshold of signatures. Members that are down are asked again and again: cancel to give up.

    Raises:
        CommitteeRefused: the members that have not refused are too few.
    """
    ballot = _Ballot()
    body = msgspec.json.encode(request)
    async with anyio.create_task_group() as tasks:

        async def ask(url: str) -> None:
            await _ask_until_decided(client, url, body, committee, statement, ballot)
            if len(ballot.signatures) >= committee.threshold:
                tasks.cancel_scope.cancel()

        for url in urls:
            tasks.start_soon(ask, url)
    if len(ballot.signatures) < committee.threshold:
        raise CommitteeRefused(
            f"{len(ballot.signatures)} of {committee.threshold} signatures; refusals: {ballot.refusals}",
            signed=len(ballot.signatures),
            threshold=committee.threshold,
            refusals=ballot.refusals,
        )
    return proof_of(ballot.signatures, committee.threshold)


def proof_of(signatures: dict[str, bytes], threshold: int) -> bytes:
    """``abi.encode(bytes[] signatures)``, ascending by signer address, no more than asked for."""
    ordered = sorted(signatures.items(), key=lambda signed: int(signed[0], 16))
    return encode(["bytes[]"], [[signature for _, signature in ordered[:threshold]]])


async def _ask_until_decided(
    client: httpx.AsyncClient, url: str, body: bytes, committee: Committee, statement: Statement, ballot: _Ballot
) -> None:
    while True:
        try:
            answer = await client.post(
                f"{url.rstrip('/')}/attestations",
                content=body,
                headers={"Content-Type": "application/json"},
                timeout=ANSWER_TIMEOUT_S,
            )
        except httpx.HTTPError as error:
            log.info("verifier_unreachable", url=url, error=repr(error))
            await anyio.sleep(PAUSE_S)
            continue
        if answer.status_code == httpx.codes.OK:
            _count(answer.content, url, committee, statement, ballot)
            return
        if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
            ballot.refusals[url] = _code_of(answer)
            log.warning("verifier_refused", url=url, code=ballot.refusals[url], status=answer.status_code)
            return
        log.info("verifier_not_ready", url=url, code=_code_of(answer))
        await anyio.sleep(PAUSE_S)


def _count(content: bytes, url: str, committee: Committee, statement: Statement, ballot: _Ballot) -> None:
    """Counts a signature only after recovering its signer: a false one would spoil the whole proof."""
    try:
        given = msgspec.json.decode(content[:_ANSWER_BYTES_MAX], type=Attestation)
        signer = recover_typed(committee.domain, ATTESTATION_TYPES, statement.attestation(), given.signature)
    except (msgspec.DecodeError, Stab3lError) as error:
        ballot.refusals[url] = "answer_invalid"
        log.warning("verifier_answer_invalid", url=url, error=str(error))
        return
    if signer not in committee.members:
        ballot.refusals[url] = "signer_unknown"
        log.warning("verifier_is_no_member", url=url, signer=signer)
        return
    ballot.signatures[signer] = given.signature


def _code_of(answer: httpx.Response) -> str:
    try:
        problem = msgspec.json.decode(answer.content[:_ANSWER_BYTES_MAX], type=dict[str, Any])
    except msgspec.DecodeError:
        return f"http_{answer.status_code}"
    return str(problem.get("code", f"http_{answer.status_code}"))
