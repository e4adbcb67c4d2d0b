"""Conservation: for each asset, the sum of available and held over all accounts is credited minus withdrawn."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stab3l.audit.auditor import Auditor
from stab3l.audit.reference_conservation import imbalances
from stab3l.audit.reference_exchange import ReferenceExchange
from stab3l.engine.wire import Command, decode_events, split_records
from stab3l.testing.command_stream import CommandStream
from stab3l.testing.exchanges import IMPLEMENTATIONS, opened
from stab3l.testing.order_flows import audited_desk, order_flows
from stab3l.testing.trading_desk import BASE, FOREIGN, QUOTE


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@settings(deadline=None)
@given(flow=order_flows())
def test_every_command_conserves_every_asset(implementation: str, flow: list[Command]) -> None:
    with opened(implementation) as exchange:
        auditor = Auditor()
        desk = audited_desk(exchange, auditor)
        for command in flow:
            auditor.observe(desk.send(command))
            for asset in (BASE, QUOTE, FOREIGN):
                credited, withdrawn, total = exchange.totals(asset)
                assert total == credited - withdrawn == auditor.outstanding[asset]


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@settings(deadline=None)
@given(seed=st.integers(0, 2**32))
def test_any_stream_conserves_every_asset(implementation: str, seed: int) -> None:
    """Also with the largest lots, ticks and fees, malformed records and refusals of every kind."""
    reference = ReferenceExchange()
    stream = CommandStream(Random(seed), reference, records_max=16, derivatives=False)
    with opened(implementation) as exchange:
        auditor = Auditor()
        for _ in range(12):
            batch = stream.batch()
            reference.apply(batch, stream.now)
            auditor.observe(decode_events(exchange.apply(batch, stream.now)))
            for asset in range(len(reference.assets)):
                credited, withdrawn, total = exchange.totals(asset)
                assert total == credited - withdrawn == auditor.outstanding[asset]


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**32))
def test_every_message_of_a_derivatives_stream_conserves_money_and_lots(seed: int) -> None:
    """In the reference after every record; the engine is held to it byte for byte."""
    reference = ReferenceExchange()
    stream = CommandStream(Random(seed), reference, records_max=16)
    auditor = Auditor()
    for _ in range(25):
        for record in split_records(stream.batch()):
            auditor.observe(decode_events(reference.apply(record, stream.now)))
            assert imbalances(reference) == []
