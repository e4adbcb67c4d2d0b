"""A private key locked with a password: Web3 Secret Storage, version 3 (ethereum.org, Web3 Secret Storage Definition).

Keystores made elsewhere are opened too, with scrypt (RFC 7914) or PBKDF2 (RFC 8018). Every field is checked before
any of them is used: a keystore cannot ask for more memory or more rounds than the limits below.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from typing import Annotated, Final, Literal

import coincurve
import msgspec
from Crypto.Cipher import AES
from msgspec import Meta

from stab3l.errors import Corrupt, Invalid, Unauthorised
from stab3l.hashing import keccak256

KEY_BYTES: Final = 32
DERIVED_BYTES: Final = 32
"""The first half encrypts, the second half authenticates."""
IV_BYTES: Final = 16
SALT_BYTES: Final = 32
SCRYPT_BLOCK_SIZE: Final = 8
SCRYPT_MEMORY_BYTES_MAX: Final = 1 << 30
PBKDF2_ROUNDS_MAX: Final = 10_000_000

Digits = Annotated[str, Meta(pattern=r"\A([0-9a-fA-F]{2}){0,64}\Z")]
Digits16 = Annotated[str, Meta(pattern=r"\A[0-9a-fA-F]{32}\Z")]
Digits32 = Annotated[str, Meta(pattern=r"\A[0-9a-fA-F]{64}\Z")]
Address = Annotated[str, Meta(pattern=r"\A(0x)?[0-9a-fA-F]{40}\Z")]


class ScryptTerms(msgspec.Struct, frozen=True, kw_only=True):
    """``kdfparams`` of scrypt: n is the work factor, r the block size, p the parallelisation."""

    n: Annotated[int, Meta(ge=2, le=1 << 24)]
    r: Annotated[int, Meta(ge=1, le=32)]
    p: Annotated[int, Meta(ge=1, le=16)]
    dklen: Literal[32]
    salt: Digits

    def derive(self, password: bytes) -> bytes:
        """The 32 bytes that the password stands for. Raises ``Corrupt`` for terms that scrypt or the limit forbids."""
        memory = 128 * self.r * (self.n + self.p + 2)
        if self.n & (self.n - 1) or self.n.bit_length() > 16 * self.r or memory > SCRYPT_MEMORY_BYTES_MAX:
            raise Corrupt(f"scrypt cannot be run with n {self.n}, r {self.r}, p {self.p}", n=self.n, r=self.r, p=self.p)
        salt = bytes.fromhex(self.salt)
        return hashlib.scrypt(password, salt=salt, n=self.n, r=self.r, p=self.p, maxmem=memory, dklen=DERIVED_BYTES)


class Pbkdf2Terms(msgspec.Struct, frozen=True, kw_only=True):
    """``kdfparams`` of PBKDF2: c is the number of rounds."""

    c: Annotated[int, Meta(ge=1, le=PBKDF2_ROUNDS_MAX)]
    prf: Literal["hmac-sha256"]
    dklen: Literal[32]
    salt: Digits

    def derive(self, password: bytes) -> bytes:
        """The 32 bytes that the password stands for."""
        return hashlib.pbkdf2_hmac("sha256", password, bytes.fromhex(self.salt), self.c, DERIVED_BYTES)


TERMS: Final[dict[str, type[ScryptTerms] | type[Pbkdf2Terms]]] = {"scrypt": ScryptTerms, "pbkdf2": Pbkdf2Terms}


class CipherTerms(msgspec.Struct, frozen=True, kw_only=True):
    """``cipherparams``: the counter's first value."""

    iv: Digits16


class Locked(msgspec.Struct, frozen=True, kw_only=True):
    """``crypto``: the encrypted key and how to come to it."""

    cipher: Literal["aes-128-ctr"]
    cipherparams: CipherTerms
    ciphertext: Digits32
    kdf: Literal["scrypt", "pbkdf2"]
    kdfparams: msgspec.Raw
    mac: Digits32


class Keystore(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The whole file. What it holds beyond these fields is left alone."""

    address: Address | None = None
    crypto: Locked
    id: uuid.UUID
    version: Literal[3]


def lock(key: bytes, password: bytes, work_factor: int) -> bytes:
    """The keystore's JSON for a secp256k1 key. ``work_factor`` is scrypt's n, a power of two.

    Raises:
        Invalid: the key or the work factor is none.
    """
    address = _address(key)
    if address is None:
        raise Invalid("this is no secp256k1 key")
    terms = ScryptTerms(
        n=work_factor, r=SCRYPT_BLOCK_SIZE, p=1, dklen=DERIVED_BYTES, salt=secrets.token_hex(SALT_BYTES)
    )
    try:
        derived = terms.derive(password)
    except (Corrupt, ValueError):
        raise Invalid(f"{work_factor} is no work factor of scrypt", work_factor=work_factor) from None
    iv = secrets.token_bytes(IV_BYTES)
    ciphertext = _crypt(derived, iv, key)
    locked = Locked(
        cipher="aes-128-ctr",
        cipherparams=CipherTerms(iv=iv.hex()),
        ciphertext=ciphertext.hex(),
        kdf="scrypt",
        kdfparams=msgspec.Raw(msgspec.json.encode(terms)),
        mac=_mac(derived, ciphertext).hex(),
    )
    return msgspec.json.encode(Keystore(address=address.hex(), crypto=locked, id=uuid.uuid4(), version=3))


def unlock(stored: bytes, password: bytes) -> bytes:
    """The key in a keystore's JSON.

    Raises:
        Corrupt: this is no keystore of version 3, or what it holds is not the key of its address.
        Unauthorised: the password does not open it.
    """
    try:
        keystore = msgspec.json.decode(stored, type=Keystore)
        terms = msgspec.json.decode(keystore.crypto.kdfparams, type=TERMS[keystore.crypto.kdf])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Corrupt(f"this is no keystore: {error}") from None
    derived = terms.derive(password)
    ciphertext = bytes.fromhex(keystore.crypto.ciphertext)
    if not hmac.compare_digest(_mac(derived, ciphertext), bytes.fromhex(keystore.crypto.mac)):
        raise Unauthorised("the password does not open this keystore")
    key = _crypt(derived, bytes.fromhex(keystore.crypto.cipherparams.iv), ciphertext)
    # The MAC does not cover the counter's first value: only the address tells a damaged one.
    address = _address(key)
    if address is None or address != bytes.fromhex((keystore.address or address.hex()).removeprefix("0x")):
        raise Corrupt("what this keystore holds is not the key of its address", address=keystore.address)
    return key


def _address(key: bytes) -> bytes | None:
    """The 20 bytes of a key's account; None for what is no key of the curve."""
    try:
        public = coincurve.PrivateKey(key).public_key if len(key) == KEY_BYTES else None
    except ValueError:
        return None
    return None if public is None else keccak256(public.format(compressed=False)[1:])[12:]


def _crypt(derived: bytes, iv: bytes, text: bytes) -> bytes:
    """AES-128 in counter mode, which is its own inverse."""
    return AES.new(derived[:16], AES.MODE_CTR, nonce=b"", initial_value=iv).encrypt(text)


def _mac(derived: bytes, ciphertext: bytes) -> bytes:
    return keccak256(derived[16:] + ciphertext)
