"""The way in: a signed request becomes a command, and the engine's outcome becomes an answer or a problem.

One shape for every operation (`operations`): read the fields, check the signature, find the account, send the record,
tell the outcome. Reading and answering are apart so that a WebSocket can keep many under way.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from stab3l.api.authorising import Authoriser
from stab3l.api.batching import Batcher
from stab3l.api.operations import OPERATIONS, Prepared, Sources
from stab3l.api.outcomes import outcome_of
from stab3l.api.problems import Problem
from stab3l.api.signed import address_of
from stab3l.engine.wire import Command, Event, FieldInvalid, encode


class Ticket(msgspec.Struct, frozen=True):
    """A request that was checked and sent; ``events`` are its outcome to come."""

    operation: str
    prepared: Prepared
    command: Command
    events: asyncio.Future[list[Event]]


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
        prepared, command, evidence = await self._checked(operation, request)
        return Ticket(operation, prepared, command, self._batcher.enqueue(_record(command, evidence)))

    async def read_together(self, requests: list[tuple[str, Any]]) -> list[Ticket | Exception]:
        """Checks several requests, then sends those that stand, one right after the other, in their order."""
        checked = await asyncio.gather(*(self._checked(*one) for one in requests), return_exceptions=True)
        tickets: list[Ticket | Exception] = []
        for (operation, _), found in zip(requests, checked, strict=True):
            if isinstance(found, BaseException):
                if not isinstance(found, Exception):
                    raise found
                tickets.append(found)
                continue
            prepared, command, evidence = found
            try:
                tickets.append(Ticket(operation, prepared, command, self._batcher.enqueue(_record(command, evidence))))
            except Problem as error:
                tickets.append(error)
        return tickets

    async def answer(self, ticket: Ticket) -> Any:
        """What became of a request that was sent."""
        outcome, events = outcome_of(await ticket.events)
        tell = OPERATIONS[ticket.operation].answer
        return await tell(self._sources, ticket.prepared, ticket.command, outcome, events)

    async def check(self, operation: str, request: Any) -> int:
        """The account of a request that is to be sent later, checked as if it were sent now."""
        _, command, _ = await self._checked(operation, request)
        return int(command.account)  # type: ignore[union-attr]

    async def _checked(self, operation: str, request: Any) -> tuple[Prepared, Command, bytes]:
        prepared = await OPERATIONS[operation].prepare(self._sources, request)
        account, signature, delegation = await self._authoriser.account(prepared.message, request.signature)
        evidence = signature
        if prepared.judged_here:
            expires_at = prepared.message.values["expiresAt"]
            self._authoriser.check_life(expires_at)
            evidence += expires_at.to_bytes(8, "little")
        return prepared, prepared.command(account), evidence + delegation


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


def _record(command: Command, evidence: bytes) -> bytes:
    """The record of a command. Raises `Problem` ``body_invalid`` for terms that contradict each other."""
    try:
        return encode(command, evidence)
    except FieldInvalid as error:
        raise Problem("body_invalid", f"{error.message}: see docs/reference/api.md", **error.values) from None
