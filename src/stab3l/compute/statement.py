"""What a proof of compute is bound to, and the seeds that blocks give (contracts/src/types/Compute.sol)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any, Final

from stab3l.compute.shape import Shape
from stab3l.hashing import keccak256

ATTESTATION_TYPES: Final[Mapping[str, list[dict[str, str]]]] = {
    "Attestation": [
        {"name": "claimId", "type": "uint256"},
        {"name": "provider", "type": "address"},
        {"name": "computeClass", "type": "uint8"},
        {"name": "rows", "type": "uint32"},
        {"name": "depth", "type": "uint32"},
        {"name": "products", "type": "uint32"},
        {"name": "seedBlock", "type": "uint64"},
        {"name": "commitBlock", "type": "uint64"},
        {"name": "seed", "type": "bytes32"},
        {"name": "root", "type": "bytes32"},
        {"name": "sampleSeed", "type": "bytes32"},
        {"name": "operationsPerSecond", "type": "uint256"},
    ]
}
"""EIP-712 type that a verifier signs: every field of a statement, in its order."""

SAMPLE_DELAY_BLOCKS: Final = 2
"""The hash of block b1 + 2 chooses the samples: whoever commits in b1 cannot know it."""


class ComputeClass(IntEnum):
    """The arithmetic that a claim is about."""

    F32 = 0
    F64 = 1
    I8 = 2


class ProofMethod(IntEnum):
    """How a provider proves its compute (source 1, Verification Process, step 1)."""

    NONE = 0
    ZKP = 1
    TEE = 2
    COMMITTEE = 3


@dataclass(frozen=True, slots=True)
class Statement:
    """Computed and stored by ComputeUnitVerifier; nothing in it comes from a caller."""

    claim_id: int
    provider: str
    """Checksummed address."""
    compute_class: int
    rows: int
    depth: int
    products: int
    seed_block: int
    commit_block: int
    seed: bytes
    root: bytes
    sample_seed: bytes
    operations_per_second: int

    @property
    def shape(self) -> Shape:
        """The benchmark's size.

        Raises:
            Invalid: no benchmark has this size.
        """
        return Shape(self.rows, self.depth, self.products)

    def attestation(self) -> dict[str, Any]:
        """The EIP-712 message that a verifier signs."""
        names = (field["name"] for field in ATTESTATION_TYPES["Attestation"])
        return dict(zip(names, asdict(self).values(), strict=True))


def seed_block_after(block: int, delay_blocks: int, epoch_blocks: int) -> int:
    """The seed block b0 of a claim that is opened in ``block``: the first multiple of an epoch after the delay."""
    return -(-(block + delay_blocks) // epoch_blocks) * epoch_blocks


def seed_of(block_hash: bytes, claim_id: int, provider: str, compute_class: int) -> bytes:
    """``keccak256(abi.encode(blockhash(b0), claimId, provider, computeClass))``."""
    address = bytes.fromhex(provider.removeprefix("0x"))
    return keccak256(block_hash + _word(claim_id) + bytes(12) + address + _word(compute_class))


def sample_seed_of(block_hash: bytes, root: bytes) -> bytes:
    """``keccak256(abi.encode(blockhash(b1 + 2), root))``."""
    return keccak256(block_hash + root)


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")
