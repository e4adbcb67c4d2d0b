"""Disputing a delivery, and the committee's judgement: asks each member, counts, brings the verdict on chain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx
import msgspec
import structlog

from stab3l.chain.contracts import contract, contract_at
from stab3l.chain.encoding import encode
from stab3l.chain.port import Chain, Receipt
from stab3l.chain.sender import Sender
from stab3l.chain.signatures import recover_typed
from stab3l.compute.attestation import committee_domain
from stab3l.compute.verdict import VERDICT_TYPES, Verdict, VerdictRequest, verdict_message
from stab3l.config import Network
from stab3l.errors import Rejected, Stab3lError
from stab3l.units import BASIS_POINTS

log = structlog.get_logger(__name__)

ANSWER_TIMEOUT_S = 1_000
ANSWER_BYTES_MAX = 65_536


class CommitteeDivided(Rejected):
    """Neither outcome has enough signatures. ``values``: ``signed``, ``threshold``, ``refusals``."""

    code = "committee_divided"


@dataclass(slots=True)
class _Ballot:
    signatures: dict[bool, dict[str, bytes]] = field(default_factory=lambda: defaultdict(dict))
    refusals: dict[str, str] = field(default_factory=dict)


_BOND_MARGIN = 100
"""A hundredth more is approved, for a price that moves before the transaction."""


async def dispute(network: Network, chain: Chain, sender: Sender, order_id: int) -> tuple[int, Receipt]:
    """Says that a delivery is wrong. Returns the bond [base units of the collateral's token] and the receipt.

    Raises:
        ContractRejected: the order is another's, not delivered, its window is over, or the bond is not there.
    """
    redemption, collateral = contract(network.primary, "Redemption"), contract(network.primary, "CollateralManager")
    order: Any = await chain.call(redemption, "orderOf", order_id)
    rules: Any = await chain.call(redemption, "rules")
    most = -(-int(await chain.call(collateral, "valueDown", order.amount * rules.bondBps)) // BASIS_POINTS)
    if most:
        token = contract_at(chain.chain_id, "LocalToken", await chain.call(collateral, "token"))
        await sender.transact(token, "approve", redemption.address, most + most // _BOND_MARGIN + 1)
    receipt = await sender.transact(redemption, "dispute", order_id)
    return int(await chain.call(redemption, "bondOf", order_id)), receipt


async def bring_to_judgement(
    network: Network, chain: Chain, sender: Sender, order_id: int, job: bytes | None = None
) -> tuple[bool, Receipt]:
    """Whether the delivery was right, by the committee's signatures, and the transaction that said so.

    Raises:
        CommitteeDivided: too few members answer alike; ask again until the judgement's end.
        ContractRejected: it is judged already, or too late.
    """
    order: Any = await chain.call(contract(network.primary, "Redemption"), "orderOf", order_id)
    committee = contract(network.primary, "CommitteeProof")
    members = frozenset(await chain.call(committee, "signers"))
    threshold = int(await chain.call(committee, "threshold"))
    request = VerdictRequest(order_id, network.provider_url, job)
    ballot = await _ask_all(network, members, request, order.jobHash, order.resultHash)
    for delivered, signatures in ballot.signatures.items():
        if len(signatures) >= threshold:
            proof = _proof_of(signatures, threshold)
            arbiter = contract(network.primary, "CommitteeArbiter")
            return delivered, await sender.transact(arbiter, "judge", order_id, delivered, proof)
    raise CommitteeDivided(
        f"no outcome of order {order_id} has {threshold} signatures; refusals: {ballot.refusals}",
        signed=[len(signatures) for signatures in ballot.signatures.values()],
        threshold=threshold,
        refusals=ballot.refusals,
    )


async def _ask_all(
    network: Network, members: frozenset[str], request: VerdictRequest, job_hash: bytes, result_hash: bytes
) -> _Ballot:
    ballot, body = _Ballot(), msgspec.json.encode(request)
    domain = committee_domain(network.primary.chain_id, contract(network.primary, "CommitteeProof").address)
    redemption = contract(network.primary, "Redemption").address

    async def ask(client: httpx.AsyncClient, url: str) -> None:
        try:
            answer = await client.post(f"{url.rstrip('/')}/verdicts", content=body, timeout=ANSWER_TIMEOUT_S)
            if answer.status_code != httpx.codes.OK:
                ballot.refusals[url] = f"http_{answer.status_code}"
                return
            verdict = msgspec.json.decode(answer.content[:ANSWER_BYTES_MAX], type=Verdict)
            message = verdict_message(redemption, request.order_id, job_hash, result_hash, delivered=verdict.delivered)
            signer = recover_typed(domain, VERDICT_TYPES, message, verdict.signature)
        except (httpx.HTTPError, msgspec.DecodeError, Stab3lError) as error:
            ballot.refusals[url] = type(error).__name__
            return
        if signer in members:
            ballot.signatures[verdict.delivered][signer] = verdict.signature
        else:
            ballot.refusals[url] = "signer_unknown"

    async with (
        httpx.AsyncClient(trust_env=False, headers={"Content-Type": "application/json"}) as client,
        anyio.create_task_group() as tasks,
    ):
        for url in _distinct(network.verifier_urls):
            tasks.start_soon(ask, client, url)
    return ballot


def _distinct(urls: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(urls))


def _proof_of(signatures: dict[str, bytes], threshold: int) -> bytes:
    """``abi.encode(bytes[])``, ascending by signer, as CommitteeProof wants it."""
    ordered = sorted(signatures.items(), key=lambda signed: int(signed[0], 16))
    return encode(["bytes[]"], [[signature for _, signature in ordered[:threshold]]])
