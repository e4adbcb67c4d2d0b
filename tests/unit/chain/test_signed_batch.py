"""One signature for several messages, each of which is checked by itself."""

from __future__ import annotations

import pytest

from stab3l._engine import signers
from stab3l.chain.signatures import SIGNATURE_BYTES
from stab3l.chain.signed_batch import BATCH_TYPE, MESSAGES_MAX, batch_digest, evidence_signer, proof_bytes, proofs
from stab3l.chain.signer import Signer
from stab3l.errors import Unauthorised
from stab3l.hashing import keccak256, merkle_layers, merkle_root

DOMAIN = {"name": "stab3l", "version": "1", "chainId": 412_346, "verifyingContract": "0x" + "c" * 40}
SIGNER = Signer(b"\x07" * 32)
ADDRESS = bytes.fromhex(SIGNER.address[2:])


def signed(count: int) -> tuple[list[bytes], list[bytes]]:
    """Digests of so many messages, and their proofs."""
    digests = [keccak256(bytes([number])) for number in range(count)]
    layers = merkle_layers(b"".join(digests))
    signature = SIGNER.sign_hash(batch_digest(DOMAIN, layers))
    return digests, proofs(signature, layers, count)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 33, MESSAGES_MAX])
def test_each_message_of_a_batch_shows_its_signer_by_itself(count: int) -> None:
    digests, evidence = signed(count)
    for digest, proof in zip(digests, evidence, strict=True):
        assert evidence_signer(DOMAIN, digest, proof) == ADDRESS
        assert evidence_signer(DOMAIN, digest, proof + b"what follows") == ADDRESS
        assert proof_bytes(proof + b"what follows") == len(proof)


def test_no_other_message_place_or_domain_shows_it() -> None:
    digests, evidence = signed(5)
    proof = bytearray(evidence[3])
    assert shown(DOMAIN, digests[2], proof) != ADDRESS
    assert shown(DOMAIN | {"chainId": 138}, digests[3], proof) != ADDRESS
    for at in range(64, len(proof)):
        changed = bytes(proof[:at]) + bytes((proof[at] ^ 1,)) + bytes(proof[at + 1 :])
        if at not in (SIGNATURE_BYTES - 1, SIGNATURE_BYTES + 1):
            assert shown(DOMAIN, digests[3], changed) != ADDRESS


def shown(domain: dict[str, object], digest: bytes, evidence: bytes | bytearray) -> bytes:
    """Whose evidence it is; nobody's where it cannot be read."""
    try:
        return evidence_signer(domain, digest, bytes(evidence))
    except Unauthorised:
        return bytes(20)


def test_what_a_wallet_signs_is_the_root_as_eip_712_has_it() -> None:
    digests, _ = signed(4)
    layers = merkle_layers(b"".join(digests))
    signature = SIGNER.sign_typed(DOMAIN, BATCH_TYPE, {"root": merkle_root(layers)})
    assert signers(batch_digest(DOMAIN, layers), signature) == ADDRESS


@pytest.mark.parametrize("size", [0, 64, 65, 66, 67, 98])
def test_evidence_that_breaks_off_is_nobodys(size: int) -> None:
    digests, evidence = signed(2)
    with pytest.raises(Unauthorised):
        evidence_signer(DOMAIN, digests[0], evidence[0][:size])


def test_signatures_are_recovered_in_bulk_and_bad_ones_are_nobodys() -> None:
    digests = [keccak256(bytes([number])) for number in range(4)]
    signatures = [bytearray(SIGNER.sign_hash(digest)) for digest in digests]
    signatures[1][64] = 29
    signatures[2][:32] = bytes(32)
    found = signers(b"".join(digests), b"".join(map(bytes, signatures)))
    assert [found[at : at + 20] for at in range(0, 80, 20)] == [ADDRESS, bytes(20), bytes(20), ADDRESS]
    with pytest.raises(ValueError, match="65 bytes of signatures for 64 bytes of digests"):
        signers(digests[0] + digests[1], bytes(signatures[0]))
