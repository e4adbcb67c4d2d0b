"""The three schemas of source 1 (market, compute, provider) as one: queries and subscriptions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
import strawberry
import structlog
from graphql import GraphQLError
from strawberry.extensions import AddValidationRules, MaskErrors, MaxTokensLimiter
from strawberry.schema.config import StrawberryConfig

from stab3l.api import account_routes, chain_routes, derivative_routes, market_routes, peg_routes
from stab3l.api.answers import BookView, MarketView, StatusView, TradeView
from stab3l.api.endpoints import Call, Nothing
from stab3l.api.graphql.fields import field_of
from stab3l.api.graphql.limits import TOKENS_MAX, CostRule
from stab3l.api.graphql.refusals import graphql_error, guarded
from stab3l.api.graphql.types import add_field, type_of
from stab3l.api.history import ClaimView, ProviderView, RedemptionView
from stab3l.errors import Stab3lError

MESSAGES_MAX: Final = 64
_log = structlog.get_logger(__name__)


async def _provider(root: Any, info: strawberry.Info) -> Any:
    """The provider, with all that were asked for in one read."""
    return await guarded(info.context.loaders.providers.load(root.provider))


async def _market(root: Any, info: strawberry.Info) -> Any:
    """The market, likewise."""
    return await guarded(info.context.loaders.markets.load(root.market))


def link_types() -> None:
    """What leads from one type to another."""
    for name in ("book", "ticker", "trades", "candles"):
        add_field(MarketView, name, field_of(getattr(market_routes, name), parent={"symbol": "symbol"}))
    for name in ("claims", "redemptions"):
        add_field(ProviderView, name, field_of(getattr(chain_routes, name), parent={"provider": "address"}))
    for struct, name, resolver, target in (
        (ClaimView, "by", _provider, ProviderView),
        (RedemptionView, "from_", _provider, ProviderView),
        (TradeView, "of", _market, MarketView),
    ):
        kind = type_of(target)
        add_field(struct, name, strawberry.field(resolver=resolver, graphql_type=kind | None, name=name.strip("_")))


FIELDS: Final = {
    "market": (
        market_routes.status, market_routes.markets, market_routes.market, market_routes.tickers, market_routes.ticker,
        market_routes.book, market_routes.trades, market_routes.candles, account_routes.account, account_routes.orders,
        derivative_routes.underlyings, derivative_routes.positions,
    ),
    "own": (
        account_routes.own_account, account_routes.own_orders, account_routes.own_fills, account_routes.own_ledger,
        account_routes.own_deposits, account_routes.own_withdrawals, account_routes.own_portfolio,
        derivative_routes.own_positions, derivative_routes.own_margin,
    ),
    "compute": (
        chain_routes.supply, chain_routes.claims, chain_routes.claim, chain_routes.redemptions, chain_routes.redemption,
        chain_routes.batches, chain_routes.blocks, chain_routes.chains, peg_routes.capacity,
    ),
    "provider": (chain_routes.providers, chain_routes.provider),
}  # fmt: skip


def query_type() -> Any:
    """All that can be asked."""
    namespace = {handler.__name__: field_of(handler) for handlers in FIELDS.values() for handler in handlers}
    return strawberry.type(type("Query", (), {"__annotations__": {}, **namespace}), name="Query")


def _subscription(kind: Any, about: str) -> Callable[[Any], Any]:
    """A subscription field of this type."""
    made: Callable[[Any], Any] = strawberry.subscription(graphql_type=kind, description=about)
    return made


@strawberry.type(name="Subscription")
class Subscription:
    """What is told as it happens (graphql-transport-ws)."""

    @_subscription(type_of(BookView), "A market's book after each change.")
    async def book(self, info: strawberry.Info, symbol: str, depth: int = 20) -> AsyncIterator[Any]:
        """The whole book, at most twenty times a second."""
        desk = info.context.desk
        async with _listening(desk, "book", symbol) as messages:
            async for _ in messages:
                yield await guarded(_book(desk, symbol, depth))

    @_subscription(type_of(TradeView), "A market's trades.")
    async def trades(self, info: strawberry.Info, symbol: str) -> AsyncIterator[Any]:
        """Each trade once, in order."""
        async with _listening(info.context.desk, "trades", symbol) as messages:
            async for message in messages:
                if message["type"] == "update":
                    for trade in message["trades"]:
                        yield msgspec.convert(trade, TradeView)

    @_subscription(type_of(StatusView), "How far every part is.")
    async def status(self, info: strawberry.Info) -> AsyncIterator[Any]:
        """About once a second, when something changed."""
        async with _listening(info.context.desk, "status", "") as messages:
            async for message in messages:
                yield msgspec.convert(message["status"], StatusView)


@asynccontextmanager
async def _listening(desk: Any, channel: Any, market: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """A channel of the WebSocket API, from inside."""
    outbox = desk.live.outbox()
    queue: asyncio.Queue[bytes] = asyncio.Queue(MESSAGES_MAX)
    try:
        await desk.live.subscribe(outbox, channel, market)
    except Stab3lError as error:
        raise graphql_error(error) from None
    draining = asyncio.create_task(outbox.drain(queue.put))

    async def messages() -> AsyncIterator[dict[str, Any]]:
        while True:
            waiting = asyncio.ensure_future(queue.get())
            done, _ = await asyncio.wait((waiting, draining), return_when=asyncio.FIRST_COMPLETED)
            if waiting not in done:
                waiting.cancel()
                raise GraphQLError("the subscriber is too slow", extensions={"code": "too_slow"})
            yield msgspec.json.decode(waiting.result())

    try:
        yield messages()
    finally:
        desk.live.leave(outbox)
        draining.cancel()
        await asyncio.gather(draining, return_exceptions=True)


async def _book(desk: Any, symbol: str, depth: int) -> BookView:
    query = msgspec.convert({"depth": depth}, market_routes.BookQuery)
    answer: BookView = await market_routes.book(Call(desk, {"symbol": symbol}, query, Nothing(), None, 200))
    return answer


class Schema(strawberry.Schema):
    """The schema; errors of this package are answers, only mistakes are logged."""

    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:
        """Logs what nobody expected."""
        for error in errors:
            if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
                _log.error("graphql_field_failed", path=error.path, exc_info=error.original_error)


def make_schema() -> Schema:
    """The schema with its limits."""
    link_types()
    return Schema(
        query=query_type(),
        subscription=Subscription,
        extensions=[
            lambda: MaxTokensLimiter(max_token_count=TOKENS_MAX),
            lambda: AddValidationRules([CostRule]),
            lambda: MaskErrors(should_mask_error=_is_mistake, error_message="the API made a mistake; it is in the log"),
        ],
        config=StrawberryConfig(auto_camel_case=True),
    )


def _is_mistake(error: GraphQLError) -> bool:
    return error.original_error is not None and not isinstance(error.original_error, GraphQLError)
