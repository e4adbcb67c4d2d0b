"""What a buyer asks for and what a provider answers: job and result documents (docs/reference/jobs.md).

A document's Keccak-256 is its name: a redemption carries the job's, a delivery the result's.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from importlib.resources import files
from typing import ClassVar, Final

from stab3l.errors import Invalid
from stab3l.hashing import keccak256
from stab3l.units import OPERATIONS_PER_CU, WAD, Operations, Wad

JOB_MAGIC: Final = b"S3LJOB\x00\x01"
MODULE_BYTES_MAX: Final = 4 << 20
INPUT_BYTES_MAX: Final = 8 << 20
OUTPUT_BYTES_MAX: Final = 1 << 20
_LENGTH_BYTES: Final = 4
_HEADER_BYTES: Final = len(JOB_MAGIC) + _LENGTH_BYTES
JOB_BYTES_MAX: Final = _HEADER_BYTES + MODULE_BYTES_MAX + INPUT_BYTES_MAX

REQUEST: Final = struct.Struct(">QI")
"""Budget in fuel and wall limit in seconds: what a sandbox gets before the job document."""

EXIT_INTERRUPTED: Final = 3
"""The sandbox' wall limit passed: there is no result, since another machine might have had one."""

FUEL_BYTES: Final = 8
FUEL_MAX: Final = 2**64 - 1
MATRIX_OUTPUT_BYTES_MAX: Final = 16 << 20
RESULT_BYTES_MAX: Final = 1 + FUEL_BYTES + MATRIX_OUTPUT_BYTES_MAX


class DocumentInvalid(Invalid):
    """Bytes that are not a job or a result document."""

    code: ClassVar[str] = "document_invalid"


def document_hash(document: bytes) -> bytes:
    """The name of a document: its Keccak-256."""
    return keccak256(document)


def budget_down(amount: Wad) -> Operations:
    """Fuel that ``amount`` CU buy: 10^15 operations each, one unit of fuel for one operation."""
    return Operations(min(amount * OPERATIONS_PER_CU // WAD, FUEL_MAX))


@dataclass(frozen=True, slots=True)
class Job:
    """A WASM module and its input.

    Raises:
        DocumentInvalid: one of them is larger than its limit.
    """

    module: bytes
    input: bytes

    def __post_init__(self) -> None:
        if len(self.module) > MODULE_BYTES_MAX or len(self.input) > INPUT_BYTES_MAX:
            raise DocumentInvalid(
                f"a module has at most {MODULE_BYTES_MAX} bytes and an input {INPUT_BYTES_MAX}",
                module=len(self.module),
                input=len(self.input),
            )

    def document(self) -> bytes:
        """The document that is uploaded and hashed."""
        return JOB_MAGIC + len(self.module).to_bytes(_LENGTH_BYTES, "big") + self.module + self.input

    @classmethod
    def parse(cls, document: bytes) -> Job:
        """Reads a job document.

        Raises:
            DocumentInvalid: it is not one.
        """
        if not document.startswith(JOB_MAGIC) or len(document) < _HEADER_BYTES:
            raise DocumentInvalid("a job document starts with S3LJOB 00 01 and a length", length=len(document))
        length = int.from_bytes(document[len(JOB_MAGIC) : _HEADER_BYTES], "big")
        if _HEADER_BYTES + length > len(document):
            raise DocumentInvalid(f"the module's {length} bytes are not all there", length=len(document))
        module_end = _HEADER_BYTES + length
        return cls(module=document[_HEADER_BYTES:module_end], input=document[module_end:])


class Status(IntEnum):
    """How a job ended. All of them are results: the same everywhere, and billed."""

    COMPLETED = 0
    OUT_OF_FUEL = 1
    TRAPPED = 2
    MODULE_INVALID = 3
    """Not WASM, with an import, without the three exports, or with more memory than is allowed."""
    OUTPUT_INVALID = 4
    """The output is not inside the memory, or too large."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a job did. ``output`` is empty unless it completed."""

    status: Status
    fuel: Operations
    output: bytes = b""

    def document(self) -> bytes:
        """The document whose hash is delivered: status, fuel u64 big-endian, output."""
        return bytes([self.status]) + self.fuel.to_bytes(FUEL_BYTES, "big") + self.output

    @classmethod
    def parse(cls, document: bytes) -> Result:
        """Reads a result document.

        Raises:
            DocumentInvalid: it is not one.
        """
        if not 1 + FUEL_BYTES <= len(document) <= RESULT_BYTES_MAX or document[0] not in tuple(Status):
            raise DocumentInvalid("a result document has a status, its fuel and an output", length=len(document))
        fuel = Operations(int.from_bytes(document[1 : 1 + FUEL_BYTES], "big"))
        return cls(Status(document[0]), fuel, document[1 + FUEL_BYTES :])


def primes_job(below: int) -> Job:
    """A sample job: how many primes lie below ``below`` (a u32), see samples/primes.wat."""
    from wasmtime import wat2wasm  # only those who make this sample need the compiler

    text = files("stab3l.provider").joinpath("samples", "primes.wat").read_text()
    return Job(module=bytes(wat2wasm(text)), input=below.to_bytes(4, "little"))
