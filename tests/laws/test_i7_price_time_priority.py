"""I7: a trade never executes outside either order's limit, nor ahead of a better or earlier resting order."""

from __future__ import annotations

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from stab3l.audit.auditor import Auditor
from stab3l.engine.wire import Command
from stab3l.testing.exchanges import IMPLEMENTATIONS, opened
from stab3l.testing.order_flows import audited_desk, order_flows


def trades_of(implementation: str, batches: list[list[Command]]) -> int:
    """Number of trades of a flow, each judged by an auditor."""
    with opened(implementation) as exchange:
        auditor = Auditor()
        desk = audited_desk(exchange, auditor)
        for batch in batches:
            auditor.observe(desk.send(*batch))
        return auditor.trades


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@settings(deadline=None)
@given(flow=order_flows(), together=st.booleans())
def test_every_trade_keeps_to_limits_and_to_price_and_time(
    implementation: str, flow: list[Command], together: bool
) -> None:
    trades_of(implementation, [flow] if together else [[command] for command in flow])


def test_the_order_flows_do_trade() -> None:
    """The law above would say nothing about flows that never trade: many levels must be swept by one order."""
    only_look = settings(phases=[Phase.generate], database=None, derandomize=True, max_examples=500, deadline=None)
    flow = find(order_flows(), lambda flow: trades_of("reference", [flow]) >= 4, settings=only_look)
    assert trades_of("native", [flow]) >= 4
