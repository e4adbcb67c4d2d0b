"""Leaves of the exchange's trees, as Custody computes them (docs/reference/engine.md, Hashes)."""

from __future__ import annotations

from stab3l.api.exchange import Withdrawal
from stab3l.hashing import keccak256


def balance_leaf(owner: bytes, account: int, chain_id: int, token: bytes, amount: int) -> bytes:
    """Leaf of a balance (available and held together)."""
    return _leaf(owner, account, chain_id, token, amount)


def withdrawal_leaf(made: Withdrawal) -> bytes:
    """Leaf of a withdrawal."""
    return _leaf(made.id, made.chain_id, made.token, made.owner, made.recipient, made.amount)


def _leaf(*values: int | bytes) -> bytes:
    """``keccak(keccak(abi.encode(values)))``: hashed twice, so that no leaf can pass for a node."""
    words = (value.to_bytes(32, "big") if isinstance(value, int) else value.rjust(32, b"\0") for value in values)
    return keccak256(keccak256(b"".join(words)))
