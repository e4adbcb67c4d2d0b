"""The history as SQL: an empty database answers with nothing, a database that is away is unavailable."""

from __future__ import annotations

from pathlib import Path

import pytest
from api_venue import network
from hypothesis import given
from hypothesis import strategies as st

from stab3l.api.chronicle import History, collateral_ratio_bps
from stab3l.api.history import SupplyView
from stab3l.config import PRIMARY_CHAIN_ID
from stab3l.errors import Unavailable
from stab3l.units import WAD
from stab3l.watch import pages

pytestmark = pytest.mark.anyio


async def test_a_fresh_database_has_no_history(tmp_path: Path) -> None:
    fresh = network().model_copy(update={"database_url": f"sqlite:///{tmp_path / 'read.db'}"})
    async with History(fresh, {PRIMARY_CHAIN_ID: 12}) as history:
        assert await history.supply() == SupplyView("0", "0", "0", "0", "0")
        readings = (pages.claims, pages.redemptions, pages.blocks)
        assert [await history.ask(reading, 10, None) for reading in readings] == [[]] * 3
        assert await history.provider_views(await history.ask(pages.providers, 10, 0)) == []
        assert await history.deposits(bytes(20), 5) == await history.withdrawals(bytes(20), 5) == []
        assert (await history.trades(0, 5, None), await history.order(1)) == ([], None)
        (chain,) = await history.chains()
        assert (chain.head, chain.indexed, chain.lag) == ("12", "0", "12")


async def test_a_database_that_is_away_is_unavailable() -> None:
    away = network().model_copy(update={"database_url": "postgresql://nobody@127.0.0.1:1/none"})
    async with History(away, {}) as history:
        with pytest.raises(Unavailable):
            await history.supply()


def test_the_ratio_is_collateral_over_par_value() -> None:
    assert collateral_ratio_bps(collateral=72 * 10**6, outstanding_cu=1_000 * WAD) == 12_000
    assert collateral_ratio_bps(collateral=1, outstanding_cu=0) is None


@given(st.integers(0, 10**15), st.integers(1, 10**30))
def test_the_ratio_never_flatters(collateral: int, outstanding: int) -> None:
    ratio = collateral_ratio_bps(collateral, outstanding)
    assert ratio is not None
    assert ratio * outstanding * 6 <= collateral * 10**4 * 10**14
