"""The project's test root: its quotes pass the real checks, but only where it may be believed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

from stab3l.chain.errors import NotLocal
from stab3l.chain.rpc import RpcChain
from stab3l.compute.enrolment import TcbStatus
from stab3l.config import ChainConfig
from stab3l.enclave import local_root
from stab3l.enclave.local import SoftwareEnclave, require_test_root_allowed, root_certificate
from stab3l.hashing import keccak256
from stab3l.verifier.quotes import PlatformOutdated, QuoteInvalid, QuoteOfAnother, judge

NOW = 1_800_000_000
DAY_S = 86_400
CARRIED = bytes(range(64))
ENCLAVE = SoftwareEnclave(b"a secret of this test")
ROOT = root_certificate()


def test_a_quote_of_the_software_enclave_passes_every_check_under_the_test_root() -> None:
    platform = judge(ENCLAVE.quote(CARRIED), ENCLAVE.collateral(NOW), NOW, CARRIED, test_root=ROOT)
    assert platform.status == TcbStatus.UpToDate
    assert NOW + 29 * DAY_S < platform.expires_at < NOW + 31 * DAY_S


def test_intels_root_does_not_know_it() -> None:
    with pytest.raises(QuoteInvalid):
        judge(ENCLAVE.quote(CARRIED), ENCLAVE.collateral(NOW), NOW, CARRIED)


@pytest.mark.parametrize("at", [2, 60, 180, 370, 440, 570, 700, 1_000])
def test_one_flipped_byte_is_enough(at: int) -> None:
    forged = bytearray(ENCLAVE.quote(CARRIED))
    forged[at] ^= 1
    with pytest.raises(QuoteInvalid):
        judge(bytes(forged), ENCLAVE.collateral(NOW), NOW, CARRIED, test_root=ROOT)


def test_a_quote_for_another_key_or_challenge_is_refused() -> None:
    with pytest.raises(QuoteOfAnother):
        judge(ENCLAVE.quote(CARRIED), ENCLAVE.collateral(NOW), NOW, CARRIED[::-1], test_root=ROOT)


def test_old_collateral_is_refused() -> None:
    with pytest.raises(QuoteInvalid):
        judge(ENCLAVE.quote(CARRIED), ENCLAVE.collateral(NOW), NOW + 40 * DAY_S, CARRIED, test_root=ROOT)


def test_an_outdated_platform_is_refused() -> None:
    collateral = json.loads(ENCLAVE.collateral(NOW))
    collateral["tcb_info"] = collateral["tcb_info"].replace('"tcbStatus":"UpToDate"', '"tcbStatus":"OutOfDate"')
    signature = local_root.raw_signature(local_root.tcb_authority().key, collateral["tcb_info"].encode())
    collateral["tcb_info_signature"] = signature.hex()
    with pytest.raises(PlatformOutdated) as refused:
        judge(ENCLAVE.quote(CARRIED), json.dumps(collateral), NOW, CARRIED, test_root=ROOT)
    assert refused.value.values == {"status": "OutOfDate"}


def test_each_home_is_a_chip_and_a_key_of_its_own_and_stays_so(tmp_path: Path) -> None:
    first, again, other = (SoftwareEnclave.open(tmp_path / name) for name in ("a", "a", "b"))
    assert (first.key_x, first.key_y) == (again.key_x, again.key_y) != (other.key_x, other.key_y)
    chips = [
        judge(one.quote(CARRIED), one.collateral(NOW), NOW, CARRIED, test_root=ROOT).chip
        for one in (first, again, other)
    ]
    assert chips[0] == chips[1] != chips[2]


def test_a_result_is_signed_by_the_key_in_the_quote_with_a_low_s() -> None:
    digest = keccak256(b"a statement")
    signature = ENCLAVE.sign(digest)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    assert s <= local_root.ORDER // 2
    point = int.from_bytes(ENCLAVE.key_x, "big"), int.from_bytes(ENCLAVE.key_y, "big")
    key = ec.EllipticCurvePublicNumbers(*point, ec.SECP256R1()).public_key()
    key.verify(encode_dss_signature(r, s), digest, ec.ECDSA(Prehashed(hashes.SHA256())))


def test_the_test_root_is_the_same_for_everybody_and_says_what_it_is() -> None:
    local_root.root.cache_clear()
    assert root_certificate() == ROOT
    assert b"TEST ROOT" in ROOT


@pytest.mark.parametrize(
    ("chain_id", "url"), [(1, "http://127.0.0.1:1"), (42_161, "http://127.0.0.1:1"), (412_346, "https://example.org")]
)
def test_no_public_chain_believes_it(chain_id: int, url: str) -> None:
    config = ChainConfig(
        chain_id=chain_id, name="c", rpc_url=url, confirmations=1, block_seconds=1, deploy_block=0, contracts={}
    )

    async def ask() -> None:
        async with RpcChain(config) as chain:
            with pytest.raises(NotLocal):
                await require_test_root_allowed(chain)

    asyncio.run(ask())
