"""What ccxt wants to know of an exchange before it talks to it."""

from __future__ import annotations

from typing import Any, Final

from ccxt.base.decimal_to_precision import TICK_SIZE
from ccxt.base.errors import (
    AuthenticationError,
    BadRequest,
    BadSymbol,
    DuplicateOrderId,
    ExchangeError,
    ExchangeNotAvailable,
    InsufficientFunds,
    InvalidNonce,
    InvalidOrder,
    MarketClosed,
    OrderImmediatelyFillable,
    OrderNotFillable,
    OrderNotFound,
    PermissionDenied,
    RateLimitExceeded,
)

HAS: Final = (
    "spot future option fetchPositions fetchPosition fetchMarkPrice fetchMarkPrices fetchOpenInterest "
    "fetchMarkets fetchCurrencies fetchTime fetchStatus fetchTicker fetchTickers fetchOrderBook "
    "fetchL2OrderBook fetchTrades fetchOHLCV fetchBalance createOrder createOrders createLimitOrder "
    "createMarketOrder createPostOnlyOrder createTriggerOrder createStopOrder createStopLimitOrder "
    "createStopMarketOrder createReduceOnlyOrder editOrder cancelOrder cancelOrders cancelAllOrders "
    "cancelAllOrdersAfter fetchOrder fetchOrders fetchOpenOrders fetchClosedOrders fetchMyTrades "
    "fetchOrderTrades fetchDeposits fetchWithdrawals withdraw fetchTradingFee fetchTradingFees"
).split()
WATCHED: Final = "ws watchOrderBook watchTrades".split()
NOT: Final = "margin swap fetchFundingRate fetchFundingRates setLeverage setMarginMode".split()
"""Nothing here is perpetual, so nothing is funded; margin is one for all positions of an account."""

INTERVALS: Final = ("1m", "5m", "15m", "1h", "4h", "1d")

ERRORS: Final = {
    "signature_missing": AuthenticationError,
    "signature_invalid": AuthenticationError,
    "signer_mismatch": AuthenticationError,
    "account_unknown": AuthenticationError,
    "credential_missing": AuthenticationError,
    "scope_missing": PermissionDenied,
    "request_expired": InvalidNonce,
    "request_too_far": InvalidNonce,
    "client_id_reused": DuplicateOrderId,
    "market_unknown": BadSymbol,
    "market_halted": MarketClosed,
    "market_expired": MarketClosed,
    "order_unknown": OrderNotFound,
    "order_not_found": OrderNotFound,
    "funds_short": InsufficientFunds,
    "margin_short": InsufficientFunds,
    "post_only_would_take": OrderImmediatelyFillable,
    "fill_or_kill_short": OrderNotFillable,
    "rate_limited": RateLimitExceeded,
    "too_busy": RateLimitExceeded,
    "unavailable": ExchangeNotAvailable,
    "submission_unknown": ExchangeNotAvailable,
    "internal": ExchangeError,
    "body_invalid": BadRequest,
    **dict.fromkeys(
        "off_grid quantity_zero quantity_too_large price_zero price_too_large price_outside_band notional_overflow "
        "good_till_past reduce_only_refused order_not_amendable decimal_invalid".split(),
        InvalidOrder,
    ),
}

DESCRIPTION: Final[dict[str, Any]] = {
    "id": "stab3l",
    "name": "stab3l",
    "countries": [],
    "version": "v1",
    "rateLimit": 17,
    "certified": False,
    "dex": True,
    "has": {**dict.fromkeys(HAS, True), **dict.fromkeys(NOT, False)},
    "timeframes": {name: name for name in INTERVALS},
    "urls": {"api": {"public": "http://127.0.0.1:8080", "private": "http://127.0.0.1:8080"}, "www": "", "doc": ""},
    "requiredCredentials": {
        "apiKey": False,
        "secret": False,
        "walletAddress": False,
        "privateKey": True,
    },
    "precisionMode": TICK_SIZE,
    "exceptions": {"exact": ERRORS, "broad": {}},
    "options": {"slippage": "0.05", "defaultType": "spot"},
}
