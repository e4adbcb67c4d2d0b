"""I8: no account can be made negative: not by trades, fees, holds, cancels or withdrawals, in any order."""

from __future__ import annotations

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from stab3l.audit.auditor import FEES, Auditor
from stab3l.engine.wire import Command, Outcome, OutcomeCode, Withdraw
from stab3l.testing.exchanges import IMPLEMENTATIONS, OpenExchange, opened
from stab3l.testing.order_flows import FIRST_TRADER, TRADERS, audited_desk, order_flows, withdrawals

ACCOUNTS = [FEES, *range(FIRST_TRADER, FIRST_TRADER + TRADERS)]


def assert_as_audited(exchange: OpenExchange, auditor: Auditor) -> None:
    """What the exchange says that accounts have is what its events amount to, and none is negative."""
    for account in ACCOUNTS:
        for asset, available, held in exchange.balances(account):
            assert (available, held) == (auditor.available[account, asset], auditor.held[account, asset])
            assert min(available, held) >= 0


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@settings(deadline=None)
@given(flow=order_flows())
def test_no_account_is_ever_negative(implementation: str, flow: list[Command]) -> None:
    with opened(implementation) as exchange:
        auditor = Auditor()
        desk = audited_desk(exchange, auditor)
        for command in flow:
            auditor.observe(desk.send(command))
            assert_as_audited(exchange, auditor)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@settings(deadline=None)
@given(flow=order_flows(), last=withdrawals, beyond=st.integers(1, 1_000))
def test_what_is_left_can_leave_and_not_one_unit_more(
    implementation: str, flow: list[Command], last: Withdraw, beyond: int
) -> None:
    with opened(implementation) as exchange:
        auditor = Auditor()
        desk = audited_desk(exchange, auditor)
        auditor.observe(desk.send(*flow))
        desk.client_ids = len(flow)
        left = {asset: available for asset, available, _ in exchange.balances(last.account)}.get(last.asset, 0)
        assert desk.code(desk.withdrawal(last.account, last.asset, left + beyond)) == OutcomeCode.FUNDS_SHORT
        if left:
            auditor.observe(desk.accepted(desk.withdrawal(last.account, last.asset, left)))
        assert_as_audited(exchange, auditor)


def funds_short_in(flow: list[Command]) -> int:
    """How many of a flow's commands are refused because funds are short."""
    with opened("reference") as exchange:
        events = audited_desk(exchange, Auditor()).send(*flow)
    return sum(isinstance(event, Outcome) and event.code == OutcomeCode.FUNDS_SHORT for event in events)


def test_the_order_flows_do_run_short() -> None:
    """The law above would say nothing about traders who always have enough."""
    only_look = settings(phases=[Phase.generate], database=None, derandomize=True, max_examples=500, deadline=None)
    flow = find(order_flows(), lambda flow: funds_short_in(flow) >= 2, settings=only_look)
    assert funds_short_in(flow) >= 2
