"""How a keeper of the engine gives its commands."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from stab3l.engine.wire import Command, Outcome, OutcomeCode, decode_events, encode_batch
from stab3l.keepers.exchange import OperatedExchange

log = structlog.get_logger(__name__)


async def submit(gateway: OperatedExchange, commands: Sequence[Command]) -> list[Outcome]:
    """The outcomes of a batch, refused ones told."""
    submitted = await gateway.submit(encode_batch(commands))
    outcomes = [event for event in decode_events(submitted.events) if isinstance(event, Outcome)]
    for command, outcome in zip(commands, outcomes, strict=True):
        if outcome.code != OutcomeCode.ACCEPTED:
            log.warning("command_refused", command=str(command), outcome=outcome.code.name.lower())
    return outcomes
