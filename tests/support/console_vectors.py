"""What the console's own encoders are judged by: messages, signatures and trees as the Python package computes them.

``python tests/support/console_vectors.py`` writes ``web/tests/vectors/signing.json`` anew.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from stab3l.api.leaves import balance_leaf
from stab3l.api.signed import (
    AmendRequest,
    CancelAllRequest,
    CancelRequest,
    PlaceRequest,
    ScheduleCancelRequest,
    TypedMessage,
    WithdrawalRequest,
    amend_message,
    cancel_all_message,
    cancel_message,
    order_message,
    schedule_cancel_message,
    withdrawal_message,
)
from stab3l.audit.reference_trees import abi_words, merkle_proof, merkle_root
from stab3l.chain.address import checksum
from stab3l.chain.signer import Signer
from stab3l.chain.typed_data import typed_hash
from stab3l.hashing import keccak256

VECTORS = Path(__file__).parents[2] / "web" / "tests" / "vectors" / "signing.json"
KEY = bytes([7]) * 32
DOMAIN = {"name": "stab3l", "version": "1", "chainId": 412_346, "verifyingContract": checksum(bytes([0xC5]) * 20)}
U64_MAX = str(2**64 - 1)
TOKEN = bytes([0xAB]) * 20


def vectors() -> dict[str, Any]:
    """All of it, as JSON holds it: integers beyond 53 bits as text."""
    signer = Signer(KEY)
    return {
        "key": "0x" + KEY.hex(),
        "domain": DOMAIN,
        "messages": [_message(signer, message) for message in _messages(signer.address)],
        "proof": _proof(bytes.fromhex(signer.address[2:])),
    }


def _messages(account: str) -> list[TypedMessage]:
    common = {"account": account, "client_id": U64_MAX, "expires_at": "1800000000000000001"}
    place = PlaceRequest(
        market="sSTB-USDC",
        side="sell",
        price="0.0605",
        quantity="12.5",
        type="stop_limit",
        time_in_force="gtd",
        reduce_only=True,
        self_trade="decrement",
        label=65_535,
        good_till="1800000000000000002",
        trigger_price="0.06",
        **common,
    )
    until = {"account": account, "expires_at": "1800000000000000001"}
    amend = AmendRequest(market="sSTB-USDC", order_id=U64_MAX, price="0.06", quantity="1", **common)
    withdrawal = WithdrawalRequest(asset=3, amount=str(2**127), recipient=checksum(TOKEN), **common)
    return [
        order_message(place, market=4, ticks=6_050, lots=125, trigger_ticks=6_000),
        amend_message(amend, ticks=6_000, lots=10),
        cancel_message(CancelRequest(order_id=U64_MAX, **until)),
        cancel_all_message(CancelAllRequest(side="both", **until)),
        schedule_cancel_message(ScheduleCancelRequest(at="1800000000000000009", **common)),
        withdrawal_message(withdrawal),
    ]


def _message(signer: Signer, message: TypedMessage) -> dict[str, Any]:
    values = {
        name: checksum(value) if isinstance(value, bytes) else str(value) for name, value in message.values.items()
    }
    return {
        "name": next(iter(message.types)),
        "values": values,
        "digest": "0x" + typed_hash(DOMAIN, message.types, message.values).hex(),
        "signature": "0x" + signer.sign_typed(DOMAIN, message.types, message.values).hex(),
    }


def _proof(owner: bytes) -> dict[str, Any]:
    amount, account, index = 10**24 + 1, 5, 2
    leaf = balance_leaf(owner, account, 412_346, TOKEN, amount)
    leaves = [keccak256(bytes([n])) for n in range(5)]
    leaves[index] = leaf
    root, other = merkle_root(leaves), keccak256(b"withdrawals")
    counts = (len(leaves), 7, 0)
    roots = (root, other, bytes(32))
    words = [word for pair in zip(roots, counts, strict=True) for word in pair]
    names = ("balances", "withdrawals", "positions")
    state = {f"{name}Root": "0x" + value.hex() for name, value in zip(names, roots, strict=True)}
    state |= {f"{name}Count": str(count) for name, count in zip(names, counts, strict=True)}
    return {
        "balance": {
            "owner": checksum(owner),
            "account": account,
            "chainId": 412_346,
            "token": checksum(TOKEN),
            "amount": str(amount),
        },
        "leaf": "0x" + leaf.hex(),
        "index": str(index),
        "siblings": ["0x" + sibling.hex() for sibling in merkle_proof(leaves, index)],
        "root": "0x" + root.hex(),
        "state": state,
        "stateRoot": "0x" + keccak256(abi_words(*words)).hex(),
    }


if __name__ == "__main__":
    VECTORS.write_text(json.dumps(vectors(), indent=2) + "\n")
    sys.exit(0)
