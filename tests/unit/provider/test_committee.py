"""Collecting signatures: only members' signatures count, and a hopeless vote ends."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
import pytest
from eth_abi.abi import decode

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))

from chain_anvil import free_port
from liar import Liar

from stab3l.chain.signer import Signer
from stab3l.compute.attestation import AttestationRequest, committee_domain
from stab3l.compute.openings import Openings
from stab3l.compute.statement import Statement
from stab3l.provider.committee import Committee, CommitteeRefused, collect, proof_of

STATEMENT = Statement(
    claim_id=1,
    provider="0x00000000000000000000000000000000000000AA",
    compute_class=0,
    rows=64,
    depth=64,
    products=1,
    seed_block=1,
    commit_block=2,
    seed=bytes(32),
    root=bytes(32),
    sample_seed=bytes(32),
    operations_per_second=1,
)
MEMBER = Signer(bytes(31) + b"\x01").address
COMMITTEE = Committee(frozenset([MEMBER]), 1, committee_domain(412346, MEMBER))
REQUEST = AttestationRequest(1, "http://127.0.0.1:1", Openings((), ()))


@pytest.mark.anyio
async def test_signatures_of_strangers_are_not_collected() -> None:
    urls = [f"http://127.0.0.1:{free_port()}" for _ in range(2)]
    with Liar(urls[0]), Liar(urls[1]):
        async with httpx.AsyncClient(trust_env=False) as client:
            with pytest.raises(CommitteeRefused) as refused:
                await collect(client, urls, COMMITTEE, STATEMENT, REQUEST)
    assert refused.value.values["signed"] == 0
    assert refused.value.values["refusals"] == dict.fromkeys(urls, "signer_unknown")


def test_a_proof_has_no_more_signatures_than_needed_ascending_by_signer() -> None:
    signatures = {"0xb0": b"b", "0x0C": b"c", "0xA0": b"a"}
    assert decode(["bytes[]"], proof_of(signatures, 2)) == ((b"c", b"a"),)
