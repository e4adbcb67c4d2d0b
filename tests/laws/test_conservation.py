"""Conservation: for each asset, the sum of available and held over all accounts is credited minus withdrawn."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stab3l.audit.auditor import Auditor
from stab3l.audit.reference_exchange import ReferenceExchange
from stab3l.engine.wire import Command, decode_events
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
    stream = CommandStream(Random(seed), reference, records_max=16)
    with opened(implementation) as exchange:
        auditor = Auditor()
        for _ in range(12):
            batch = stream.batch()
            reference.apply(batch, stream.now)
            auditor.observe(decode_events(exchange.apply(batch, stream.now)))
            for asset in range(len(reference.assets)):
                credited, withdrawn, total = exchange.totals(asset)
                assert total == credited - withdrawn == auditor.outstanding[asset]
