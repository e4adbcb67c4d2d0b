"""ccxt's unified methods over the SDK's core, each written once as steps: the sync and async classes both run them."""

from __future__ import annotations

from collections.abc import Generator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ccxt.base.errors import ArgumentsRequired, BadRequest, InvalidOrder

from stab3l.api.answers import AssetView, Level, OrderPlaced, OrderView, Page, TradeView
from stab3l.api.grid import decimal_text
from stab3l.client import calls
from stab3l.client.ccxt.shapes import (
    currency_shape,
    fill_shape,
    iso,
    market_shape,
    milliseconds,
    order_shape,
    placed_shape,
    position_shape,
    ticker_shape,
    trade_shape,
)
from stab3l.client.problems import ApiProblem
from stab3l.client.trading import NewOrder, Trading, whole_tokens
from stab3l.errors import Stab3lError

T = TypeVar("T")
LOAD: Final = object()
"""A step that has ccxt load its markets."""

Steps = Generator[Any, Any, T]
LIMIT_MAX: Final = 500
CLIENT_ID_MAX: Final = 2**64


class Duties:
    """The methods as steps. The class that runs them is a ccxt exchange; ``trading`` is made by it."""

    trading: Trading
    parse_number: Any
    parse_order: Any
    options: dict[str, Any]
    session_ends: int
    token: str

    def fetch_time(self, params: Any = None) -> Steps[int]:
        """Milliseconds since 1970 at the API."""
        return milliseconds((yield calls.time()).now)

    def fetch_status(self, params: Any = None) -> Steps[Any]:
        """ok, or what is down."""
        found = yield calls.status()
        down = found.down
        return {"status": "maintenance" if down else "ok", "updated": milliseconds(found.time), "info": down}

    def fetch_markets(self, params: Any = None) -> Steps[Any]:
        """All markets: spot, futures and options."""
        found = yield calls.markets()
        assets = {view.asset: view for view in found.assets}
        return [
            market_shape(view, None if view.kind == "spot" else assets[view.quote_asset], self.parse_number)
            for view in found.markets
        ]

    def fetch_currencies(self, params: Any = None) -> Steps[dict[str, Any]]:
        """All tokens."""
        found = yield calls.markets()
        traded = {asset for view in found.markets for asset in (view.base_asset, view.quote_asset)}
        ordered = sorted(found.assets, key=lambda view: view.asset in traded)
        return {view.symbol: currency_shape(view, self.parse_number) for view in ordered}

    def fetch_ticker(self, symbol: str, params: Any = None) -> Steps[Any]:
        """One market's last 24 hours."""
        market = yield from self._market(symbol)
        return self.safe_ticker({**ticker_shape((yield calls.ticker(market["id"]))), "symbol": symbol}, market)

    def fetch_tickers(self, symbols: list[str] | None = None, params: Any = None) -> Steps[dict[str, Any]]:
        """Every market's last 24 hours."""
        yield LOAD
        found = {}
        for ticker in (yield calls.tickers()).items:
            symbol = self._symbol(ticker.market)
            if symbol is not None and (symbols is None or symbol in symbols):
                found[symbol] = self.safe_ticker({**ticker_shape(ticker), "symbol": symbol}, self.markets[symbol])
        return found

    def fetch_mark_price(self, symbol: str, params: Any = None) -> Steps[Any]:
        """What a market's positions are valued at; of a spot market what its conditional orders watch."""
        return (yield from Duties.fetch_ticker(self, symbol, params))

    def fetch_mark_prices(self, symbols: list[str] | None = None, params: Any = None) -> Steps[dict[str, Any]]:
        """The same of several."""
        return (yield from Duties.fetch_tickers(self, symbols, params))

    def fetch_open_interest(self, symbol: str, params: Any = None) -> Steps[Any]:
        """How much of a future or an option is held, in units of the underlying."""
        market = yield from self._market(symbol)
        ticker = yield calls.ticker(market["id"])
        told = {"symbol": symbol, "openInterestAmount": ticker.open_interest, "info": {}}
        return self.safe_open_interest(told, market)

    def fetch_positions(self, symbols: list[str] | None = None, params: Any = None) -> Steps[Any]:
        """What the key's account holds of futures and options."""
        yield LOAD
        told = []
        for view in (yield from self.trading.positions()).items:
            symbol = self._symbol(view.market)
            if symbol is None or (symbols is not None and symbol not in symbols):
                continue
            settles = yield from self.trading.asset(int(self.markets[symbol]["settleId"]))
            shape = position_shape(view, symbol, settles)
            number = ("contracts", "contractSize", "entryPrice", "markPrice", "notional", "unrealizedPnl")
            shape |= {name: self.parse_number(shape[name]) for name in number}
            told.append(self.safe_position(shape))
        return told

    def fetch_position(self, symbol: str, params: Any = None) -> Steps[Any]:
        """The position in one market; None where there is none."""
        found = yield from Duties.fetch_positions(self, [symbol])
        return found[0] if found else None

    def fetch_order_book(self, symbol: str, limit: int | None = None, params: Any = None) -> Steps[Any]:
        """The best levels."""
        market = yield from self._market(symbol)
        book = yield calls.book(market["id"], min(limit or 100, 200))
        sides = {"bids": _levels(book.bids), "asks": _levels(book.asks)}
        return self.parse_order_book(sides, symbol, self.milliseconds())

    def fetch_l2_order_book(self, symbol: str, limit: int | None = None, params: Any = None) -> Steps[Any]:
        """The same: levels are aggregated by price."""
        return (yield from Duties.fetch_order_book(self, symbol, limit, params))

    def fetch_trades(
        self, symbol: str, since: int | None = None, limit: int | None = None, params: Any = None
    ) -> Steps[Any]:
        """Public trades, oldest first."""
        market = yield from self._market(symbol)
        page: Page[TradeView] = yield calls.trades(market["id"], min(limit or 100, 1000))
        trades = [self.safe_trade(trade_shape(one, symbol), market) for one in page.items]
        return self.filter_by_symbol_since_limit(self.sort_by(trades, "timestamp"), symbol, since, limit)

    def fetch_ohlcv(
        self,
        symbol: str,
        timeframe: str = "1m",
        since: int | None = None,
        limit: int | None = None,
        params: Any = None,
    ) -> Steps[Any]:
        """Candles, oldest first."""
        market = yield from self._market(symbol)
        start = None if since is None else since // 1000
        page = yield calls.candles(market["id"], timeframe, start=start, limit=min(limit or LIMIT_MAX, 1000))
        number = self.parse_number
        return [
            [int(one.start) * 1000, *map(number, (one.open, one.high, one.low, one.close, one.volume))]
            for one in page.items
        ]

    def fetch_balance(self, params: Any = None) -> Steps[Any]:
        """What the key's account has."""
        yield LOAD
        found = yield from self.trading.account()
        balance: dict[str, Any] = {"info": {"account": found.account}, "timestamp": None, "datetime": None}
        for one in found.balances:
            free, used = (whole_tokens(int(part), one.decimals) for part in (one.available, one.held))
            balance[one.symbol] = {"free": free, "used": used}
        return self.safe_balance(balance)

    def create_order(
        self,
        symbol: str,
        type: str,
        side: str,
        amount: Any,
        price: Any = None,
        params: Any = None,
    ) -> Steps[Any]:
        """Signs and places an order. A market order is one that may pay up to ``slippage`` beyond the best price."""
        new = yield from self._new_order(symbol, type, side, amount, price, dict(params or {}))
        terms = {key: value for key, value in new.items() if key not in ("market", "side", "price", "quantity")}
        placed = yield from self._refusing(
            self.trading.place(new["market"], new["side"], new["price"], new["quantity"], **terms)  # type: ignore[arg-type]
        )
        return (yield from self._placed(placed, symbol, new))

    def create_orders(self, orders: list[Any], params: Any = None) -> Steps[Any]:
        """A batch of orders, sequenced together; a refused one has status rejected."""
        news = []
        for one in orders:
            terms = dict(one.get("params") or {})
            news.append(
                (
                    yield from self._new_order(
                        one["symbol"], one["type"], one["side"], one["amount"], one.get("price"), terms
                    )
                )
            )
        told = []
        for new, one, done in zip(
            news, orders, (yield from self._refusing(self.trading.place_many(news))), strict=True
        ):
            if isinstance(done, OrderPlaced):
                told.append((yield from self._placed(done, one["symbol"], new)))
            else:
                told.append(
                    self.safe_order({"id": None, "symbol": one["symbol"], "status": "rejected", "info": done.values})
                )
        return told

    def edit_order(
        self,
        id: str,
        symbol: str,
        type: str,
        side: str,
        amount: Any = None,
        price: Any = None,
        params: Any = None,
    ) -> Steps[Any]:
        """Amends a resting order: ``amount`` is what is to be left of it."""
        market = yield from self._market(symbol)
        known: OrderView = yield calls.order(int(id))
        quantity = known.remaining if amount is None else self.amount_to_precision(symbol, amount)
        wanted = known.price if price is None else self.price_to_precision(symbol, price)
        amend = self.trading.amend(int(id), _plain(wanted), _plain(quantity), market=market["id"])
        placed = yield from self._refusing(amend)
        return (yield from self._placed(placed, symbol, {"side": known.side, "type": known.type}))

    def cancel_order(self, id: str, symbol: str | None = None, params: Any = None) -> Steps[Any]:
        """Takes a resting order off the book."""
        yield LOAD
        done = yield from self._refusing(self.trading.cancel(int(id)))
        symbol = self._symbol(done.market)
        left = {"id": done.order_id, "symbol": symbol, "status": "canceled", "remaining": done.remaining}
        return self.safe_order({**left, "info": {"sequence": done.sequence}})

    def cancel_orders(self, ids: list[str], symbol: str | None = None, params: Any = None) -> Steps[Any]:
        """Several, one after the other."""
        told = []
        for one in ids:
            told.append((yield from Duties.cancel_order(self, one, symbol)))
        return told

    def cancel_all_orders(self, symbol: str | None = None, params: Any = None) -> Steps[Any]:
        """All of them, or those of a market."""
        market = (yield from self._market(symbol)) if symbol else None
        done = yield from self._refusing(self.trading.cancel_all(market and market["id"]))
        return [
            self.safe_order({"id": one, "symbol": symbol, "status": "canceled", "info": {}}) for one in done.order_ids
        ]

    def cancel_all_orders_after(self, timeout: int | None, params: Any = None) -> Steps[Any]:
        """A dead man's switch: in ``timeout`` milliseconds; None or 0 clears it."""
        done = yield from self._refusing(self.trading.schedule_cancel(timeout // 1000 if timeout else None))
        return {"info": {"cancel_at": done.cancel_at}}

    def fetch_order(self, id: str, symbol: str | None = None, params: Any = None) -> Steps[Any]:
        """One order with its trades."""
        yield LOAD
        view: OrderView = yield calls.order(int(id))
        return (yield from self._order_with_trades(view))

    def fetch_orders(
        self, symbol: str | None = None, since: int | None = None, limit: int | None = None, params: Any = None
    ) -> Steps[Any]:
        """Open and closed orders of the key's account."""
        yield LOAD
        page: Page[OrderView] = yield from self.trading.orders(limit=LIMIT_MAX)
        told = [
            self.safe_order(order_shape(one, known), self.markets[known])
            for one in page.items
            if (known := self._symbol(one.market)) is not None
        ]
        return self.filter_by_symbol_since_limit(self.sort_by(told, "timestamp"), symbol, since, limit)

    def fetch_open_orders(
        self, symbol: str | None = None, since: int | None = None, limit: int | None = None, params: Any = None
    ) -> Steps[Any]:
        """Resting orders, from the exchange itself rather than from its index."""
        yield LOAD
        views = (yield from self.trading.account()).open_orders
        told = [
            self.safe_order(order_shape(one, known), self.markets[known])
            for one in views
            if (known := self._symbol(one.market)) is not None
        ]
        return self.filter_by_symbol_since_limit(self.sort_by(told, "timestamp"), symbol, since, limit)

    def fetch_closed_orders(
        self, symbol: str | None = None, since: int | None = None, limit: int | None = None, params: Any = None
    ) -> Steps[Any]:
        """Orders that are filled, cancelled or expired."""
        found = yield from Duties.fetch_orders(self, symbol, since, None)
        return self.filter_by_limit([one for one in found if one["status"] != "open"], limit)

    def fetch_my_trades(
        self, symbol: str | None = None, since: int | None = None, limit: int | None = None, params: Any = None
    ) -> Steps[Any]:
        """Own trades; signs in with the key first."""
        market = (yield from self._market(symbol)) if symbol else None
        told = yield from self._fills(market and market["id"])
        return self.filter_by_symbol_since_limit(self.sort_by(told, "timestamp"), symbol, since, limit)

    def fetch_order_trades(
        self,
        id: str,
        symbol: str | None = None,
        since: int | None = None,
        limit: int | None = None,
        params: Any = None,
    ) -> Steps[Any]:
        """The trades of one order."""
        told = yield from Duties.fetch_my_trades(self, symbol, since)
        return [one for one in told if one["order"] == id]

    def fetch_deposits(
        self, code: str | None = None, since: int | None = None, limit: int | None = None, params: Any = None
    ) -> Steps[Any]:
        """Deposits of the key's account."""
        yield LOAD
        found = (yield from self.trading.account()).deposits or []
        states = {"credited": "ok", "confirmed": "pending", "pending": "pending"}
        told = [
            self._transaction("deposit", f"{one.chain_id}-{one.ordinal}", one, states[one.state], one.tx_hash)
            for one in found
        ]
        return [one for one in told if code in (None, one["currency"])][:limit]

    def fetch_withdrawals(
        self, code: str | None = None, since: int | None = None, limit: int | None = None, params: Any = None
    ) -> Steps[Any]:
        """Withdrawals of the key's account."""
        yield LOAD
        found = (yield from self.trading.account()).withdrawals or []
        told = [
            self._transaction(
                "withdrawal",
                one.withdrawal_id,
                one,
                "ok" if one.state == "paid" else "pending",
                one.paid_tx,
                one.recipient,
            )
            for one in found
        ]
        return [one for one in told if code in (None, one["currency"])][:limit]

    def withdraw(
        self, code: str, amount: Any, address: str | None, tag: str | None = None, params: Any = None
    ) -> Steps[Any]:
        """Takes tokens home, to the key's own address unless another is given."""
        yield LOAD
        plain = _plain(self.number_to_string(amount))
        done = yield from self._refusing(self.trading.withdraw(code, plain, recipient=address or None))
        at = milliseconds(done.at)
        known = {"id": done.withdrawal_id, "type": "withdrawal", "currency": code, "amount": self.parse_number(plain)}
        return {
            **known,
            "address": done.recipient,
            "status": "pending",
            "timestamp": at,
            "datetime": iso(at),
            "info": {},
        }

    def fetch_trading_fees(self, params: Any = None) -> Steps[dict[str, Any]]:
        """Fees of every market."""
        yield LOAD
        return {symbol: self._fee(market) for symbol, market in self.markets.items()}

    def fetch_trading_fee(self, symbol: str, params: Any = None) -> Steps[Any]:
        """Fees of a market."""
        return self._fee((yield from self._market(symbol)))

    # --- Parts

    def _market(self, symbol: str) -> Steps[Any]:
        yield LOAD
        return self.market(symbol)

    def _symbol(self, market_id: str) -> str | None:
        known = self.markets_by_id.get(market_id)
        return known[0]["symbol"] if known else None

    def _fee(self, market: Any) -> dict[str, Any]:
        return {
            "symbol": market["symbol"],
            "maker": market["maker"],
            "taker": market["taker"],
            "percentage": True,
            "info": {},
        }

    def _refusing(self, steps: Steps[T]) -> Steps[T]:
        """The SDK's own refusals (a price between two steps, an unknown asset) as ccxt's."""
        try:
            return (yield from steps)
        except ApiProblem:
            raise
        except Stab3lError as error:
            raise InvalidOrder(f"stab3l {error.message}") from None

    def _new_order(
        self, symbol: str, type: str, side: str, amount: Any, price: Any, params: dict[str, Any]
    ) -> Steps[NewOrder]:
        market = yield from self._market(symbol)
        trigger = params.pop("triggerPrice", None) or params.pop("stopPrice", None) or params.pop("stopLossPrice", None)
        gains = params.pop("takeProfitPrice", None)
        force = str(params.pop("timeInForce", "GTC")).lower()
        post_only = bool(params.pop("postOnly", False)) or force == "po"
        if type == "market":
            worst = yield from self._worst(market, side, price, params)
            force = "ioc" if force != "fok" else force
        elif price is None:
            raise ArgumentsRequired("stab3l createOrder() of a limit order needs a price")
        else:
            worst = self.price_to_precision(symbol, price)
        new: NewOrder = {
            "market": market["id"],
            "side": "buy" if side == "buy" else "sell",
            "price": _plain(worst),
            "quantity": _plain(self.amount_to_precision(symbol, amount)),
            "type": _kind(type, trigger, gains),  # type: ignore[typeddict-item]
            "time_in_force": "gtc" if force == "po" else force,  # type: ignore[typeddict-item]
            "post_only": post_only,
            "reduce_only": bool(params.pop("reduceOnly", False)),
        }
        if trigger or gains:
            new["trigger_price"] = _plain(self.price_to_precision(symbol, trigger or gains))
        if client_id := params.pop("clientOrderId", None):
            new["client_id"] = _client_id(client_id)
        return new

    def _worst(self, market: Any, side: str, price: Any, params: dict[str, Any]) -> Steps[str]:
        if price is not None:
            return str(self.price_to_precision(market["symbol"], price))
        book = yield calls.book(market["id"], 1)
        levels: list[Level] = book.asks if side == "buy" else book.bids
        if not levels:
            raise InvalidOrder(f"stab3l {market['symbol']} has nobody to trade with: say the worst price")
        slippage = Fraction(str(params.pop("slippage", self.options["slippage"])))
        step = Fraction(market["info"]["price_step"])
        worst = Fraction(levels[0].price) * (1 + slippage if side == "buy" else 1 - slippage)
        return decimal_text(max(worst // step, 1) * step)

    def _placed(self, placed: OrderPlaced, symbol: str, new: Any) -> Steps[Any]:
        market = self.markets[symbol]
        received = int(market["baseId"] if new["side"] == "buy" and not market["contract"] else market["quoteId"])
        fee_asset: AssetView = yield from self.trading.asset(received)
        kind = "market" if str(new["type"]).endswith("market") else "limit"
        asked = {
            "side": new["side"],
            "type": kind,
            "amount": new.get("quantity"),
            "timeInForce": str(new.get("time_in_force", "gtc")).upper(),
        }
        return self.safe_order(placed_shape(placed, symbol, asked, fee_asset), market)

    def _order_with_trades(self, view: OrderView) -> Steps[Any]:
        symbol = self._symbol(view.market)
        shape = order_shape(view, symbol or view.market)
        if shape["filled"] not in (None, "0"):
            trades = yield from self._fills(view.market)
            own = [one for one in trades if one["order"] == view.order_id]
            if own:
                shape["trades"] = own
                shape["lastTradeTimestamp"] = own[-1]["timestamp"]
        return self.safe_order(shape, self.markets.get(symbol))

    def _fills(self, market_id: str | None) -> Steps[Any]:
        yield from self._signed_in()
        told = []
        for fill in (yield calls.fills(market_id, LIMIT_MAX)).items:
            symbol = self._symbol(fill.market)
            if symbol is not None:
                asset = yield from self.trading.asset(_asset(fill.fee_asset))
                told.append(self.safe_trade(fill_shape(fill, symbol, asset), self.markets[symbol]))
        return self.sort_by(told, "timestamp")

    def _signed_in(self) -> Steps[None]:
        if self.session_ends <= self.milliseconds():
            tokens = yield from self.trading.sign_in()
            self.token = tokens.access_token
            self.session_ends = self.milliseconds() + (tokens.expires_in - 30) * 1000

    def _transaction(
        self, kind: str, id: str, view: Any, status: str, tx: str | None, address: str | None = None
    ) -> dict[str, Any]:
        decimals = next((one for one in self.currencies.values() if one["code"] == view.symbol), None)
        places = 18 if decimals is None else int(decimals["info"]["decimals"])
        return {
            "id": id,
            "txid": tx,
            "type": kind,
            "currency": view.symbol,
            "amount": self.parse_number(whole_tokens(int(view.amount), places)),
            "network": str(view.chain_id),
            "status": status,
            "address": address,
            "timestamp": None,
            "datetime": None,
            "fee": None,
            "info": {"state": view.state},
        }

    if TYPE_CHECKING:  # the ccxt exchange that runs the steps

        def __getattr__(self, name: str) -> Any: ...


def _kind(type: str, trigger: Any, gains: Any) -> str:
    if gains:
        return f"take_profit_{type}"
    return f"stop_{type}" if trigger else type


def _client_id(text: Any) -> int:
    if not str(text).isdigit() or not 0 < int(text) < CLIENT_ID_MAX:
        raise BadRequest(f"stab3l clientOrderId {text!r} is no number below 2^64")
    return int(text)


def _plain(number: Any) -> str:
    """A decimal without trailing zeros, as the API takes it."""
    text = str(number)
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _asset(told: int | str) -> int | str:
    return int(told) if str(told).isdigit() else told


def _levels(levels: list[Level]) -> list[list[str]]:
    return [[level.price, level.quantity] for level in levels]


DUTIES: Final = tuple(name for name in vars(Duties) if not name.startswith("_") and callable(getattr(Duties, name)))
"""The unified methods that both classes get."""
