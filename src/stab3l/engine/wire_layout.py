"""Fixed-layout binary bodies, written down once as the field lists of docs/reference/engine.md.

A layout is built from the page's own words (``"account u32, 4 zero bytes, order u64"``), so that the table in the
document and the table in the code can be compared by eye. Integers are little-endian; ``u`` unsigned, ``i`` signed.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import IntEnum
from operator import attrgetter
from typing import Any, ClassVar, Final, get_type_hints

from stab3l.errors import Invalid

U64_MAX: Final = 2**64 - 1
U128_MAX: Final = 2**128 - 1
ADDRESS_BYTES: Final = 20
HASH_BYTES: Final = 32

_INTEGER_BYTES: Final = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "u128": 16, "i64": 8, "i128": 16}
_INTEGER_FORMATS: Final = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "u128": "16s", "i64": "q", "i128": "16s"}
_BLOB_BYTES: Final = {"address": ADDRESS_BYTES, "hash": HASH_BYTES, "name": 8}


class WireError(Invalid):
    """Bytes or values that docs/reference/engine.md does not allow; base of this codec's errors."""

    code: ClassVar[str] = "wire_invalid"


class FieldInvalid(WireError):
    """A value cannot be written in its field: out of the integer's range, or a blob of the wrong length.

    ``values``: ``field``, ``kind`` (the field's type on the page) and ``value``.
    """

    code: ClassVar[str] = "wire_field_invalid"


class BodyInvalid(WireError):
    """A body does not follow its layout."""

    code: ClassVar[str] = "wire_body_invalid"


def field_invalid(message: str, field: str, kind: str, value: object) -> FieldInvalid:
    """The error of one field of a command or event named ``message``."""
    return FieldInvalid(f"{message}.{field} = {value!r} does not fit {kind}", field=field, kind=kind, value=value)


class Layout:
    """The layout of one body: ``message`` names it, ``fields`` lists it as the page does.

    ``enums`` gives the enumeration of the fields that hold one. Fields are packed in order, without alignment.
    """

    def __init__(self, message: str, fields: str, **enums: type[IntEnum]) -> None:
        self.message = message
        self.names: list[str] = []
        self.kinds: list[str] = []
        self._zero_runs: list[tuple[int, int, bytes]] = []
        self._wide: list[tuple[int, bool]] = []
        self._arrays: list[tuple[int, int]] = []
        self._enums: list[tuple[int, type[IntEnum], dict[int, IntEnum]]] = []
        format_parts = ["<"]
        offset = 0
        for part in filter(None, (piece.strip() for piece in fields.split(","))):
            first, _, second = part.partition(" ")
            if second.startswith("zero byte"):
                count = int(first)
                self._zero_runs.append((offset, offset + count, bytes(count)))
                format_parts.append(f"{count}x")
                offset += count
                continue
            if first in enums:
                self._enums.append((len(self.names), enums[first], {int(one): one for one in enums[first]}))
            if " x " in second:
                times, second = second.split(" x ")
                self._arrays.append((len(self.names), int(times)))
                format_parts.append(f"{8 * int(times)}s")
                self.names.append(first)
                self.kinds.append(f"{times} x {second}")
                offset += 8 * int(times)
                continue
            if second in ("u128", "i128"):
                self._wide.append((len(self.names), second == "i128"))
            self.names.append(first)
            self.kinds.append(second)
            format_parts.append(_INTEGER_FORMATS.get(second) or f"{_BLOB_BYTES[second]}s")
            offset += _INTEGER_BYTES.get(second) or _BLOB_BYTES[second]
        self._struct = struct.Struct("".join(format_parts))
        self.bytes: int = self._struct.size
        self._blobs = [(i, _BLOB_BYTES[kind]) for i, kind in enumerate(self.kinds) if kind in _BLOB_BYTES]
        self._values: Callable[[Any], Any] = attrgetter(*self.names) if self.names else lambda _: ()

    def pack(self, value: object) -> bytes:
        """The body of ``value``, whose attributes are this layout's fields. Raises `FieldInvalid`."""
        found = self._values(value)
        fields = list(found) if len(self.names) != 1 else [found]
        for position, enum, members in self._enums:
            if fields[position] not in members:
                raise field_invalid(self.message, self.names[position], enum.__name__, fields[position])
        for position, size in self._blobs:
            if not isinstance(fields[position], bytes) or len(fields[position]) != size:
                raise self._field_invalid(position, fields)
        try:
            for position, signed in self._wide:
                fields[position] = fields[position].to_bytes(16, "little", signed=signed)
            for position, count in self._arrays:
                fields[position] = struct.pack(f"<{count}Q", *fields[position])
            return self._struct.pack(*fields)
        except (struct.error, OverflowError, AttributeError) as error:
            raise self._first_bad_integer(value) from error

    def unpack(self, data: bytes, offset: int = 0) -> list[Any]:
        """The fields' values from ``data`` at ``offset``, in order.

        Raises `BodyInvalid` when the data is too short, a padding byte is not zero or an enumeration has no such value.
        """
        if len(data) - offset < self.bytes:
            raise BodyInvalid(f"{self.message}: {len(data) - offset} bytes left of {self.bytes}")
        for start, end, zeros in self._zero_runs:
            if data[offset + start : offset + end] != zeros:
                raise BodyInvalid(f"{self.message}: padding bytes {start} to {end - 1} are not zero")
        fields: list[Any] = list(self._struct.unpack_from(data, offset))
        for position, signed in self._wide:
            fields[position] = int.from_bytes(fields[position], "little", signed=signed)
        for position, count in self._arrays:
            fields[position] = struct.unpack(f"<{count}Q", fields[position])
        for position, _, members in self._enums:
            member = members.get(fields[position])
            if member is None:
                raise BodyInvalid(f"{self.message}: {self.names[position]} is {fields[position]}")
            fields[position] = member
        return fields

    def _field_invalid(self, position: int, fields: list[Any]) -> FieldInvalid:
        return field_invalid(self.message, self.names[position], self.kinds[position], fields[position])

    def _first_bad_integer(self, value: object) -> FieldInvalid:
        for name, kind in zip(self.names, self.kinds, strict=True):
            field = getattr(value, name)
            if kind in _INTEGER_BYTES and not (isinstance(field, int) and _fits(field, kind)):
                return field_invalid(self.message, name, kind, field)
        for position, _ in self._arrays:
            field = getattr(value, self.names[position])
            return field_invalid(self.message, self.names[position], self.kinds[position], field)
        raise AssertionError(f"{self.message}: struct refused fields that are all in range")


def layout_of(values: type[Any], message: str) -> Layout:
    """The layout of a class whose ``FIELDS`` list its body and whose annotations name its enumerations."""
    hints = get_type_hints(values)
    enums = {name: hint for name, hint in hints.items() if isinstance(hint, type) and issubclass(hint, IntEnum)}
    return Layout(message, values.FIELDS, **enums)


def _fits(value: int, kind: str) -> bool:
    bits = 8 * _INTEGER_BYTES[kind]
    least, most = (-(1 << bits - 1), (1 << bits - 1) - 1) if kind[0] == "i" else (0, (1 << bits) - 1)
    return least <= value <= most
