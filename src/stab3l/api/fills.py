"""A trade as one of its two accounts had it."""

from __future__ import annotations

from stab3l.api.answers import FillView as FillView
from stab3l.api.catalogue import NamedMarket
from stab3l.api.outcomes import side_name
from stab3l.engine.wire import Side, Trade
from stab3l.watch.values import Fill


def fill_view(market: NamedMarket, fill: Fill) -> FillView:
    """One side of a trade in decimals."""
    buys = fill.side == Side.BUY
    return FillView(
        trade_id=str(fill.trade_id),
        order_id=str(fill.order_id),
        market=market.symbol,
        side=side_name(fill.side),
        role="maker" if fill.is_maker else "taker",
        price=market.price(fill.ticks),
        quantity=market.quantity(fill.lots),
        fee=str(fill.fee),
        fee_asset=market.market.base_asset if buys else market.market.quote_asset,
        sequence=str(fill.sequence),
        at=str(fill.at),
    )


def fills_of(event: Trade, account: int, at: int) -> list[Fill]:
    """The sides of a trade that an account had: two of one with itself, the maker's first."""
    sides = []
    for is_maker, own, order, fee in (
        (True, event.maker_account, event.maker_order, event.maker_fee),
        (False, event.taker_account, event.taker_order, event.taker_fee),
    ):
        if own == account:
            side = int(event.taker_side) if not is_maker else 1 - int(event.taker_side)
            what = (event.market, order, is_maker, side, event.ticks, event.lots, fee)
            sides.append(Fill(event.trade, event.sequence, at, *what))
    return sides
