"""Keystores: opened by wallets, opening those of wallets, and refused field by field when damaged."""

from __future__ import annotations

import json
from typing import Any

import pytest
from eth_account import Account
from eth_keyfile.keyfile import create_keyfile_json, decode_keyfile_json
from hypothesis import given, settings
from hypothesis import strategies as st

from stab3l.chain.keystore import lock, unlock
from stab3l.chain.signatures import CURVE_ORDER
from stab3l.errors import Corrupt, Invalid, Stab3lError, Unauthorised

CHEAP = 2**4
KEY = bytes(range(1, 33))
PASSWORD = b"the password"

keys = st.integers(1, CURVE_ORDER - 1).map(lambda secret: secret.to_bytes(32, "big"))
passwords = st.one_of(st.binary(max_size=100), st.text(max_size=40).map(str.encode))

PBKDF2_VECTOR = """{
  "crypto": {
    "cipher": "aes-128-ctr",
    "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
    "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
    "kdf": "pbkdf2",
    "kdfparams": {
      "c": 262144, "dklen": 32, "prf": "hmac-sha256",
      "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"
    },
    "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"
  },
  "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
  "version": 3
}"""
"""The definition's own test vector."""


def made() -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(lock(KEY, PASSWORD, CHEAP))
    return stored


def with_field(path: str, value: object) -> bytes:
    stored = made()
    *folders, name = path.split(".")
    place = stored
    for folder in folders:
        place = place[folder]
    place[name] = value
    return json.dumps(stored).encode()


def without_field(path: str) -> bytes:
    stored = made()
    *folders, name = path.split(".")
    place = stored
    for folder in folders:
        place = place[folder]
    del place[name]
    return json.dumps(stored).encode()


@given(keys, passwords)
@settings(deadline=None)
def test_the_reference_library_opens_what_was_locked_here(key: bytes, password: bytes) -> None:
    stored = json.loads(lock(key, password, CHEAP))
    assert decode_keyfile_json(stored, password) == key
    assert stored["address"] == Account.from_key(key).address.removeprefix("0x").lower()


@given(keys, passwords, st.sampled_from(["scrypt", "pbkdf2"]))
@settings(deadline=None)
def test_what_the_reference_library_locked_is_opened_here(key: bytes, password: bytes, kdf: Any) -> None:
    stored = create_keyfile_json(key, password, kdf=kdf, iterations=CHEAP)
    assert unlock(json.dumps(stored).encode(), password) == key


@pytest.mark.parametrize("kdf", ["scrypt", "pbkdf2"])
def test_a_wallets_keystore_is_opened(kdf: Any) -> None:
    stored = Account.encrypt(KEY, PASSWORD.decode(), kdf=kdf, iterations=CHEAP)
    assert unlock(json.dumps(stored).encode(), PASSWORD) == KEY


def test_the_definitions_test_vector_is_opened() -> None:
    key = unlock(PBKDF2_VECTOR.encode(), b"testpassword")
    assert key.hex() == "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d"


@given(keys, passwords, passwords)
@settings(deadline=None)
def test_another_password_opens_nothing(key: bytes, password: bytes, other: bytes) -> None:
    stored = lock(key, password, CHEAP)
    # HMAC fills a short password up with zeros: these are one and the same to every keystore.
    if other.rstrip(b"\0") != password.rstrip(b"\0"):
        with pytest.raises(Unauthorised):
            unlock(stored, other)


def test_two_keystores_of_one_key_share_nothing_secret() -> None:
    first, second = made()["crypto"], made()["crypto"]
    assert first["kdfparams"]["salt"] != second["kdfparams"]["salt"]
    assert first["cipherparams"]["iv"] != second["cipherparams"]["iv"]
    assert first["ciphertext"] != second["ciphertext"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("version", 4),
        ("version", "3"),
        ("id", "none"),
        ("address", "00"),
        ("crypto.cipher", "aes-128-cbc"),
        ("crypto.cipherparams.iv", "00" * 15),
        ("crypto.cipherparams.iv", "00" * 16 + "\n"),
        ("crypto.ciphertext", "00" * 31),
        ("crypto.ciphertext", "zz" * 32),
        ("crypto.mac", ""),
        ("crypto.kdf", "argon2"),
        ("crypto.kdf", "pbkdf2"),
        ("crypto.kdfparams", []),
        ("crypto.kdfparams.dklen", 16),
        ("crypto.kdfparams.salt", "0"),
        ("crypto.kdfparams.salt", "00" * 65),
        ("crypto.kdfparams.n", 0),
        ("crypto.kdfparams.n", 1),
        ("crypto.kdfparams.n", 3),
        ("crypto.kdfparams.n", 2**23),
        ("crypto.kdfparams.n", 2**60),
        ("crypto.kdfparams.n", "16"),
        ("crypto.kdfparams.r", 0),
        ("crypto.kdfparams.p", 17),
    ],
)
def test_a_field_that_is_out_of_its_range_is_named_before_it_is_used(path: str, value: object) -> None:
    with pytest.raises(Corrupt):
        unlock(with_field(path, value), PASSWORD)


@pytest.mark.parametrize(
    "path",
    "version id crypto crypto.cipher crypto.cipherparams crypto.cipherparams.iv crypto.ciphertext crypto.kdf "
    "crypto.kdfparams crypto.kdfparams.n crypto.kdfparams.r crypto.kdfparams.p crypto.kdfparams.dklen "
    "crypto.kdfparams.salt crypto.mac".split(),
)
def test_a_missing_field_makes_it_no_keystore(path: str) -> None:
    with pytest.raises(Corrupt):
        unlock(without_field(path), PASSWORD)


@pytest.mark.parametrize("terms", [{"c": 0}, {"c": 10**9}, {"prf": "hmac-sha1"}, {"dklen": 64}])
def test_rounds_without_bound_are_not_run(terms: dict[str, object]) -> None:
    stored = create_keyfile_json(KEY, PASSWORD, kdf="pbkdf2", iterations=1)
    stored["crypto"]["kdfparams"] |= terms
    with pytest.raises(Corrupt):
        unlock(json.dumps(stored).encode(), PASSWORD)


@pytest.mark.parametrize("path", ["address", "crypto.cipherparams.iv"])
def test_a_key_that_is_not_the_addresses_is_not_handed_out(path: str) -> None:
    with pytest.raises(Corrupt, match="not the key of its address"):
        unlock(with_field(path, "11" * (20 if path == "address" else 16)), PASSWORD)


@pytest.mark.parametrize("path", ["crypto.ciphertext", "crypto.mac"])
def test_changed_secrets_do_not_pass_the_authentication(path: str) -> None:
    with pytest.raises(Unauthorised):
        unlock(with_field(path, "11" * 32), PASSWORD)


def test_a_keystore_without_an_address_is_opened() -> None:
    assert unlock(without_field("address"), PASSWORD) == KEY


def test_an_address_may_be_written_as_wallets_write_it() -> None:
    assert unlock(with_field("address", Account.from_key(KEY).address), PASSWORD) == KEY


@given(st.binary(max_size=200))
def test_no_bytes_end_in_anything_but_a_typed_error(content: bytes) -> None:
    with pytest.raises(Stab3lError):
        unlock(content, PASSWORD)


@pytest.mark.parametrize("key", [b"", bytes(32), b"\xff" * 32, bytes(33), b"\x01" * 31])
def test_what_is_no_key_is_not_locked(key: bytes) -> None:
    with pytest.raises(Invalid):
        lock(key, PASSWORD, CHEAP)


@pytest.mark.parametrize("work_factor", [-4, 0, 1, 3, 2**40])
def test_what_is_no_work_factor_is_refused(work_factor: int) -> None:
    with pytest.raises(Invalid):
        lock(KEY, PASSWORD, work_factor)
