"""A pool that was emptied while its price was flat, and then made steep: refused in words, never a division by zero."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stab3l.peg.errors import CurveOutOfRange
from stab3l.peg.pool import State, Terms, sell_base, sell_quote
from stab3l.units import WAD

FLAT = Terms(WAD, 0, 0, 6, 6)
STEEP = replace(FLAT, slope=WAD // 10)


def emptied() -> State:
    state = sell_quote(FLAT, State.balanced(10**9, 10**9), 2 * 10**9).after
    assert state.base_reserve == 0
    return state


def test_a_flat_pool_that_is_empty_pays_nothing_and_takes_back() -> None:
    assert sell_quote(FLAT, emptied(), 10**6).paid == 0
    assert sell_base(FLAT, emptied(), 10**6).paid == 10**6


@pytest.mark.parametrize("rule", [sell_base, sell_quote])
def test_a_steep_pool_that_is_empty_refuses_both_sides(rule) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(CurveOutOfRange, match="nothing left"):
        rule(STEEP, emptied(), 10**6)
