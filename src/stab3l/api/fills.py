"""A trade as one of its two accounts had it."""

from __future__ import annotations

from typing import Literal

import msgspec

from stab3l.api.catalogue import NamedMarket
from stab3l.api.outcomes import side_name
from stab3l.engine.wire import Side
from stab3l.watch.values import Trade


class FillView(msgspec.Struct, frozen=True):
    """One of an account's trades. ``fee``: base units of ``fee_asset``, the asset received."""

    trade_id: str
    order_id: str
    market: str
    side: Literal["buy", "sell"]
    role: Literal["maker", "taker"]
    price: str
    quantity: str
    fee: str
    fee_asset: int
    sequence: str
    at: str


def fill_view(market: NamedMarket, row: Trade, account: int) -> FillView:
    """A trade as the account had it; one with itself as the taker's."""
    takes = row.taker_account == account
    buys = (row.taker_side == Side.BUY) == takes
    return FillView(
        trade_id=str(row.trade_id),
        order_id=str(row.taker_order if takes else row.maker_order),
        market=market.symbol,
        side=side_name(Side.BUY if buys else Side.SELL),
        role="taker" if takes else "maker",
        price=market.price(row.ticks),
        quantity=market.quantity(row.lots),
        fee=str(row.taker_fee if takes else row.maker_fee),
        fee_asset=market.market.base_asset if buys else market.market.quote_asset,
        sequence=str(row.sequence),
        at=str(row.at),
    )
