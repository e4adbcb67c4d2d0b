"""Merkle proofs checked here before anything is believed or sent (docs/reference/engine.md, "Hashes"). No I/O."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from stab3l.api.answers import ProofView
from stab3l.errors import Rejected
from stab3l.hashing import keccak256, merkle_root_from


class ProofInvalid(Rejected):
    """A proof that does not prove what it says. ``values``: ``expected``, ``got``."""

    code: ClassVar[str] = "proof_invalid"


class CheckedProof(msgspec.Struct, frozen=True):
    """A proof that was checked: its leaf is made of its fields, and leads to its root.

    Whether ``root`` is the exchange's is for its chain to say: ``Custody.batchOf`` holds the roots.
    """

    view: ProofView
    leaf: bytes
    root: bytes
    index: int
    siblings: tuple[bytes, ...]
    amount: int
    block: int


def balance_leaf(owner: str, account: int, chain_id: int, token: str, amount: int) -> bytes:
    """Leaf of a balance, available and held together [base units]."""
    return _leaf(_bytes(owner), account, chain_id, _bytes(token), amount)


def withdrawal_leaf(index: int, chain_id: int, token: str, owner: str, recipient: str, amount: int) -> bytes:
    """Leaf of a withdrawal [base units]."""
    return _leaf(index, chain_id, _bytes(token), _bytes(owner), _bytes(recipient), amount)


def checked_balance(view: ProofView, owner: str, account: int) -> CheckedProof:
    """A balance's proof, checked. Raises `ProofInvalid`."""
    _same("owner", owner, view.owner)
    return _checked(view, balance_leaf(owner, account, view.chain_id, view.token, int(view.amount)))


def checked_withdrawal(view: ProofView, withdrawal_id: int) -> CheckedProof:
    """A withdrawal's proof, checked. Raises `ProofInvalid`."""
    _same("index", str(withdrawal_id), view.index)
    recipient = view.recipient or view.owner
    leaf = withdrawal_leaf(withdrawal_id, view.chain_id, view.token, view.owner, recipient, int(view.amount))
    return _checked(view, leaf)


def _checked(view: ProofView, leaf: bytes) -> CheckedProof:
    _same("leaf", "0x" + leaf.hex(), view.leaf)
    siblings = tuple(_bytes(one) for one in view.siblings)
    index = int(view.index)
    if index >> len(siblings):
        raise ProofInvalid(f"leaf {index} cannot lie under {len(siblings)} siblings", expected=len(siblings), got=index)
    root = merkle_root_from(leaf, index, siblings)
    _same("root", "0x" + root.hex(), view.root)
    return CheckedProof(view, leaf, root, index, siblings, int(view.amount), int(view.block))


def _same(what: str, expected: str, got: str) -> None:
    if expected.lower() != got.lower():
        raise ProofInvalid(f"the proof's {what} is {got}, not {expected}", expected=expected, got=got)


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise ProofInvalid(f"{text[:48]!r} is not hexadecimal", expected="0x...", got=text[:48]) from None


def _leaf(*values: int | bytes) -> bytes:
    words = (value.to_bytes(32, "big") if isinstance(value, int) else value.rjust(32, b"\0") for value in values)
    return keccak256(keccak256(b"".join(words)))
