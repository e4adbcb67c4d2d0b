"""Named contracts of a network: where they are and how to speak to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from stab3l.chain.abi import load_abi, names
from stab3l.chain.address import checksum, is_address
from stab3l.chain.errors import ContractRejected
from stab3l.chain.interface import CustomError, Interface
from stab3l.chain.port import Log
from stab3l.config import ChainConfig
from stab3l.errors import Corrupt, Invalid, NotFound

TOKEN_ABI = "ERC20Permit"
"""ABI of a contract that the network names but that is not one of ours: a token."""


@dataclass(frozen=True, slots=True)
class Contract:
    """One deployed contract."""

    chain_id: int
    name: str
    address: str
    interface: Interface

    def encode(self, function: str, args: tuple[Any, ...]) -> bytes:
        """Call data. Raises ``NotFound`` (no such function), ``ArgumentsInvalid`` (arguments do not fit)."""
        return self.interface.function(function, len(args)).encode(args)

    def decode(self, function: str, args: tuple[Any, ...], data: bytes) -> Any:
        """What the function returned."""
        return self.interface.function(function, len(args)).decode(data)


@dataclass(frozen=True, slots=True)
class DecodedLog:
    """A contract log in words: ``event`` of ``contract`` with ``args`` by name."""

    contract: str
    event: str
    args: Mapping[str, Any]
    log: Log


@cache
def interface(name: str) -> Interface:
    """The committed interface of a contract. Raises ``NotFound`` when none is committed."""
    return Interface.of(load_abi(name))


def contract(config: ChainConfig, name: str) -> Contract:
    """The contract deployed under this name; names without an ABI of their own are tokens.

    Raises:
        NotFound: nothing is deployed under that name on that chain.
    """
    address = config.contracts.get(name)
    if address is None:
        raise NotFound(f"{name} is not deployed on chain {config.chain_id}", contract=name, chain_id=config.chain_id)
    return contract_at(config.chain_id, name, address)


def contract_at(chain_id: int, name: str, address: str) -> Contract:
    """A contract at a known address, e.g. a token that an event named. Raises ``Invalid`` for a bad address.

    Of several contracts of one kind each has a name of its own after it: ``PMMPool cUSDT/XAU``.
    """
    if not is_address(address):
        raise Invalid(f"{address!r} is not an address", address=address)
    kind = name.split(" ", 1)[0]
    return Contract(chain_id, name, checksum(address), interface(kind if kind in _known() else TOKEN_ABI))


def contracts(config: ChainConfig) -> list[Contract]:
    """Every contract of the chain, by name."""
    return [contract(config, name) for name in sorted(config.contracts)]


def decode_log(source: Contract, log: Log) -> DecodedLog | None:
    """The log in words; None for an event that the contract's ABI does not know.

    Raises:
        Corrupt: the data do not fit the event that the topic names.
    """
    event = source.interface.events.get(log.topics[0]) if log.topics else None
    if event is None:
        return None
    if len(log.topics) != 1 + len(event.topics.types):
        place = {"tx_hash": log.tx_hash.hex(), "log_index": log.log_index}
        raise Corrupt(f"{event.name} has {len(log.topics) - 1} topics", **place)
    return DecodedLog(source.name, event.name, event.decode(log), log)


def rejection(data: bytes, source: Interface | None, doing: str) -> ContractRejected:
    """What revert data mean: an error of ``source``, else of any of our contracts, else ``Unknown`` with the bytes."""
    error = _error_of(data, source)
    if error is None:
        reason = f"{doing} reverted with 0x{data.hex()}" if data else f"{doing} reverted without a reason"
        return ContractRejected(reason, error_name="Unknown", arguments={"data": data})
    try:
        values = error.inputs.decode(data[4:])
    except Corrupt:
        return ContractRejected(f"{doing} reverted with 0x{data.hex()}", error_name="Unknown", arguments={"data": data})
    fields = [name or f"argument{place}" for place, name in enumerate(error.inputs.names)]
    arguments = dict(zip(fields, values, strict=True))
    words = ", ".join(f"{k}={v.hex() if isinstance(v, bytes) else v}" for k, v in arguments.items())
    return ContractRejected(f"{doing} reverted: {error.name}({words})", error_name=error.name, arguments=arguments)


@cache
def _known() -> frozenset[str]:
    return frozenset(names())


def _error_of(data: bytes, source: Interface | None) -> CustomError | None:
    selector = data[:4]
    own = source.errors.get(selector) if source else None
    return own or _all_errors().get(selector)


@cache
def _all_errors() -> Mapping[bytes, CustomError]:
    builtin = Interface.of(
        [
            {"type": "error", "name": "Error", "inputs": [{"name": "reason", "type": "string"}]},
            {"type": "error", "name": "Panic", "inputs": [{"name": "reason_code", "type": "uint256"}]},
        ]
    )
    found = dict(builtin.errors)
    for name in names():
        found |= interface(name).errors
    return found
