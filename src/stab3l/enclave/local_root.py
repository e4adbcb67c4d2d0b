"""The project's TEST ROOT: a stand-in for Intel's certificate authority whose keys everybody can derive.

It certifies software, so it proves nothing about any chip. Verifiers accept it on local chains only
(``stab3l.enclave.local``). Documents have the formats of Intel's PCS, version 4 of its API, so that the same code reads
them that reads real ones.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from stab3l.hashing import keccak256

PUBLISHED_SEED: Final = b"stab3l test root: everybody can sign with it"
ROOT_NAME: Final = "stab3l TEST ROOT (no enclave, local chains only)"
CURVE: Final = ec.SECP256R1()
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

BEGINS: Final = datetime(2024, 1, 1, tzinfo=UTC)
ENDS: Final = datetime(2049, 12, 31, tzinfo=UTC)
COLLATERAL_DAYS: Final = 30

FMSPC: Final = bytes.fromhex("00906ed50000")
PCE_ID: Final = bytes(2)
QE_SIGNER: Final = keccak256(b"stab3l test quoting enclave")
SVN: Final = 1
_COMPONENTS: Final = 16
_SGX_OID: Final = (1, 2, 840, 113741, 1, 13, 1)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate and the key that signs under it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        """For a chain of certificates."""
        return self.certificate.public_bytes(Encoding.PEM).decode()


def key_of(secret: bytes) -> ec.EllipticCurvePrivateKey:
    """The P-256 key that follows from a secret."""
    return ec.derive_private_key(int.from_bytes(keccak256(secret), "big") % (ORDER - 1) + 1, CURVE)


def raw_signature(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """r and s of ECDSA with SHA-256, 32 bytes each."""
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@cache
def root() -> Authority:
    """The same for everybody."""
    return _issued(ROOT_NAME, _published(b"root"), None, path_length=1)


@cache
def platform_authority() -> Authority:
    """Signs the certificates of platforms."""
    return _issued("stab3l test PCK Processor CA", _published(b"platforms"), root(), path_length=0)


@cache
def tcb_authority() -> Authority:
    """Signs what is known of platforms and of the quoting enclave."""
    return _issued("stab3l test TCB Signing", _published(b"tcb"), root(), path_length=None)


def platform(key: ec.EllipticCurvePrivateKey, chip: bytes) -> Authority:
    """The certificate of one platform; ``chip``: its id of 16 bytes."""
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(".".join(map(str, _SGX_OID))), _platform_facts(chip))
    return _issued("stab3l test PCK Certificate", key, platform_authority(), path_length=None, extension=extension)


def collateral(now_s: int) -> str:
    """All that a quote under this root is checked with, issued at ``now_s`` [unix seconds]."""
    begins = datetime.fromtimestamp(now_s, UTC) - timedelta(hours=1)
    ends = begins + timedelta(days=COLLATERAL_DAYS)
    tcb, identity = _tcb_info(begins, ends), _qe_identity(begins, ends)
    signer = tcb_authority()
    chain = signer.pem + root().pem
    return json.dumps(
        {
            "pck_crl_issuer_chain": platform_authority().pem + root().pem,
            "root_ca_crl": _revocations(root(), begins, ends).hex(),
            "pck_crl": _revocations(platform_authority(), begins, ends).hex(),
            "tcb_info_issuer_chain": chain,
            "tcb_info": tcb,
            "tcb_info_signature": raw_signature(signer.key, tcb.encode()).hex(),
            "qe_identity_issuer_chain": chain,
            "qe_identity": identity,
            "qe_identity_signature": raw_signature(signer.key, identity.encode()).hex(),
        }
    )


def _published(name: bytes) -> ec.EllipticCurvePrivateKey:
    return key_of(PUBLISHED_SEED + b": " + name)


def _issued(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    by: Authority | None,
    *,
    path_length: int | None,
    extension: x509.ExtensionType | None = None,
) -> Authority:
    """A certificate of ``key``; an authority's where there is a path length."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer_key = key if by is None else by.key
    is_authority = path_length is not None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if by is None else by.certificate.subject)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(keccak256(name.encode() + _point(key))[:16], "big") >> 1)
        .not_valid_before(BEGINS)
        .not_valid_after(ENDS)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_usage(is_authority), critical=True)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=path_length), critical=True)
    )
    if extension is not None:
        builder = builder.add_extension(extension, critical=False)
    return Authority(builder.sign(issuer_key, hashes.SHA256(), ecdsa_deterministic=True), key)


def _usage(is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=not is_authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _revocations(by: Authority, begins: datetime, ends: datetime) -> bytes:
    """An empty list."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(by.certificate.subject)
        .last_update(begins)
        .next_update(ends)
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), critical=False)
    )
    return builder.sign(by.key, hashes.SHA256(), ecdsa_deterministic=True).public_bytes(Encoding.DER)


def _tcb_info(begins: datetime, ends: datetime) -> str:
    level = {"sgxtcbcomponents": [{"svn": SVN}] * _COMPONENTS, "pcesvn": SVN}
    return _document(
        "SGX",
        3,
        begins,
        ends,
        fmspc=FMSPC.hex().upper(),
        pceId=PCE_ID.hex(),
        tcbType=0,
        tcbEvaluationDataNumber=1,
        tcbLevels=[{"tcb": level, "tcbDate": _moment(BEGINS), "tcbStatus": "UpToDate"}],
    )


def _qe_identity(begins: datetime, ends: datetime) -> str:
    return _document(
        "QE",
        2,
        begins,
        ends,
        tcbEvaluationDataNumber=1,
        miscselect="00000000",
        miscselectMask="FFFFFFFF",
        attributes="05000000000000000000000000000000",
        attributesMask="FBFFFFFFFFFFFFFF0000000000000000",
        mrsigner=QE_SIGNER.hex().upper(),
        isvprodid=1,
        tcbLevels=[{"tcb": {"isvsvn": SVN}, "tcbDate": _moment(BEGINS), "tcbStatus": "UpToDate"}],
    )


def _document(kind: str, version: int, begins: datetime, ends: datetime, **rest: Any) -> str:
    fields = {"id": kind, "version": version, "issueDate": _moment(begins), "nextUpdate": _moment(ends)}
    return json.dumps(fields | rest, separators=(",", ":"))


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _platform_facts(chip: bytes) -> bytes:
    """Intel's SGX extension of a PCK certificate: id, TCB, PCE and family, in DER."""
    components = b"".join(_fact((2, number), _integer(SVN)) for number in range(1, _COMPONENTS + 2))
    facts = (
        _fact((1,), _tagged(0x04, chip)),
        _fact((2,), _tagged(0x30, components + _fact((2, 18), _tagged(0x04, bytes([SVN]) * _COMPONENTS)))),
        _fact((3,), _tagged(0x04, PCE_ID)),
        _fact((4,), _tagged(0x04, FMSPC)),
        _fact((5,), _tagged(0x0A, b"\0")),
    )
    return _tagged(0x30, b"".join(facts))


def _fact(place: tuple[int, ...], value: bytes) -> bytes:
    body = bytes([0x2A]) + b"".join(_base128(number) for number in (*_SGX_OID[2:], *place))
    return _tagged(0x30, _tagged(0x06, body) + value)


def _base128(number: int) -> bytes:
    out = [number & 0x7F]
    while number := number >> 7:
        out.append(0x80 | (number & 0x7F))
    return bytes(reversed(out))


def _integer(number: int) -> bytes:
    return _tagged(0x02, number.to_bytes(1, "big"))


def _tagged(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 0x80 else bytes([0x82]) + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    numbers = key.public_key().public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def public_point(key: ec.EllipticCurvePrivateKey) -> tuple[bytes, bytes]:
    """x and y, 32 bytes each."""
    point = _point(key)
    return point[:32], point[32:]
