"""Signed transactions: byte for byte what the reference library makes, and nothing that a chain would refuse."""

from __future__ import annotations

from dataclasses import replace

import coincurve
import pytest
import rlp
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from stab3l.chain.signatures import CURVE_ORDER
from stab3l.chain.signer import Signer
from stab3l.chain.transaction import GAS_MAX, NONCE_MAX, WORD_MAX, Transaction, encoded, sign
from stab3l.errors import Invalid

PLAIN = Transaction(
    chain_id=412346, nonce=0, tip_max=1, price_max=2, gas=21_000, to=bytes(range(20)), value=0, data=b""
)

keys = st.integers(1, CURVE_ORDER - 1).map(lambda secret: secret.to_bytes(32, "big"))
words = st.one_of(st.integers(0, 300), st.integers(0, WORD_MAX))
items = st.recursive(
    st.one_of(words, st.binary(max_size=80)),
    lambda parts: st.lists(parts, max_size=8).map(tuple),
    max_leaves=20,
)


@st.composite
def transactions(draw: st.DrawFn) -> Transaction:
    tip, price = sorted((draw(words), draw(words)))
    return Transaction(
        chain_id=draw(st.integers(1, 2**53)),
        nonce=draw(st.one_of(st.integers(0, 300), st.integers(0, NONCE_MAX))),
        tip_max=tip,
        price_max=price,
        gas=draw(st.integers(0, GAS_MAX)),
        to=draw(st.one_of(st.none(), st.binary(min_size=20, max_size=20))),
        value=draw(words),
        data=draw(st.binary(max_size=70)) * draw(st.sampled_from([1, 1000])),
    )


@given(transactions(), keys)
def test_the_bytes_and_the_hash_are_those_of_the_reference_library(transaction: Transaction, key: bytes) -> None:
    fields = {
        "type": 2,
        "chainId": transaction.chain_id,
        "nonce": transaction.nonce,
        "maxPriorityFeePerGas": transaction.tip_max,
        "maxFeePerGas": transaction.price_max,
        "gas": transaction.gas,
        "value": transaction.value,
        "data": transaction.data,
    } | ({} if transaction.to is None else {"to": transaction.to})
    theirs = Account.sign_transaction(fields, key)
    ours = sign(transaction, coincurve.PrivateKey(key))
    assert (ours.raw, ours.hash) == (bytes(theirs.raw_transaction), bytes(theirs.hash))


@given(transactions(), keys)
def test_the_signer_of_the_bytes_is_the_keys_account(transaction: Transaction, key: bytes) -> None:
    signer = Signer(key)
    raw = signer.sign_transaction(transaction).raw
    assert Account.recover_transaction(raw) == signer.address


@given(items)
def test_every_item_is_encoded_as_the_reference_library_does(item: object) -> None:
    assert encoded(item) == rlp.encode(item)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [0, 1, 55, 56, 255, 256, 65_535, 65_536, 2**24])
def test_the_prefix_is_right_where_its_form_changes(size: int) -> None:
    text = b"\x80" * size
    assert encoded(text) == rlp.encode(text)
    assert encoded((text,)) == rlp.encode([text])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("chain_id", 0),
        ("nonce", -1),
        ("nonce", NONCE_MAX + 1),
        ("tip_max", 3),
        ("tip_max", -1),
        ("price_max", WORD_MAX + 1),
        ("gas", GAS_MAX + 1),
        ("value", -1),
        ("value", WORD_MAX + 1),
        ("value", True),
        ("to", bytes(19)),
        ("to", b""),
    ],
)
def test_a_transaction_that_no_chain_takes_cannot_be_made(field: str, value: object) -> None:
    with pytest.raises(Invalid) as caught:
        replace(PLAIN, **{field: value})  # type: ignore[arg-type]
    assert caught.value.values == {field: value}
