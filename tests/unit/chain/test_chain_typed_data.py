"""EIP-712 hashing and signature recovery, judged by eth-account."""

from __future__ import annotations

from typing import Any

import pytest
from chain_anvil import RICH_KEY
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from stab3l.chain.signatures import CURVE_ORDER, recover, recover_typed
from stab3l.chain.signer import Signer
from stab3l.chain.typed_data import typed_hash
from stab3l.errors import Invalid, Unauthorised

DOMAIN = {
    "name": "stab3l",
    "version": "1",
    "chainId": 412346,
    "verifyingContract": "0x5FbDB2315678afecb367f032d93F642f64180aa3",
}
WITHDRAWAL = {
    "Withdrawal": [
        {"name": "account", "type": "address"},
        {"name": "asset", "type": "uint32"},
        {"name": "clientId", "type": "uint64"},
        {"name": "expiresAt", "type": "uint64"},
        {"name": "amount", "type": "uint256"},
        {"name": "recipient", "type": "address"},
    ]
}
EVERYTHING = {
    "Leg": [{"name": "note", "type": "string"}, {"name": "delta", "type": "int128"}],
    "Everything": [
        {"name": "legs", "type": "Leg[]"},
        {"name": "first", "type": "Leg"},
        {"name": "numbers", "type": "uint64[]"},
        {"name": "raw", "type": "bytes"},
        {"name": "tag", "type": "bytes32"},
        {"name": "flag", "type": "bool"},
    ],
}


def message(**changes: Any) -> dict[str, Any]:
    owner = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    given = {"account": owner, "asset": 1, "clientId": 2, "expiresAt": 3, "amount": 2**255, "recipient": owner}
    return given | changes


def reference_hash(types: dict[str, Any], content: dict[str, Any]) -> bytes:
    signable = encode_typed_data(DOMAIN, types, content)
    return keccak(b"\x19\x01" + signable.header + signable.body)


addresses = st.binary(min_size=20, max_size=20).map(lambda b: "0x" + b.hex())
legs = st.fixed_dictionaries({"note": st.text(), "delta": st.integers(-(2**127), 2**127 - 1)})


@given(
    st.fixed_dictionaries(
        {
            "account": addresses,
            "asset": st.integers(0, 2**32 - 1),
            "clientId": st.integers(0, 2**64 - 1),
            "expiresAt": st.integers(0, 2**64 - 1),
            "amount": st.integers(0, 2**256 - 1),
            "recipient": addresses,
        }
    )
)
def test_a_flat_struct_hashes_as_the_reference_does(content: dict[str, Any]) -> None:
    assert typed_hash(DOMAIN, WITHDRAWAL, content) == reference_hash(WITHDRAWAL, content)


@given(
    st.fixed_dictionaries(
        {
            "legs": st.lists(legs, max_size=3),
            "first": legs,
            "numbers": st.lists(st.integers(0, 2**64 - 1), max_size=3),
            "raw": st.binary(max_size=70),
            "tag": st.binary(min_size=32, max_size=32),
            "flag": st.booleans(),
        }
    )
)
def test_nested_structs_and_arrays_hash_as_the_reference_does(content: dict[str, Any]) -> None:
    assert typed_hash(DOMAIN, EVERYTHING, content) == reference_hash(EVERYTHING, content)


def test_a_signature_recovers_to_its_signer_and_matches_a_wallets() -> None:
    signer = Signer(RICH_KEY)
    signature = signer.sign_typed(DOMAIN, WITHDRAWAL, message())
    wallet = Account.from_key(RICH_KEY).sign_typed_data(DOMAIN, WITHDRAWAL, message())
    assert signature == bytes(wallet.signature)
    assert recover_typed(DOMAIN, WITHDRAWAL, message(), signature) == signer.address


@pytest.mark.parametrize("changed", [{"amount": 1}, {"clientId": 9}, {"recipient": "0x" + "11" * 20}])
def test_a_changed_message_recovers_to_somebody_else(changed: dict[str, Any]) -> None:
    signer = Signer(RICH_KEY)
    signature = signer.sign_typed(DOMAIN, WITHDRAWAL, message())
    assert recover_typed(DOMAIN, WITHDRAWAL, message(**changed), signature) != signer.address


def test_a_signature_for_another_domain_recovers_to_somebody_else() -> None:
    signer = Signer(RICH_KEY)
    signature = signer.sign_typed(DOMAIN | {"chainId": 138}, WITHDRAWAL, message())
    assert recover_typed(DOMAIN, WITHDRAWAL, message(), signature) != signer.address


def test_the_malleable_twin_of_a_signature_is_refused() -> None:
    signature = Signer(RICH_KEY).sign_hash(bytes(32))
    high_s = CURVE_ORDER - int.from_bytes(signature[32:64], "big")
    twin = signature[:32] + high_s.to_bytes(32, "big") + bytes((55 - signature[64],))
    with pytest.raises(Unauthorised, match="high s"):
        recover(bytes(32), twin)


@pytest.mark.parametrize(
    "signature",
    [b"", bytes(64), bytes(66), bytes(64) + b"\x1b", b"\x01" * 64 + b"\x00", b"\x01" * 64 + b"\x1d", b"\xff" * 65],
)
def test_what_is_no_signature_is_refused(signature: bytes) -> None:
    with pytest.raises(Unauthorised):
        recover(bytes(32), signature)


@pytest.mark.parametrize(
    "changed",
    [
        {"asset": 2**32},
        {"asset": -1},
        {"asset": "1"},
        {"account": "0x00"},
        {"amount": 1.0},
        {"amount": True},
        {"more": 1},
    ],
)
def test_a_message_that_does_not_fit_its_types_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        typed_hash(DOMAIN, WITHDRAWAL, message(**changed))


def test_a_message_that_lacks_a_field_is_refused() -> None:
    content = message(more=1)
    del content["amount"]
    with pytest.raises(Invalid, match="amount"):
        typed_hash(DOMAIN, WITHDRAWAL, content)
