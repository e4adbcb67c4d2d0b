"""The random command stream reaches what it is meant to reach, and is the same for the same seed."""

from __future__ import annotations

from collections import Counter
from random import Random

from stab3l.audit.auditor import Auditor
from stab3l.audit.reference_conservation import imbalances
from stab3l.audit.reference_exchange import ReferenceExchange
from stab3l.engine.wire import CloseReason, EventKind, OrderClosed, Outcome, OutcomeCode, Trade, decode_events
from stab3l.testing.command_stream import CommandStream


def batches(seed: int, commands: int) -> list[tuple[int, bytes, bytes]]:
    """(now, batch, events) of a stream's first commands on the reference."""
    exchange = ReferenceExchange()
    stream = CommandStream(Random(seed), exchange)
    answered = []
    while exchange.sequence < commands:
        batch = stream.batch()
        answered.append((stream.now, batch, exchange.apply(batch, stream.now)))
        assert imbalances(exchange) == [], exchange.sequence
    return answered


def test_the_same_seed_gives_the_same_stream() -> None:
    assert batches(5, 500) == batches(5, 500)
    assert batches(5, 500) != batches(6, 500)


def test_every_outcome_event_and_close_reason_is_reached() -> None:
    codes: Counter[OutcomeCode] = Counter()
    kinds: Counter[EventKind] = Counter()
    reasons: Counter[CloseReason] = Counter()
    makers: Counter[int] = Counter()
    for _, _, data in (*batches(16, 12_000), *batches(18, 12_000)):
        for event in decode_events(data):
            kinds[event.KIND] += 1
            if isinstance(event, Outcome):
                codes[event.code] += 1
            elif isinstance(event, OrderClosed):
                reasons[event.reason] += 1
            elif isinstance(event, Trade):
                makers[event.maker_order] += 1
    assert set(codes) == set(OutcomeCode)
    assert set(kinds) == set(EventKind)
    assert set(reasons) == set(CloseReason)
    assert codes[OutcomeCode.ACCEPTED] > 5_000
    assert kinds[EventKind.TRADE] > 1_000
    assert max(makers.values()) > 3, "orders are filled in parts"


def test_the_reference_keeps_the_laws_on_the_stream() -> None:
    auditor = Auditor()
    for _, _, data in batches(10, 5_000):
        auditor.observe(decode_events(data))
    assert auditor.trades > 300
