"""Puts a claim's outputs into a content-addressed store, where they outlive the provider."""

from __future__ import annotations

from pathlib import Path

import msgspec

from stab3l.compute.manifest import Manifest
from stab3l.errors import NotFound
from stab3l.provider.outputs import claim_outputs
from stab3l.store.blocks import Blocks, keep_file
from stab3l.store.cid import Cid, add_file


def publish(home: Path, claim_id: int, store: Blocks) -> tuple[Cid, Manifest]:
    """The manifest's CID and the manifest, once every block is stored.

    Raises:
        NotFound: the claim's outputs are not here.
        Unavailable: the store does not take them.
    """
    outputs = claim_outputs(home, claim_id)
    complete = outputs.complete()
    if complete is None:
        raise NotFound(f"the outputs of claim {claim_id} are not here", claim_id=claim_id)
    names = [str(keep_file(store, outputs.product_path(product))) for product in range(complete.shape.products)]
    manifest = Manifest(complete.roots, tuple(names))
    return add_file([msgspec.json.encode(manifest)], store.put), manifest
