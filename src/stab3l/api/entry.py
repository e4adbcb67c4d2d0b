"""The way in: a signed request becomes a command, and the engine's outcome becomes an answer or a problem.

One shape for every operation (`operations`): read the fields, check the signature, find the account, send the record,
tell the outcome. Reading and answering are apart so that a WebSocket can keep many under way. Several requests may
come under one signature (`stab3l.chain.signed_batch`); each then carries its proof into the journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from stab3l.api.authorising import Authoriser
from stab3l.api.batching import Batcher
from stab3l.api.operations import OPERATIONS, Prepared, Sources
from stab3l.api.outcomes import outcome_of
from stab3l.api.problems import Problem
from stab3l.api.signed import address_of, signature_of, signer_of
from stab3l.chain.address import checksum
from stab3l.chain.signed_batch import MESSAGES_MAX, batch_digest, proofs
from stab3l.engine.wire import Command, Event, FieldInvalid, encode_body, encode_record
from stab3l.errors import Stab3lError
from stab3l.hashing import merkle_layers

Named = tuple[str, Any]
"""An operation's name and its request."""


class Read(msgspec.Struct, frozen=True):
    """A request whose fields were read. ``account`` is None while its owner has none."""

    operation: str
    prepared: Prepared
    account: int | None
    command: Command
    body: bytes
    digest: bytes


class Ticket(msgspec.Struct, frozen=True):
    """A request that was checked and sent; its outcome to come is part ``place`` of ``events``."""

    read: Read
    events: asyncio.Future[list[list[Event]]]
    place: int = 0


class OrderEntry:
    """Takes signed requests to the exchange. Every method raises `Problem` or another ``Stab3lError``."""

    def __init__(self, sources: Sources, batcher: Batcher, authoriser: Authoriser) -> None:
        self._sources = sources
        self._batcher = batcher
        self._authoriser = authoriser

    async def act(self, operation: str, request: Any) -> Any:
        """Reads a request, sends it and tells what became of it."""
        return await self.answer(await self.read(operation, request))

    async def read(self, operation: str, request: Any) -> Ticket:
        """Checks a request and sends it; requests are sequenced in the order of these calls' ends."""
        read, evidence = await self._checked(operation, request)
        return Ticket(read, self._batcher.enqueue([_record(read, evidence)]))

    async def read_together(self, requests: Sequence[Named]) -> list[Ticket | Exception]:
        """Checks several requests, each signed by itself, then sends those that stand, one right after the other."""
        checked: list[tuple[Read, bytes] | Exception] = []
        for operation, request in requests:
            try:
                checked.append(await self._checked(operation, request))
            except Stab3lError as error:
                checked.append(error)
        return self._sent(checked)

    async def read_signed_together(self, requests: Sequence[Named], signature: str) -> list[Ticket | Exception]:
        """Checks several requests under one signature, then sends them, one right after the other.

        What all of them say was signed, so one that cannot be read spoils all: its problem is raised.
        """
        if len(requests) > MESSAGES_MAX:
            raise Problem("body_invalid", f"one signature is for at most {MESSAGES_MAX} operations")
        reads = [await self._read(*one) for one in requests]
        signed = signature_of(signature)
        layers = merkle_layers(b"".join([read.digest for read in reads]))
        signer = signer_of(batch_digest(self._authoriser.domain, layers), signed)
        delegations: dict[tuple[bytes, bool], bytes] = {}
        checked: list[tuple[Read, bytes] | Exception] = []
        for read, (_, request), proof in zip(reads, requests, proofs(signed, layers, len(reads)), strict=True):
            if request.signature:
                raise Problem("body_invalid", "with one signature for all operations none has its own")
            who = (read.prepared.owner, OPERATIONS[read.operation].by_agents)
            if who not in delegations:
                delegations[who] = await self._authoriser.delegation(who[0], signer, by_agents=who[1])
            checked.append(self._allowed(read, proof, delegations[who]))
        return self._sent(checked)

    async def answer(self, ticket: Ticket) -> Any:
        """What became of a request that was sent."""
        read = ticket.read
        outcome, events = outcome_of((await ticket.events)[ticket.place])
        return await OPERATIONS[read.operation].answer(self._sources, read.prepared, read.command, outcome, events)

    async def check(self, operation: str, request: Any) -> int:
        """The account of a request that is to be sent later, checked as if it were sent now."""
        read, _ = await self._checked(operation, request)
        assert read.account is not None
        return read.account

    def _sent(self, checked: Sequence[tuple[Read, bytes] | Exception]) -> list[Ticket | Exception]:
        standing = [found for found in checked if not isinstance(found, Exception)]
        refused = [found for found in checked if isinstance(found, Exception)]
        if not standing:
            return [*refused]
        try:
            events = self._batcher.enqueue([_record(*found) for found in standing])
        except Problem as error:
            return [found if isinstance(found, Exception) else error for found in checked]
        tickets = iter([Ticket(read, events, place) for place, (read, _) in enumerate(standing)])
        return [found if isinstance(found, Exception) else next(tickets) for found in checked]

    async def _checked(self, operation: str, request: Any) -> tuple[Read, bytes]:
        read = await self._read(operation, request)
        signature = signature_of(request.signature)
        signer = signer_of(read.digest, signature)
        owner, by_agents = read.prepared.owner, OPERATIONS[operation].by_agents
        return self._allowed(read, signature, await self._authoriser.delegation(owner, signer, by_agents=by_agents))

    async def _read(self, operation: str, request: Any) -> Read:
        prepared = await OPERATIONS[operation].prepare(self._sources, request)
        account = await self._authoriser.account(prepared.owner)
        command = prepared.command(account or 0)
        body = _body(command)
        return Read(operation, prepared, account, command, body, self._authoriser.digest(prepared, body))

    def _allowed(self, read: Read, proof: bytes, delegation: bytes) -> tuple[Read, bytes]:
        """With its evidence, if it may be sent."""
        if read.account is None:
            address = checksum(read.prepared.owner)
            raise Problem("account_unknown", f"{address} has no account yet", account=address)
        if not read.prepared.judged_here:
            return read, proof + delegation
        assert read.prepared.message is not None
        expires_at = read.prepared.message.values["expiresAt"]
        self._authoriser.check_life(expires_at)
        return read, proof + expires_at.to_bytes(8, "little") + delegation


def operation_request(operation: str, data: Any) -> Any:
    """The body of an operation out of what JSON gave. Raises `Problem` ``op_unknown``, ``body_invalid``."""
    if operation not in OPERATIONS:
        raise Problem("op_unknown", f"there is no operation {operation[:48]!r}", op=operation[:48])
    try:
        return msgspec.convert(data, OPERATIONS[operation].request, strict=True)
    except msgspec.ValidationError as error:
        raise Problem("body_invalid", str(error)) from None


def account_named(request: Any) -> bytes:
    """The address that a signed request names. Raises ``AddressInvalid``."""
    return address_of("account", request.account)


def _body(command: Command) -> bytes:
    """The body of a command. Raises `Problem` ``body_invalid`` for terms that contradict each other."""
    try:
        return encode_body(command)
    except FieldInvalid as error:
        raise Problem("body_invalid", f"{error.message}: see docs/reference/api.md", **error.values) from None


def _record(read: Read, evidence: bytes) -> bytes:
    return encode_record(read.command.KIND, read.body, evidence)
