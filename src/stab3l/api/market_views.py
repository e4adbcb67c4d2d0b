"""Markets, orders and trades in decimals: from the engine's values to what the API answers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from stab3l.api.answers import AssetView, MarketView, OrderView, ProofView, ProtectionView, Ticker, TradeView
from stab3l.api.catalogue import NamedAsset, NamedMarket
from stab3l.api.exchange import Book, Order, Proof, Protection
from stab3l.api.feed import KnownOrder, TimedTrade
from stab3l.api.grid import decimal_text
from stab3l.api.history import Candle, PastOrder, PastTrade
from stab3l.api.outcomes import order_state, side_name
from stab3l.chain.address import checksum
from stab3l.engine.wire import Instruction, OrderAccepted, OrderType, SelfTrade, TimeInForce
from stab3l.units import BASIS_POINTS
from stab3l.watch import values


def asset_view(named: NamedAsset) -> AssetView:
    """A token of a chain."""
    asset = named.asset
    return AssetView(asset.id, named.symbol, asset.chain_id, checksum(asset.token), asset.decimals)


def market_view(named: NamedMarket) -> MarketView:
    """A market and its steps."""
    market = named.market
    return MarketView(
        market=market.id,
        symbol=named.symbol,
        base_asset=market.base_asset,
        quote_asset=market.quote_asset,
        price_step=decimal_text(named.grid.price_step),
        quantity_step=decimal_text(named.grid.quantity_step),
        lot=str(market.lot),
        tick=str(market.tick),
        max_lots=str(market.max_lots),
        maker_fee_ppm=market.maker_fee_ppm,
        taker_fee_ppm=market.taker_fee_ppm,
        band_ppm=market.band_ppm,
        mark=named.price(market.mark) if market.mark else None,
        status="open" if market.open else "halted",
        **_contract_terms(named),
    )


def _contract_terms(named: NamedMarket) -> dict[str, Any]:
    """What a future or an option is; nothing of a spot market."""
    contract = named.contract
    if contract is None:
        return {}
    terms = contract.instrument
    return {
        "kind": contract.kind.name.lower(),
        "underlying": contract.underlying.name,
        "expiry": str(terms.expiry),
        "strike": named.price(terms.strike) if terms.strike else None,
        "settlement_price": named.price(terms.settlement_ticks) if terms.settled else None,
        "open_interest": named.quantity(terms.open_interest),
    }


def known_view(market: NamedMarket, known: KnownOrder) -> OrderView:
    """An order as the stream told it."""
    order = known.accepted
    return OrderView(
        order_id=str(order.order),
        market=market.symbol,
        side=side_name(order.side),
        price=market.price(known.ticks),
        remaining=market.quantity(known.lots_left),
        state=order_state(known.closed),
        client_id=str(order.client_id),
        quantity=market.quantity(order.lots),
        **_terms(market, order),
    )


def resting_view(market: NamedMarket, resting: Order, known: KnownOrder | None) -> OrderView:
    """A resting or waiting order, with what the stream knows of it."""
    return OrderView(
        order_id=str(resting.id),
        market=market.symbol,
        side=side_name(resting.side),
        price=market.price(resting.ticks),
        remaining=market.quantity(resting.lots),
        state="open",
        client_id=str(resting.client_id),
        quantity=market.quantity(known.accepted.lots) if known else None,
        **_terms(market, known.accepted if known else resting),
    )


def past_view(market: NamedMarket, past: PastOrder) -> OrderView:
    """An order of the index."""
    return OrderView(
        order_id=str(past.order_id),
        market=market.symbol,
        side=side_name(past.side),
        price=market.price(past.ticks),
        remaining=market.quantity(past.lots_left),
        state=past.state,
        client_id=str(past.client_id),
        quantity=market.quantity(past.lots),
        **_terms(market, past),
    )


def _terms(market: NamedMarket, order: OrderAccepted | Order | PastOrder) -> dict[str, Any]:
    return {
        "type": OrderType(order.order_type).name.lower(),
        "time_in_force": TimeInForce(order.time_in_force).name.lower(),
        "instructions": [str(one.name).lower() for one in Instruction if order.instructions & one],
        "self_trade": SelfTrade(order.self_trade).name.lower(),
        "label": order.label,
        "good_till": str(order.good_till) if order.good_till else None,
        "trigger_price": market.price(order.trigger_ticks) if order.trigger_ticks else None,
    }


def protection_view(market: NamedMarket, one: Protection) -> ProtectionView:
    """A market-maker protection."""
    return ProtectionView(
        market=market.symbol,
        window=str(one.window),
        quantity=market.quantity(one.max_lots),
        frozen=str(one.frozen),
        window_start=str(one.window_start),
        counted=market.quantity(one.counted),
        frozen_until=str(one.frozen_until),
    )


def past_trade_view(market: NamedMarket, past: PastTrade) -> TradeView:
    """A trade of the index."""
    return TradeView(
        trade_id=str(past.trade_id),
        market=market.symbol,
        side=side_name(past.taker_side),
        price=market.price(past.ticks),
        quantity=market.quantity(past.lots),
        sequence=str(past.sequence),
        at=str(past.at),
    )


def candle_view(market: NamedMarket, row: values.Candle) -> Candle:
    """A candle in decimals."""
    return Candle(
        start=str(row.start),
        open=market.price(row.open),
        high=market.price(row.high),
        low=market.price(row.low),
        close=market.price(row.close),
        volume=market.quantity(row.lots),
        quote_volume=quote_volume(market, row.notional),
        trades=row.trades,
    )


def quote_volume(market: NamedMarket, notional: int) -> str:
    """Whole quote tokens of a sum of lots x ticks."""
    grid = market.grid
    return decimal_text(notional * grid.price_step * grid.quantity_step)


def ticker_view(market: NamedMarket, book: Book, last: tuple[int, int] | None, day: list[values.Candle]) -> Ticker:
    """A market at a glance. ``last``: ticks and time of the last trade; ``day``: candles of the last 24 hours."""
    opened, now = (day[0].open if day else None), (last[0] if last else None)
    change = None if opened is None or now is None else int(Fraction((now - opened) * BASIS_POINTS, opened))
    return Ticker(
        market=market.symbol,
        last=market.price(now) if now is not None else None,
        **_best(market, "bid", book.bids),
        **_best(market, "ask", book.asks),
        mark=market.price(market.market.mark) if market.market.mark else None,
        index=_index(market),
        open_interest=market.quantity(market.contract.instrument.open_interest) if market.contract else None,
        open_24h=market.price(opened) if opened is not None else None,
        high_24h=market.price(max(one.high for one in day)) if day else None,
        low_24h=market.price(min(one.low for one in day)) if day else None,
        volume_24h=market.quantity(sum(one.lots for one in day)),
        quote_volume_24h=quote_volume(market, sum(one.notional for one in day)),
        change_24h_bps=change,
        trades_24h=sum(one.trades for one in day),
        at=str(last[1]) if last else "0",
    )


def _best(market: NamedMarket, side: str, levels: tuple[tuple[int, int], ...]) -> dict[str, Any]:
    price, quantity = (market.price(levels[0][0]), market.quantity(levels[0][1])) if levels else (None, None)
    return {f"best_{side}": price, f"best_{side}_quantity": quantity}


def _index(market: NamedMarket) -> str | None:
    if market.contract is None or not market.contract.underlying.underlying.index:
        return None
    return market.price(market.contract.underlying.underlying.index)


def proof_view(
    proof: Proof, leaf: bytes, chain_id: int, token: bytes, owner: bytes, recipient: bytes | None
) -> ProofView:
    """A Merkle proof and what its leaf is made from."""
    return ProofView(
        leaf="0x" + leaf.hex(),
        index=str(proof.index),
        siblings=["0x" + sibling.hex() for sibling in proof.siblings],
        root="0x" + proof.root.hex(),
        block=str(proof.block),
        chain_id=chain_id,
        token=checksum(token),
        owner=checksum(owner),
        recipient=checksum(recipient) if recipient is not None else None,
        amount=str(proof.amount),
    )


def trade_view(market: NamedMarket, timed: TimedTrade) -> TradeView:
    """A trade in decimals."""
    trade = timed.trade
    return TradeView(
        trade_id=str(trade.trade),
        market=market.symbol,
        side=side_name(trade.taker_side),
        price=market.price(trade.ticks),
        quantity=market.quantity(trade.lots),
        sequence=str(trade.sequence),
        at=str(timed.at),
    )
