"""What a provider publishes of a claim, so that anybody can check all of it (docs/reference/recheck.md)."""

from __future__ import annotations

import msgspec


class Manifest(msgspec.Struct, frozen=True):
    """The products of a claim: their roots, and, where they are stored by content, their CIDs."""

    roots: tuple[bytes, ...]
    products: tuple[str, ...] = ()
