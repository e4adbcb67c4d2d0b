"""A contract's language: functions, events and errors of one ABI, to bytes and back (Solidity ABI specification)."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from stab3l.chain import encoding
from stab3l.chain.errors import ArgumentsInvalid
from stab3l.chain.port import Log
from stab3l.errors import Corrupt, NotFound
from stab3l.hashing import keccak256

AbiEntry = Mapping[str, Any]
Shape = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Parameters:
    """An ordered list of ABI parameters that encodes and decodes as one."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    entries: tuple[AbiEntry, ...]
    shapes: tuple[Shape, ...]

    @classmethod
    def of(cls, entries: Sequence[AbiEntry]) -> Parameters:
        """From ABI JSON."""
        return cls(
            tuple(str(e.get("name", "")) for e in entries),
            tuple(_canonical(e) for e in entries),
            tuple(entries),
            tuple(_shape(e) for e in entries),
        )

    def encode(self, args: Sequence[Any], what: str) -> bytes:
        """Raises ``ArgumentsInvalid`` when the arguments do not fit."""
        if len(args) != len(self.types):
            raise ArgumentsInvalid(f"{what} takes {len(self.types)} arguments, not {len(args)}", function=what)
        try:
            return encoding.encode(self.types, [_flatten(e, a) for e, a in zip(self.entries, args, strict=True)])
        except (KeyError, TypeError, ValueError) as error:
            signature = f"{what}({','.join(self.types)})"
            raise ArgumentsInvalid(f"arguments do not fit {signature}: {error}", function=what) from None

    def decode(self, data: bytes) -> tuple[Any, ...]:
        """Raises ``Corrupt`` when the data are not an encoding of these types."""
        try:
            values = encoding.decode(self.types, data)
        except Corrupt as error:
            raise Corrupt(f"{len(data)} bytes do not decode as ({','.join(self.types)}): {error}") from None
        return tuple(shape(value) for shape, value in zip(self.shapes, values, strict=True))


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the ABI."""

    name: str
    selector: bytes
    inputs: Parameters
    outputs: Parameters
    row: Callable[..., Any]

    def encode(self, args: Sequence[Any]) -> bytes:
        """Call data."""
        return self.selector + self.inputs.encode(args, self.name)

    def decode(self, data: bytes) -> Any:
        """One output bare, several as a named tuple, none as None."""
        values = self.outputs.decode(data)
        if len(values) == 1:
            return values[0]
        return self.row(*values) if values else None


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the ABI."""

    name: str
    topic: bytes
    indexed: tuple[bool, ...]
    topics: Parameters
    body: Parameters
    order: tuple[str, ...]

    def decode(self, log: Log) -> dict[str, Any]:
        """Arguments by name in declaration order. An indexed string or array comes as its hash."""
        topics = [p.decode(t)[0] for p, t in zip(_each(self.topics), log.topics[1:], strict=True)]
        args = dict(zip(self.topics.names, topics, strict=True)) | dict(
            zip(self.body.names, self.body.decode(log.data), strict=True)
        )
        return {name: args[name] for name in self.order}


@dataclass(frozen=True, slots=True)
class CustomError:
    """A custom error of the ABI."""

    name: str
    selector: bytes
    inputs: Parameters


@dataclass(frozen=True, slots=True)
class Interface:
    """Everything that one ABI can say."""

    functions: Mapping[str, tuple[Function, ...]]
    events: Mapping[bytes, Event]
    errors: Mapping[bytes, CustomError]

    @classmethod
    def of(cls, abi: Sequence[AbiEntry]) -> Interface:
        """From ABI JSON."""
        functions: dict[str, tuple[Function, ...]] = {}
        for entry in (e for e in abi if e["type"] == "function"):
            functions[entry["name"]] = (*functions.get(entry["name"], ()), _function(entry))
        events = [_event(e) for e in abi if e["type"] == "event" and not e.get("anonymous")]
        errors = [_error(e) for e in abi if e["type"] == "error"]
        return cls(functions, {e.topic: e for e in events}, {e.selector: e for e in errors})

    def function(self, name: str, arguments: int) -> Function:
        """The function of this name that takes this many arguments.

        Raises:
            NotFound: the ABI has none.
        """
        named = self.functions.get(name)
        if named is None:
            raise NotFound(f"the contract has no function {name}", function=name)
        return next((f for f in named if len(f.inputs.types) == arguments), named[0])


def _canonical(entry: AbiEntry) -> str:
    kind = str(entry["type"])
    if kind.startswith("tuple"):
        return f"({','.join(_canonical(c) for c in entry['components'])}){kind.removeprefix('tuple')}"
    return kind


def _signature(entry: AbiEntry) -> bytes:
    return f"{entry['name']}({','.join(_canonical(i) for i in entry['inputs'])})".encode()


def _function(entry: AbiEntry) -> Function:
    outputs = Parameters.of(entry.get("outputs", ()))
    return Function(
        entry["name"],
        keccak256(_signature(entry))[:4],
        Parameters.of(entry["inputs"]),
        outputs,
        _row(entry["name"], outputs.names),
    )


def _event(entry: AbiEntry) -> Event:
    inputs = entry["inputs"]
    indexed = [_topic(i) for i in inputs if i["indexed"]]
    return Event(
        entry["name"],
        keccak256(_signature(entry)),
        tuple(i["indexed"] for i in inputs),
        Parameters.of(indexed),
        Parameters.of([i for i in inputs if not i["indexed"]]),
        tuple(i["name"] for i in inputs),
    )


def _topic(entry: AbiEntry) -> AbiEntry:
    kind = str(entry["type"])
    hashed = kind in ("string", "bytes") or kind.endswith("]") or kind.startswith("tuple")
    return {"name": entry["name"], "type": "bytes32" if hashed else kind}


def _each(parameters: Parameters) -> list[Parameters]:
    return [
        Parameters((n,), (t,), (e,), (s,))
        for n, t, e, s in zip(parameters.names, parameters.types, parameters.entries, parameters.shapes, strict=True)
    ]


def _error(entry: AbiEntry) -> CustomError:
    return CustomError(entry["name"], keccak256(_signature(entry))[:4], Parameters.of(entry["inputs"]))


@cache
def _row(name: str, fields: tuple[str, ...]) -> Callable[..., Any]:
    # The fields come from an ABI at run time, which is what namedtuple's dynamic form is for.
    return namedtuple(f"{name[:1].upper()}{name[1:]}", fields, rename=True)


def _shape(entry: AbiEntry) -> Shape:
    kind = str(entry["type"])
    if kind.endswith("]"):
        inner = _shape({**entry, "type": kind[: kind.rindex("[")]})
        return lambda values: tuple(inner(v) for v in values)
    if kind == "tuple":
        shapes = [_shape(c) for c in entry["components"]]
        row = _row(str(entry.get("name") or "Struct"), tuple(c["name"] for c in entry["components"]))
        return lambda values: row(*(s(v) for s, v in zip(shapes, values, strict=True)))
    return _same


def _same(value: Any) -> Any:
    return value


def _flatten(entry: AbiEntry, value: Any) -> Any:
    """Structs may be given as mappings or sequences; the encoder wants tuples."""
    kind = str(entry["type"])
    if kind.endswith("]"):
        inner = {**entry, "type": kind[: kind.rindex("[")]}
        return [_flatten(inner, v) for v in value]
    if kind == "tuple":
        fields = [value[c["name"]] for c in entry["components"]] if isinstance(value, Mapping) else list(value)
        if len(fields) != len(entry["components"]):
            raise ValueError(f"{entry.get('name')} has {len(entry['components'])} fields, not {len(fields)}")
        return tuple(_flatten(c, f) for c, f in zip(entry["components"], fields, strict=True))
    return value
