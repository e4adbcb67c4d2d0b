"""One signature for several messages, each of which can still be checked by itself (docs/decisions/0061).

What is signed is the EIP-712 ``OrderBatch(bytes32 root)`` under the messages' own domain, with the root of the Merkle
tree (`stab3l.hashing`) over their EIP-712 digests in their order. A digest is a hash of 66 bytes and a node one of 64,
so no node can be shown as a message. The proof of a message takes the place of its signature::

    r ++ s ++ v + 4 ++ index (1 byte) ++ count of siblings (1 byte) ++ siblings (32 bytes each, lowest first)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stab3l.chain.signatures import SIGNATURE_BYTES, recover_bytes
from stab3l.chain.typed_data import typed_hash
from stab3l.errors import Unauthorised
from stab3l.hashing import HASH_BYTES, merkle_path, merkle_root, merkle_root_from

BATCH_TYPE: Final = {"OrderBatch": [{"name": "root", "type": "bytes32"}]}
MESSAGES_MAX: Final = 64
BATCH_V: Final = 4
"""What is added to the recovery byte of a signature that is a batch's."""
_HEAD_BYTES: Final = SIGNATURE_BYTES + 2


def batch_digest(domain: Mapping[str, Any], layers: bytes) -> bytes:
    """The 32 bytes that are signed for all messages of a tree (all its layers, by `stab3l.hashing.merkle_layers`)."""
    return _digest_of_root(domain, merkle_root(layers))


def proofs(signature: bytes, layers: bytes, count: int) -> list[bytes]:
    """The proof of each of ``count`` messages, by the signature of all."""
    head = signature[:64] + bytes((signature[64] + BATCH_V,))
    paths = (merkle_path(layers, index) for index in range(count))
    return [head + bytes((index, len(path))) + b"".join(path) for index, path in enumerate(paths)]


def proof_bytes(evidence: bytes) -> int:
    """How many bytes of a command's evidence are a signature or the proof in its place; what follows is not signed.

    Raises `Unauthorised` for evidence that begins with neither.
    """
    if len(evidence) < SIGNATURE_BYTES:
        raise Unauthorised(f"{len(evidence)} bytes of evidence hold no signature", length=len(evidence))
    if evidence[SIGNATURE_BYTES - 1] not in (27 + BATCH_V, 28 + BATCH_V):
        return SIGNATURE_BYTES
    size = _HEAD_BYTES + HASH_BYTES * (evidence[_HEAD_BYTES - 1] if len(evidence) >= _HEAD_BYTES else 0)
    if len(evidence) < size:
        raise Unauthorised(f"{len(evidence)} bytes of evidence, the proof has {size}", length=len(evidence))
    return size


def evidence_signer(domain: Mapping[str, Any], digest: bytes, evidence: bytes) -> bytes:
    """Who signed a message, alone or in a batch: the 20 bytes of the address that the evidence of its command shows.

    Raises `Unauthorised` where it shows none.
    """
    size = proof_bytes(evidence)
    if size == SIGNATURE_BYTES:
        return recover_bytes(digest, evidence[:SIGNATURE_BYTES])
    index, path = evidence[SIGNATURE_BYTES], evidence[_HEAD_BYTES:size]
    siblings = [path[at : at + HASH_BYTES] for at in range(0, len(path), HASH_BYTES)]
    root = merkle_root_from(digest, index, siblings)
    signature = evidence[: SIGNATURE_BYTES - 1] + bytes((evidence[SIGNATURE_BYTES - 1] - BATCH_V,))
    return recover_bytes(_digest_of_root(domain, root), signature)


def _digest_of_root(domain: Mapping[str, Any], root: bytes) -> bytes:
    return typed_hash(domain, BATCH_TYPE, {"root": root})
