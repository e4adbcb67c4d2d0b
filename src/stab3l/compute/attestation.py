"""What passes between a provider and the committee, and the typed message that a member signs."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from stab3l.compute.openings import Openings

DOMAIN_NAME: Final = "stab3l CommitteeProof"
DOMAIN_VERSION: Final = "1"
CLAIM_ID_MAX: Final = 2**63 - 1
PROVIDER_URL_LENGTH_MAX: Final = 256


class AttestationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A provider asks for the signature of its claim. Everything else is read from the chain."""

    claim_id: Annotated[int, msgspec.Meta(ge=1, le=CLAIM_ID_MAX)]
    provider_url: Annotated[str, msgspec.Meta(max_length=PROVIDER_URL_LENGTH_MAX)]
    """Where ``GET claims/{claim}/products/{product}`` gives the outputs."""
    openings: Openings


class Attestation(msgspec.Struct, frozen=True):
    """A member's signature over the statement."""

    signer: str
    signature: bytes
    """65 bytes r, s, v."""


def committee_domain(chain_id: int, committee_proof: str) -> dict[str, Any]:
    """EIP-712 domain of the contract that counts the signatures."""
    return {
        "name": DOMAIN_NAME,
        "version": DOMAIN_VERSION,
        "chainId": chain_id,
        "verifyingContract": committee_proof,
    }
