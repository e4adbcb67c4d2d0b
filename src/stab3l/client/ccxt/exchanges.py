"""The classes that ccxt's users see: ``stab3l`` sync, async, and with ``watch`` methods."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from ccxt.async_support.base.exchange import Exchange as AsyncExchange
from ccxt.base.errors import AuthenticationError
from ccxt.base.exchange import Exchange as SyncExchange

from stab3l.api.answers import TradeView
from stab3l.chain.signer import Signer
from stab3l.client.asynchronous import AsyncClient
from stab3l.client.calls import Call
from stab3l.client.ccxt.description import DESCRIPTION, WATCHED
from stab3l.client.ccxt.duties import DUTIES, LOAD, Duties, Steps
from stab3l.client.ccxt.shapes import trade_shape
from stab3l.client.trading import Trading
from stab3l.clock import SystemClock
from stab3l.errors import Invalid


class Spoken(Duties):
    """What both classes share: how a call becomes a request of ccxt, and an answer a value again."""

    session_ends = 0
    token = ""
    _trading: Trading | None = None

    def describe(self) -> Any:
        """Id, capabilities, errors."""
        return self.deep_extend(super().describe(), DESCRIPTION)  # type: ignore[misc]

    @property
    def trading(self) -> Trading:  # type: ignore[override]
        """The SDK's core, with the exchange's ``privateKey``."""
        if self._trading is None:
            self._trading = Trading(signer_of(self.privateKey), SystemClock())
        return self._trading

    def sign(
        self,
        path: str,
        api: Any = "public",
        method: str = "GET",
        params: Any = None,
        headers: Any = None,
        body: Any = None,
    ) -> dict[str, Any]:
        """One request. What has to be signed is signed in its body; private reads carry the session's token."""
        url = self.urls["api"]["public"].rstrip("/") + "/" + path
        sent: dict[str, str] = {}
        if method != "GET":
            body, sent = self.json(params), {"Content-Type": "application/json"}
        if self.token and path.startswith("v1/account"):
            sent["Authorization"] = f"Bearer {self.token}"
        return {"url": url, "method": method, "body": body, "headers": sent}

    def handle_errors(
        self, code: Any, reason: Any, url: Any, method: Any, headers: Any, body: Any, response: Any, *sent: Any
    ) -> None:
        """A problem document as ccxt's exception of its code."""
        if isinstance(response, dict) and "code" in response and "detail" in response:
            feedback = f"{self.id} {response['code']}: {response['detail']}"
            self.throw_exactly_matched_exception(self.exceptions["exact"], response["code"], feedback)


def answered(call: Call[Any], response: Any) -> Any:
    """What a parsed answer holds; ccxt hands numbers over as text."""
    return msgspec.convert(response, call.kind, strict=False)


def requested(call: Call[Any]) -> tuple[str, list[str], str, Any]:
    """A call as the arguments of ccxt's ``request``."""
    return call.target.lstrip("/"), ["public"], call.method, {} if call.body is None else msgspec.to_builtins(call.body)


def signer_of(key: str | None) -> Signer | None:
    """The key that ccxt was given. Raises ``AuthenticationError`` for what is none."""
    if not key:
        return None
    try:
        return Signer(bytes.fromhex(key.removeprefix("0x")))
    except (ValueError, Invalid):
        raise AuthenticationError("stab3l privateKey is not a secp256k1 key in hexadecimal") from None


def waiting(duty: Callable[..., Steps[Any]]) -> Callable[..., Any]:
    """A duty's steps as a method that blocks."""

    @functools.wraps(duty)
    def method(exchange: Any, *args: Any, **options: Any) -> Any:
        steps, answer = duty(exchange, *args, **options), None
        try:
            while True:
                step = steps.send(answer)
                loads = step is LOAD
                answer = exchange.load_markets() if loads else answered(step, exchange.request(*requested(step)))
        except StopIteration as done:
            return done.value

    return method


def awaiting(duty: Callable[..., Steps[Any]]) -> Callable[..., Any]:
    """A duty's steps as a coroutine."""

    @functools.wraps(duty)
    async def method(exchange: Any, *args: Any, **options: Any) -> Any:
        steps, answer = duty(exchange, *args, **options), None
        try:
            while True:
                step = steps.send(answer)
                if step is LOAD:
                    answer = await exchange.load_markets()
                else:
                    answer = answered(step, await exchange.request(*requested(step)))
        except StopIteration as done:
            return done.value

    return method


stab3l = type(
    "stab3l",
    (Spoken, SyncExchange),
    {"__doc__": "The exchange for blocking programs.", **{name: waiting(getattr(Duties, name)) for name in DUTIES}},
)

async_stab3l = type(
    "stab3l",
    (Spoken, AsyncExchange),
    {"__doc__": "The exchange for asyncio programs.", **{name: awaiting(getattr(Duties, name)) for name in DUTIES}},
)


class Watching(async_stab3l):  # type: ignore[misc, valid-type]
    """The exchange with streams: each ``watch`` call waits for the next change and returns what is known then."""

    def describe(self) -> Any:
        """Adds the streams."""
        return self.deep_extend(super().describe(), {"pro": True, "has": dict.fromkeys(WATCHED, True)})

    def __init__(self, config: Any = None) -> None:
        super().__init__(config or {})
        self._streams: dict[tuple[str, str], AsyncIterator[Any]] = {}
        self._client: AsyncClient | None = None

    async def watch_order_book(self, symbol: str, limit: int | None = None, params: Any = None) -> Any:
        """The whole book after its next change."""
        market = await self._watched_market(symbol)
        stream = self._streams.setdefault(("book", symbol), self._open().follow_book(market["id"]))
        book = await anext(stream)
        sides = {
            "bids": [list(level) for level in book.bids][:limit],
            "asks": [list(level) for level in book.asks][:limit],
        }
        return self.parse_order_book(sides, symbol, self.milliseconds())

    async def watch_trades(
        self, symbol: str, since: int | None = None, limit: int | None = None, params: Any = None
    ) -> Any:
        """The next trades."""
        market = await self._watched_market(symbol)
        stream = self._streams.setdefault(("trades", symbol), self._open().follow("trades", market["id"]))
        message = await anext(stream)
        trades = [msgspec.convert(one, TradeView) for one in message["trades"]]
        told = [self.safe_trade(trade_shape(one, symbol), market) for one in trades]
        return self.filter_by_since_limit(self.sort_by(told, "timestamp"), since, limit)

    async def close(self) -> None:
        """Ends the streams and the session."""
        streams, self._streams = list(self._streams.values()), {}
        for stream in streams:
            await stream.aclose()  # type: ignore[attr-defined]
        if self._client is not None:
            await self._client.__aexit__()
        await super().close()

    async def _watched_market(self, symbol: str) -> Any:
        await self.load_markets()
        return self.market(symbol)

    def _open(self) -> AsyncClient:
        if self._client is None:
            self._client = AsyncClient(self.urls["api"]["public"])
        return self._client


Watching.__name__ = "stab3l"
