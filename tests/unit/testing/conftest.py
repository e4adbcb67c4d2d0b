"""Scenarios run against the reference."""

from __future__ import annotations

import pytest

from stab3l.audit.reference_exchange import ReferenceExchange
from stab3l.testing.trading_desk import TradingDesk


@pytest.fixture
def exchange() -> ReferenceExchange:
    """An exchange from genesis."""
    return ReferenceExchange()


@pytest.fixture
def desk(exchange: ReferenceExchange) -> TradingDesk:
    """A desk on an exchange with three assets and one market."""
    return TradingDesk.listed(exchange)
