"""What is read from the chains fits what the API says that it answers."""

from __future__ import annotations

import msgspec

from stab3l.api.chain_views import CapacityView
from stab3l.watch.backing import Backing, Board, Summons


def test_the_backing_board_is_the_capacity_that_is_documented() -> None:
    address = "0x" + "a" * 40
    one = Backing(
        provider=address, method=3, compute_class=1, outstanding=10, pending=1, promised_rate=5, promised_until=90_000,
        verified_rate=4, verified_at=7, credit_bps=10_000, deliverable=8, collateral=3, collateral_required=2,
        liquidation=False, premium_bps=(0, 10, 20),
    )  # fmt: skip
    board = Board(block=4, time=1_000, supply=10, providers=(one,), summons=Summons(1, 2, 3, 4))
    view = msgspec.convert(board.as_dict(), CapacityView)
    assert (view.providers[0].outstanding, view.providers[0].spare) == ("10", "7")
    assert msgspec.to_builtins(view) == msgspec.to_builtins(board.as_dict()) | {
        "providers": [msgspec.to_builtins(view)["providers"][0]]
    }
