"""Answers of the API in ccxt's shapes. Pure; numbers stay strings, and ccxt makes of them what it is told to."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from msgspec import to_builtins

from stab3l.api.answers import (
    AssetView,
    FillView,
    MarketView,
    OrderPlaced,
    OrderView,
    PositionView,
    Ticker,
    TradeView,
)
from stab3l.api.grid import decimal_text
from stab3l.client.trading import whole_tokens

STATES = {"open": "open", "filled": "closed", "cancelled": "canceled", "expired": "expired"}
NANOSECONDS_PER_MILLISECOND = 10**6
FIRST_PLAUSIBLE_MS, LAST_PLAUSIBLE_MS = 1_577_836_800_000, 4_102_444_800_000
"""2020 and 2100: client ids of this SDK are times, those of others need not be."""


def milliseconds(nanoseconds: str | int) -> int:
    """Milliseconds since 1970 of the exchange's nanoseconds."""
    return int(nanoseconds) // NANOSECONDS_PER_MILLISECOND


def iso(at_ms: int | None) -> str | None:
    """ISO 8601 of milliseconds, as ccxt writes it."""
    if at_ms is None:
        return None
    seconds, rest = divmod(at_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03}Z"


def market_shape(view: MarketView, settles: AssetView | None, fraction: Any) -> dict[str, Any]:
    """A market. ``settles``: what a contract settles in; ``fraction`` makes ccxt's number of a decimal string.

    An amount is in units of the underlying, so every contract is one unit and amount x price is what it is worth.
    """
    largest = decimal_text(Fraction(view.quantity_step) * int(view.max_lots))
    step, tick = fraction(view.quantity_step), fraction(view.price_step)
    return {
        **(_spot(view) if settles is None else _contract(view, settles, fraction)),
        "id": view.symbol,
        "margin": False,
        "swap": False,
        "active": view.status == "open" and view.settlement_price is None,
        "maker": fraction(decimal_text(Fraction(view.maker_fee_ppm, 10**6))),
        "taker": fraction(decimal_text(Fraction(view.taker_fee_ppm, 10**6))),
        "percentage": True,
        "tierBased": False,
        "precision": {"amount": step, "price": tick},
        "limits": {
            "amount": {"min": step, "max": fraction(largest)},
            "price": {"min": tick, "max": None},
            "cost": {"min": None, "max": None},
            "leverage": {"min": None, "max": None},
        },
        "info": to_builtins(view),
    }


def _spot(view: MarketView) -> dict[str, Any]:
    base, _, quote = view.symbol.partition("-")
    return {
        "symbol": f"{base}/{quote}",
        "base": base,
        "quote": quote,
        "baseId": str(view.base_asset),
        "quoteId": str(view.quote_asset),
        "type": "spot",
        "spot": True,
        "future": False,
        "option": False,
        "contract": False,
    }


def _contract(view: MarketView, settles: AssetView, fraction: Any) -> dict[str, Any]:
    """A future (``sSTB/USDC:USDC-261225``) or an option (``-0.06-C`` after it); the hour where it is not 08:00 UTC."""
    assert view.underlying is not None
    assert view.expiry is not None
    ends = milliseconds(view.expiry)
    at = datetime.fromtimestamp(ends // 1000, UTC)
    day = f"{at:%y%m%d}" + ("" if (at.hour, at.minute, at.second) == (8, 0, 0) else f"T{at:%H%M%S}")
    symbol, optional = f"{view.underlying}/{settles.symbol}:{settles.symbol}-{day}", view.kind != "future"
    return {
        "symbol": f"{symbol}-{view.strike}-{view.kind[0].upper()}" if optional else symbol,
        "base": view.underlying,
        "quote": settles.symbol,
        "settle": settles.symbol,
        "baseId": view.underlying,
        "quoteId": str(view.quote_asset),
        "settleId": str(view.quote_asset),
        "type": "option" if optional else "future",
        "spot": False,
        "future": not optional,
        "option": optional,
        "contract": True,
        "linear": True,
        "inverse": False,
        "contractSize": fraction("1"),
        "expiry": ends,
        "expiryDatetime": iso(ends),
        "strike": fraction(view.strike) if optional else None,
        "optionType": view.kind if optional else None,
    }


def position_shape(view: PositionView, symbol: str, settles: AssetView) -> dict[str, Any]:
    """A position; its margin is shared with all others of the account."""
    notional = decimal_text(Fraction(view.quantity) * Fraction(view.mark))
    return {
        "symbol": symbol,
        "side": view.side,
        "contracts": view.quantity,
        "contractSize": "1",
        "entryPrice": view.entry_price,
        "markPrice": view.mark,
        "notional": notional,
        "unrealizedPnl": whole_tokens(int(view.value), settles.decimals),
        "marginMode": "cross",
        "hedged": False,
        "info": to_builtins(view),
    }


def currency_shape(view: AssetView, fraction: Any) -> dict[str, Any]:
    """A token of a chain."""
    return {
        "id": str(view.asset),
        "code": view.symbol,
        "name": view.symbol,
        "active": True,
        "deposit": True,
        "withdraw": True,
        "precision": fraction(decimal_text(Fraction(1, 10**view.decimals))),
        "networks": {},
        "limits": {},
        "info": to_builtins(view),
    }


def ticker_shape(ticker: Ticker) -> dict[str, Any]:
    """Twenty-four hours."""
    at = milliseconds(ticker.at or 0) or None
    return {
        "timestamp": at,
        "datetime": iso(at),
        "bid": ticker.best_bid,
        "bidVolume": ticker.best_bid_quantity,
        "ask": ticker.best_ask,
        "askVolume": ticker.best_ask_quantity,
        "last": ticker.last,
        "close": ticker.last,
        "open": ticker.open_24h,
        "high": ticker.high_24h,
        "low": ticker.low_24h,
        "baseVolume": ticker.volume_24h,
        "quoteVolume": ticker.quote_volume_24h,
        "markPrice": ticker.mark,
        "indexPrice": ticker.index,
        "info": to_builtins(ticker),
    }


def trade_shape(trade: TradeView, symbol: str) -> dict[str, Any]:
    """A public trade."""
    at = milliseconds(trade.at)
    return {
        "id": trade.trade_id,
        "timestamp": at,
        "datetime": iso(at),
        "symbol": symbol,
        "side": trade.side,
        "price": trade.price,
        "amount": trade.quantity,
        "info": to_builtins(trade),
    }


def fill_shape(fill: FillView, symbol: str, fee_asset: AssetView) -> dict[str, Any]:
    """An own trade."""
    at = milliseconds(fill.at)
    fee = whole_tokens(int(fill.fee), fee_asset.decimals)
    return {
        "id": fill.trade_id,
        "order": fill.order_id,
        "timestamp": at,
        "datetime": iso(at),
        "symbol": symbol,
        "side": fill.side,
        "takerOrMaker": fill.role,
        "price": fill.price,
        "amount": fill.quantity,
        "fee": {"cost": fee, "currency": fee_asset.symbol},
        "info": to_builtins(fill),
    }


def order_shape(view: OrderView, symbol: str) -> dict[str, Any]:
    """An order as it is known, without its trades."""
    at = created_ms(view.client_id)
    filled = None if view.quantity is None else decimal_text(Fraction(view.quantity) - Fraction(view.remaining))
    return {
        "id": view.order_id,
        "clientOrderId": view.client_id,
        "timestamp": at,
        "datetime": iso(at),
        "symbol": symbol,
        "type": "market" if view.type.endswith("market") else "limit",
        "timeInForce": view.time_in_force.upper(),
        "postOnly": "post_only" in view.instructions,
        "reduceOnly": "reduce_only" in view.instructions,
        "side": view.side,
        "price": view.price,
        "triggerPrice": view.trigger_price,
        "amount": view.quantity,
        "filled": filled,
        "remaining": view.remaining,
        "status": STATES[view.state],
        "info": to_builtins(view),
    }


def placed_shape(placed: OrderPlaced, symbol: str, asked: dict[str, Any], fee_asset: AssetView) -> dict[str, Any]:
    """An order just placed or amended; ``asked`` holds side, type and amount."""
    at = milliseconds(placed.at)
    cost = sum((Fraction(fill.price) * Fraction(fill.quantity) for fill in placed.fills), Fraction(0))
    filled = Fraction(placed.filled)
    fee = sum(int(fill.fee) for fill in placed.fills)
    total = decimal_text(filled + Fraction(placed.remaining))
    return {
        "id": placed.order_id,
        "clientOrderId": placed.client_id,
        "timestamp": at,
        "datetime": iso(at),
        "lastTradeTimestamp": at if placed.fills else None,
        "symbol": symbol,
        **asked,
        "amount": asked.get("amount") or total,
        "price": placed.price,
        "cost": decimal_text(cost),
        "average": rounded_down(cost / filled) if filled else None,
        "filled": placed.filled,
        "remaining": placed.remaining,
        "status": STATES[placed.state],
        "fee": {"cost": whole_tokens(fee, fee_asset.decimals), "currency": fee_asset.symbol},
        "info": to_builtins(placed),
    }


def created_ms(client_id: str | None) -> int | None:
    """When an order was made, as far as its client id is this SDK's, a time in nanoseconds."""
    at = milliseconds(client_id or "0")
    return at if FIRST_PLAUSIBLE_MS <= at <= LAST_PLAUSIBLE_MS else None


def rounded_down(value: Fraction, places: int = 12) -> str:
    """A decimal of at most so many places."""
    return decimal_text(Fraction(value * 10**places // 1, 10**places))
