"""An enclave of software under the project's test root, and the guard that keeps both on local chains."""

from __future__ import annotations

import hashlib
import os
import secrets
import struct
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from stab3l.chain.errors import NotLocal
from stab3l.chain.local import require_local
from stab3l.chain.rpc import RpcChain
from stab3l.enclave import local_root
from stab3l.hashing import keccak256

LOCAL_CHAIN_IDS: Final = frozenset({412_346, 138, 651_940, 31_337})
"""The twin of contracts/src/libraries/LocalChains.sol."""

_SECRET_BYTES: Final = 32
_QE_VENDOR: Final = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
_CODE: Final = keccak256(b"stab3l software enclave")
_PEM_CHAIN: Final = 5
_QE_DATA: Final = bytes(32)
_INITIALISED_64_BIT: Final = 5


async def require_test_root_allowed(chain: RpcChain) -> None:
    """Passes only for an anvil on this machine that has a local chain's id.

    Raises:
        NotLocal: the test root would be believed where value may depend on it.
        ChainUnavailable: nothing answers.
    """
    chain_id = chain.config.chain_id
    if chain_id not in LOCAL_CHAIN_IDS:
        raise NotLocal(f"chain {chain_id} is public: the test root is for local chains", url="", client="")
    await require_local(chain)


def root_certificate() -> bytes:
    """DER of the test root."""
    return local_root.root().certificate.public_bytes(Encoding.DER)


class SoftwareEnclave:
    """Signs as an enclave does, in this process: it proves nothing about the machine that it runs on."""

    def __init__(self, secret: bytes) -> None:
        self._key = local_root.key_of(secret + b": result")
        self._attestation_key = local_root.key_of(secret + b": attestation")
        platform_key = local_root.key_of(secret + b": platform")
        self._platform = local_root.platform(platform_key, keccak256(secret + b": chip")[:16])
        self.key_x, self.key_y = local_root.public_point(self._key)

    @classmethod
    def open(cls, home: Path) -> Self:
        """The one of this home, made at first use: the same key and chip ever after."""
        path = home / "enclave" / "secret"
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = path.with_name(".secret.draft")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(secrets.token_bytes(_SECRET_BYTES))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        return cls(path.read_bytes())

    def quote(self, report_data: bytes) -> bytes:
        """An SGX quote, version 3, with ECDSA over P-256."""
        signed = _header() + _report(_CODE, local_root.QE_SIGNER, report_data)
        attestation = b"".join(local_root.public_point(self._attestation_key))
        bound = hashlib.sha256(attestation + _QE_DATA).digest().ljust(64, b"\0")
        quoting_enclave = _report(keccak256(b"stab3l test quoting enclave's code"), local_root.QE_SIGNER, bound)
        chain = (self._platform.pem + local_root.platform_authority().pem + local_root.root().pem).encode()
        body = (
            local_root.raw_signature(self._attestation_key, signed)
            + attestation
            + quoting_enclave
            + local_root.raw_signature(self._platform.key, quoting_enclave)
            + struct.pack("<H", len(_QE_DATA))
            + _QE_DATA
            + struct.pack("<HI", _PEM_CHAIN, len(chain))
            + chain
        )
        return signed + struct.pack("<I", len(body)) + body

    def collateral(self, now_s: int) -> str:
        """Issued by the test root."""
        return local_root.collateral(now_s)

    def sign(self, digest: bytes) -> bytes:
        """As `Enclave.sign`."""
        algorithm = ec.ECDSA(Prehashed(hashes.SHA256()), deterministic_signing=True)
        r, s = decode_dss_signature(self._key.sign(digest, algorithm))
        low = min(s, local_root.ORDER - s)
        return r.to_bytes(32, "big") + low.to_bytes(32, "big")


def _header() -> bytes:
    """Version 3, ECDSA P-256, SGX."""
    return struct.pack("<HHIHH", 3, 2, 0, local_root.SVN, local_root.SVN) + _QE_VENDOR + bytes(20)


def _report(code: bytes, signer: bytes, report_data: bytes) -> bytes:
    return (
        bytes([local_root.SVN]) * 16
        + bytes(4 + 28)
        + struct.pack("<QQ", _INITIALISED_64_BIT, 0)
        + code
        + bytes(32)
        + signer
        + bytes(96)
        + struct.pack("<HH", 1, local_root.SVN)
        + bytes(60)
        + report_data
    )
