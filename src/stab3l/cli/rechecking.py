"""Commands of those who look closely: check a claim again, and of the provider who lets them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import anyio.to_thread
import uvloop
from cyclopts import Parameter
from rich import box
from rich.progress import Progress
from rich.table import Table

from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.cli.output import emit, talk
from stab3l.clock import monotonic_s
from stab3l.compute.statement import ComputeClass, ProofMethod
from stab3l.config import Settings, load_network
from stab3l.units import WAD
from stab3l.verifier.recheck import Artifacts, Committed, Fault, ProviderArtifacts, StoredArtifacts, committed_claim
from stab3l.verifier.recheck import recheck as check_again
from stab3l.verifier.recheck import report as show_fault
from stab3l.watch.backing import Backing, Board, board

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
    talk.print(_verdict(found), style="green" if found["fault"] is None else "red", markup=False)
    if found["fault"] is not None:
        raise SystemExit(1)


def _verdict(found: dict[str, Any]) -> str:
    claim, fault = found["claim_id"], found["fault"]
    if fault is None:
        return f"claim {claim}: {found['products']} products checked in {found['seconds']} s, all right"
    where = f"row {fault['row']}, column {fault['column']} of product {fault['product']}"
    said = f"claim {claim} is FALSE: {where} is {fault['right']}, not {fault['committed']}"
    return said if "bounty" in found else said + "; show it for the bounty with --report ROLE"


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


def dispute(
    order: Annotated[int, Parameter(help="Id of the delivered order.")],
    *,
    role: Annotated[str, Parameter(help="The buyer, whose key under <home>/keys signs.")] = "buyer",
    home: Home = None,
) -> None:
    """Says that a delivery is wrong and stakes the bond for it; `stab3l judge` then asks the committee.

    The bond comes back, with the compensation, if the committee agrees, and goes to the provider if not.

    Example: `stab3l job dispute 3 --role buyer --home .stab3l/local`
    """
    found = uvloop.run(_dispute(home or Settings().home, order, role))
    emit(found)
    talk.print(f"order {order} is disputed; stab3l judge {order} --role {role} asks the committee", markup=False)


async def _dispute(home: Path, order: int, role: str) -> dict[str, Any]:
    from stab3l.client.disputes import dispute as send_dispute

    network = load_network(home)
    async with RpcChain(network.primary) as chain:
        bond, receipt = await send_dispute(network, chain, Sender(chain, Signer.load(home, role)), order)
    return {"order": order, "bond": str(bond), "tx": f"0x{receipt.tx_hash.hex()}", "gas": receipt.gas_used}


def judge(
    order: Annotated[int, Parameter(help="Id of the disputed order.")],
    *,
    role: Annotated[str, Parameter(help="Whose key under <home>/keys sends the verdict.")],
    job: Annotated[Path | None, Parameter(help="The job's document, when the provider no longer gives it.")] = None,
    home: Home = None,
) -> None:
    """Takes a disputed delivery to the committee, whose members run the job again, and brings their verdict on chain.

    Example: `stab3l judge 3 --role buyer --home .stab3l/local`
    """
    settings = Settings()
    document = job.read_bytes() if job else None
    found = uvloop.run(_judge(home or settings.home, order, role, document))
    emit(found)
    outcome = "right: the provider is paid" if found["delivered"] else "wrong: the buyer is compensated"
    talk.print(f"order {order}: the committee finds the delivery {outcome}", markup=False)


async def _judge(home: Path, order: int, role: str, job: bytes | None) -> dict[str, Any]:
    from stab3l.client.disputes import bring_to_judgement

    network = load_network(home)
    async with RpcChain(network.primary) as chain:
        sender = Sender(chain, Signer.load(home, role))
        delivered, receipt = await bring_to_judgement(network, chain, sender, order, job)
    return {"order": order, "delivered": delivered, "tx": f"0x{receipt.tx_hash.hex()}", "gas": receipt.gas_used}


def backing(
    *, home: Home = None, json: Annotated[bool, Parameter(help="Print one JSON object on stdout.", negative="")] = False
) -> None:
    """Shows what stands behind outstanding sSTB: each provider's proven capacity x time against what it owes.

    Example: `stab3l backing --home .stab3l/local --json`
    """
    found = uvloop.run(_board(home or Settings().home))
    if json:
        emit(found.as_dict())
    else:
        talk.print(_board_table(found))


async def _board(home: Path) -> Board:
    network = load_network(home)
    async with RpcChain(network.primary) as chain:
        return await board(chain, network.primary)


def _board_table(found: Board) -> Table:
    owed = sum(each.outstanding for each in found.providers)
    title = f"sSTB supply {_cu(found.supply)}, owed {_cu(owed)} at block {found.block}; amounts in CU"
    table = Table(
        title=title,
        caption=_summons_line(found),
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("provider", no_wrap=True)
    table.add_column("proof", no_wrap=True)
    for name in ("owed", "can do", "covered", "spare", "credit", "left"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in found.providers:
        idle = each.outstanding == 0 and each.verified_at == 0
        table.add_row(
            f"{each.provider[:6]}…{each.provider[-4:]}",
            f"{ProofMethod(each.method).name.lower()} {ComputeClass(each.compute_class).name.lower()}",
            _cu(each.outstanding),
            _cu(each.deliverable),
            "seized" if each.liquidation else f"{each.covered_bps // 100} %",
            _cu(each.spare),
            f"{each.credit_bps / 10_000:.2f}" if each.verified_at else "none",
            f"{max(each.promised_until - found.time, 0) // 86_400} d",
            style="dim" if idle else "red" if each.liquidation else _colour(each),
        )
    return table


def _colour(each: Backing) -> str | None:
    return "yellow" if each.deliverable < each.outstanding else None


def _summons_line(found: Board) -> str | None:
    if not found.providers:
        return "nobody has registered yet: stab3l provider onboard"
    if found.summons is None:
        return None
    left = found.summons.answer_until - found.time
    when = f"answers for another {left} s" if left > 0 else f"closed {_ago(-left)}"
    return f"last summons: epoch {found.summons.epoch}, seeded in block {found.summons.seed_block}, {when}"


def _ago(seconds: int) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return "just now"


def _cu(amount: int) -> str:
    return f"{amount // WAD:,}.{amount % WAD // 10**16:02d}"


def provider_benchmark(
    *,
    rows: Annotated[int, Parameter(help="N of the product.")] = 4096,
    depth: Annotated[int, Parameter(help="K of the product.")] = 4096,
    compute_class: Annotated[str, Parameter(help="f32, f64 or i8.")] = "f32",
    json: Annotated[bool, Parameter(help="Print one JSON object on stdout.", negative="")] = False,
) -> None:
    """Runs one product of the standard benchmark here: rate, CU a day, and where the time goes. Touches no chain.

    Example: `stab3l provider benchmark --json | jq '{operations_per_second, cu_per_day, hashing_share}'`
    """
    from stab3l.provider.trial import trial

    with Progress(console=talk, transient=True) as progress:
        task = progress.add_task("rows", total=rows)
        found = trial(rows, depth, compute_class, monotonic_s, lambda done: progress.update(task, completed=done))
    if json:
        emit(found.as_dict())
        return
    for name, value in found.as_dict().items():
        talk.print(f"{name:24} {value}", markup=False)
