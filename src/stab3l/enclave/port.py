"""What a provider needs of an enclave (docs/reference/tee.md)."""

from __future__ import annotations

from typing import Protocol


class Enclave(Protocol):
    """A P-256 key that does not leave it, and quotes that say so."""

    key_x: bytes
    key_y: bytes

    def quote(self, report_data: bytes) -> bytes:
        """A DCAP quote that carries 64 bytes of the caller's."""

    def collateral(self, now_s: int) -> str:
        """What the quote's chain, revocations and TCB status are checked with, as JSON; good for some days."""

    def sign(self, digest: bytes) -> bytes:
        """r and s (32 bytes each) over a 32-byte digest, s in the lower half of the curve's order."""
