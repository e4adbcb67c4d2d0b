"""Commands of those who look closely: check a claim again, and of the provider who lets them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import anyio.to_thread
import uvloop
from cyclopts import Parameter
from rich.progress import Progress

from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.cli.output import emit, talk
from stab3l.clock import monotonic_s
from stab3l.config import Settings, load_network
from stab3l.verifier.recheck import Artifacts, Committed, Fault, ProviderArtifacts, StoredArtifacts, committed_claim
from stab3l.verifier.recheck import recheck as check_again
from stab3l.verifier.recheck import report as show_fault

Home = Annotated[Path | None, Parameter(help="Folder of the network: network.json, keys, data.")]
Claim = Annotated[int, Parameter(help="Id of the claim.")]


def recheck(
    claim: Claim,
    *,
    home: Home = None,
    manifest: Annotated[
        str | None, Parameter(help="CID of the published manifest; else the provider is asked.")
    ] = None,
    report: Annotated[str | None, Parameter(help="Role whose key shows a fault on chain and earns the bounty.")] = None,
) -> None:
    """Checks every product of a claim again: its place under the committed root, and its content by Freivalds' method.

    Anyone can: all that is needed is the chain and what the provider stored. Exit status 1 when the claim is false.

    Example: `stab3l recheck 1 --home .stab3l/local --report trader`
    """
    settings = Settings()
    found = uvloop.run(_recheck(home or settings.home, claim, manifest, report))
    emit(found)
    if found["fault"] is not None:
        raise SystemExit(1)


async def _recheck(home: Path, claim_id: int, manifest: str | None, role: str | None) -> dict[str, Any]:
    network, begun = load_network(home), monotonic_s()
    async with RpcChain(network.primary) as chain:
        claim = await committed_claim(chain, network.primary, claim_id)
        artifacts = _artifacts(home, network.provider_url, claim_id, manifest)
        fault = await anyio.to_thread.run_sync(_with_progress, claim, artifacts)
        answer: dict[str, Any] = {
            "claim_id": claim_id,
            "provider": claim.provider,
            "products": claim.shape.products,
            "fault": None if fault is None else _plain(fault),
            "seconds": round(monotonic_s() - begun, 2),
        }
        if fault is not None and role is not None:
            bounty, receipt = await show_fault(Sender(chain, Signer.load(home, role)), network.primary, claim_id, fault)
            answer |= {"bounty": str(bounty), "tx": f"0x{receipt.tx_hash.hex()}", "gas": receipt.gas_used}
        return answer


def _artifacts(home: Path, provider_url: str, claim_id: int, manifest: str | None) -> Artifacts:
    if manifest is None:
        return ProviderArtifacts(provider_url, claim_id)
    from stab3l.store.blocks import block_store
    from stab3l.store.cid import Cid

    return StoredArtifacts(block_store(home / "blocks", Settings().ipfs_rpc), Cid.parse(manifest))


def _with_progress(claim: Committed, artifacts: Artifacts) -> Fault | None:
    with Progress(console=talk, transient=True) as progress:
        task = progress.add_task("products", total=claim.shape.products)
        return check_again(claim, artifacts, on_product=lambda _: progress.advance(task))


def _plain(fault: Fault) -> dict[str, int]:
    entry = fault.entry
    return {
        "product": entry.product,
        "row": entry.row,
        "column": entry.column,
        "committed": fault.committed,
        "right": fault.right,
    }


def provider_publish(claim: Claim, *, home: Home = None) -> None:
    """Stores a claim's outputs by content, for anybody to check when the provider is away; prints the manifest's CID.

    Blocks go to `<home>/blocks`, or to the Kubo node that STAB3L_IPFS_RPC names; their CIDs are those of IPFS.

    Example: `stab3l provider publish 1 --home .stab3l/local`
    """
    from stab3l.provider.publishing import publish
    from stab3l.store.blocks import block_store

    settings = Settings()
    folder = home or settings.home
    cid, manifest = publish(folder, claim, block_store(folder / "blocks", settings.ipfs_rpc))
    emit({"claim_id": claim, "manifest": str(cid), "products": list(manifest.products)})
