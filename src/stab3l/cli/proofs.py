"""`stab3l proof ...`: Merkle proofs of balances and withdrawals, made, kept in a file, and checked by anyone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cyclopts import Parameter

from stab3l.cli.asking import Address, ChainId, Home, Json, Role, client_of, say, show_pairs, told
from stab3l.errors import Invalid

if TYPE_CHECKING:
    from stab3l.client.proofs import CheckedProof

Out = Annotated[Path | None, Parameter(help="File to write the proof to.")]
Asset = Annotated[str, Parameter(help="Symbol of the asset.")]


def balance(
    asset: Asset,
    /,
    *,
    out: Out = None,
    chain: ChainId = None,
    role: Role = "trader",
    address: Address = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Proves what an account has in the last sealed block, and checks the proof.

    Example: `stab3l proof balance USDC --chain 412346 --out balance.json --role trader`
    """

    async def work(folder: Path) -> dict[str, Any]:
        async with client_of(folder, None if address else role) as client:
            proof = await client.balance_proof(asset, address=address, chain_id=chain)
            account = (await client.account(proof.view.owner)).account
        return _kept(proof, out, account=account)

    told(home, as_json, work, _show)


def withdrawal(
    withdrawal: Annotated[int, Parameter(help="Id of the withdrawal.")],
    /,
    *,
    out: Out = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Proves a withdrawal in the last sealed block, and checks the proof.

    Example: `stab3l proof withdrawal 12 --out withdrawal.json`
    """

    async def work(folder: Path) -> dict[str, Any]:
        async with client_of(folder) as client:
            return _kept(await client.withdrawal_proof(withdrawal), out)

    told(home, as_json, work, _show)


def verify(
    file: Annotated[Path, Parameter(help="A proof that `stab3l proof balance` or `withdrawal` wrote.")],
    /,
    *,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Checks a proof from a file alone: leaf, path and root; with a network also against the root on its chain.

    The root of a withdrawal stands in `Custody` by itself; that of a balance is part of the batch's state root.

    Example: `stab3l proof verify withdrawal.json --home .stab3l/local --json | jq .on_chain`
    """
    from stab3l.api.answers import ProofView
    from stab3l.client.proofs import checked_balance, checked_withdrawal

    try:
        kept = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
        view = msgspec.convert(
            {key: value for key, value in kept.items() if key in ProofView.__struct_fields__}, ProofView
        )
    except (OSError, msgspec.DecodeError) as error:
        raise Invalid(f"{file} holds no proof: {error}", path=str(file)) from None
    if view.recipient is None:
        if not isinstance(kept.get("account"), int):
            raise Invalid(f"{file} does not say the account number of the balance", path=str(file))
        proof = checked_balance(view, view.owner, kept["account"])
    else:
        proof = checked_withdrawal(view, int(view.index))

    async def work(folder: Path) -> dict[str, Any]:
        batch = await _posted(folder, proof) if view.recipient is not None else None
        return {"ok": True, "root": view.root, "block": view.block, "amount": view.amount, "on_chain": batch}

    told(home, as_json, work, _show)


async def _posted(folder: Path, proof: CheckedProof) -> str | None:
    """The batch on the proof's chain that has its root; None without a network, or while it is not posted."""
    from stab3l.chain.signer import Signer
    from stab3l.client.wallet import AsyncWallet, RootNotPosted
    from stab3l.config import load_network
    from stab3l.errors import NotFound

    try:
        network = load_network(folder)
    except NotFound:
        return None
    async with AsyncWallet(network, Signer(b"\x01" * 32)) as wallet:
        try:
            return str(await wallet.batch_of(proof))
        except RootNotPosted:
            return None


def _kept(proof: CheckedProof, out: Path | None, **more: Any) -> dict[str, Any]:
    document = {**msgspec.structs.asdict(proof.view), **more, "checked": True}
    if out is not None:
        out.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n")
        say(f"written to {out}")
    return document


def _show(document: dict[str, Any]) -> None:
    show_pairs(document.items())
