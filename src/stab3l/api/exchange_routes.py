"""Paths of the exchange: markets, books, trades, orders, accounts and their proofs."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Final, TypeVar

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath

from stab3l.api.answers import (
    AccountView,
    AssetView,
    BalanceView,
    BookView,
    CancelScheduled,
    Markets,
    MarketView,
    OrderCancelled,
    OrderPlaced,
    OrdersCancelled,
    OrderView,
    ProofView,
    ProtectionSet,
    ProtectionView,
    StatusView,
    TradeView,
    WithdrawalQueued,
)
from stab3l.api.books import DEPTH_MAX, book_view
from stab3l.api.catalogue import NamedAsset, NamedMarket
from stab3l.api.desk import Desk
from stab3l.api.exchange import Order, Proof, Protection
from stab3l.api.feed import TRADES_KEPT, KnownOrder
from stab3l.api.grid import decimal_text
from stab3l.api.history import PastOrder, PastTrade
from stab3l.api.leaves import balance_leaf, withdrawal_leaf
from stab3l.api.live import side_name, trade_view
from stab3l.api.outcomes import order_state
from stab3l.api.problems import Problem
from stab3l.api.reading import HttpRequest, body_of, query_integer
from stab3l.api.signed import (
    U32_MAX,
    AmendRequest,
    CancelAllRequest,
    CancelRequest,
    PlaceRequest,
    ProtectionRequest,
    ScheduleCancelRequest,
    WithdrawalRequest,
    address_of,
    u64,
    unsigned,
)
from stab3l.chain.address import checksum
from stab3l.engine.wire import Instruction, OrderAccepted, OrderType, SelfTrade, TimeInForce
from stab3l.errors import Unavailable

T = TypeVar("T")

HISTORY_ROWS: Final = 50
ORDERS_MAX: Final = 500
I64_MAX: Final = 2**63 - 1
"""What the index's columns hold."""


@get("/v1/status")
async def status(desk: NamedDependency[Desk]) -> StatusView:
    """How far every part is."""
    return await desk.status()


@get("/v1/markets")
async def markets(desk: NamedDependency[Desk]) -> Markets:
    """Assets, markets and what a client needs to sign."""
    await desk.catalogue.refresh()
    return Markets(
        assets=[_asset_view(asset) for asset in await desk.catalogue.assets()],
        markets=[_market_view(market) for market in await desk.catalogue.markets()],
        chain_id=desk.network.primary.chain_id,
        custody=desk.network.primary.contracts["Custody"],
    )


@get("/v1/markets/{symbol:str}/book")
async def book(desk: NamedDependency[Desk], request: HttpRequest, symbol: FromPath[str]) -> BookView:
    """The best levels of a market; ``depth`` 1 to 200."""
    depth = query_integer(request, "depth", default=50, least=1, most=DEPTH_MAX)
    market = await desk.catalogue.market(symbol)
    return book_view(market, await desk.exchange.book(market.market.id, depth))


@get("/v1/markets/{symbol:str}/trades")
async def trades(desk: NamedDependency[Desk], request: HttpRequest, symbol: FromPath[str]) -> list[TradeView]:
    """Trades of a market, newest first; ``limit`` 1 to 1000, ``before`` a trade id to page on."""
    limit = query_integer(request, "limit", default=100, least=1, most=TRADES_KEPT)
    before = query_integer(request, "before", default=I64_MAX, least=1, most=I64_MAX)
    market = await desk.catalogue.market(symbol)
    recent = desk.feed.trades(market.market.id, limit) if before == I64_MAX else []
    views = [trade_view(market, one) for one in recent]
    if len(views) < limit:
        below = recent[-1].trade.trade if recent else before
        try:
            past = await desk.history.trades(market.market.id, limit - len(views), below)
        except Unavailable:
            if not recent:
                raise
            past = []
        views += [_past_trade_view(market, one) for one in past]
    return views


@post("/v1/orders")
async def place(desk: NamedDependency[Desk], request: HttpRequest) -> Response[OrderPlaced]:
    """Places a signed order: 201 when it was taken, 200 when the same request was taken before."""
    answer = await desk.entry.place(await body_of(PlaceRequest, request))
    return Response(answer, status_code=200 if answer.repeated else 201)


@post("/v1/orders/cancel", status_code=200)
async def cancel(desk: NamedDependency[Desk], request: HttpRequest) -> OrderCancelled:
    """Takes a resting order off the book."""
    return await desk.entry.cancel(await body_of(CancelRequest, request))


@post("/v1/orders/amend", status_code=200)
async def amend(desk: NamedDependency[Desk], request: HttpRequest) -> OrderPlaced:
    """Gives a resting order another price and quantity."""
    return await desk.changes.amend(await body_of(AmendRequest, request))


@post("/v1/orders/cancel-all", status_code=200)
async def cancel_all(desk: NamedDependency[Desk], request: HttpRequest) -> OrdersCancelled:
    """Cancels an account's orders, all or of one market, side or label."""
    return await desk.changes.cancel_all(await body_of(CancelAllRequest, request))


@post("/v1/orders/schedule-cancel", status_code=200)
async def schedule_cancel(desk: NamedDependency[Desk], request: HttpRequest) -> CancelScheduled:
    """Cancels all of an account's orders at a later time, unless it is asked again before."""
    return await desk.changes.schedule(await body_of(ScheduleCancelRequest, request))


@post("/v1/protections", status_code=200)
async def protect(desk: NamedDependency[Desk], request: HttpRequest) -> ProtectionSet:
    """Sets a market-maker protection."""
    return await desk.changes.protect(await body_of(ProtectionRequest, request))


@post("/v1/withdrawals")
async def withdraw(desk: NamedDependency[Desk], request: HttpRequest) -> Response[WithdrawalQueued]:
    """Queues a signed withdrawal: 201 when it was taken, 200 when the same request was taken before."""
    answer = await desk.entry.withdraw(await body_of(WithdrawalRequest, request))
    return Response(answer, status_code=200 if answer.repeated else 201)


@get("/v1/orders/{order:str}")
async def order(desk: NamedDependency[Desk], order: FromPath[str]) -> OrderView:
    """An order, open or closed."""
    number = u64("order", order)
    known = desk.feed.order(number)
    if known is not None:
        return _known_view(await desk.catalogue.market_of(known.accepted.market), known)
    past = await desk.history.order(number) if number <= I64_MAX else None
    if past is None:
        raise Problem("order_not_found", f"order {number} is not known", order=number)
    return _past_view(await desk.catalogue.market_of(past.market), past)


@get("/v1/accounts/{address:str}/orders")
async def orders(desk: NamedDependency[Desk], request: HttpRequest, address: FromPath[str]) -> list[OrderView]:
    """Orders of an address, open and closed, newest first; ``limit`` 1 to 500, ``before`` an order id to page on."""
    owner = address_of("address", address)
    limit = query_integer(request, "limit", default=100, least=1, most=ORDERS_MAX)
    before = query_integer(request, "before", default=I64_MAX, least=1, most=I64_MAX)
    found = await desk.catalogue.account(owner)
    if found is None:
        raise Problem("account_unknown", f"{checksum(owner)} has no account", account=checksum(owner))
    past = await desk.history.orders(found, limit, before)
    return [_past_view(await desk.catalogue.market_of(one.market), one) for one in past]


@get("/v1/accounts/{address:str}")
async def account(desk: NamedDependency[Desk], address: FromPath[str]) -> AccountView:
    """Balances, open orders, deposits (pending ones, too) and withdrawals of an address."""
    owner = address_of("address", address)
    found = await desk.catalogue.account(owner)
    balances: list[BalanceView] = []
    orders: list[OrderView] = []
    scheduled, protections = 0, []
    if found is not None:
        for one in await desk.exchange.balances(found):
            named = await desk.catalogue.asset(one.asset)
            balances.append(
                BalanceView(one.asset, named.symbol, named.asset.decimals, str(one.available), str(one.held))
            )
        for resting in await desk.exchange.open_orders(found):
            orders.append(_resting_view(desk, await desk.catalogue.market_of(resting.market), resting))
        scheduled = await desk.exchange.schedule(found)
        for protection in await desk.exchange.protections(found):
            protections.append(_protection_view(await desk.catalogue.market_of(protection.market), protection))
    return AccountView(
        address=checksum(owner),
        account=found,
        balances=balances,
        open_orders=orders,
        scheduled_cancel=str(scheduled) if scheduled else None,
        protections=protections,
        deposits=await _or_none(desk.history.deposits(owner, HISTORY_ROWS)),
        withdrawals=await _or_none(desk.history.withdrawals(owner, HISTORY_ROWS)),
    )


@get("/v1/accounts/{address:str}/balances/{asset:str}/proof")
async def balance_proof(desk: NamedDependency[Desk], address: FromPath[str], asset: FromPath[str]) -> ProofView:
    """Proof of a balance against the last sealed block, for an exit without the operator."""
    owner = address_of("address", address)
    named = await desk.catalogue.asset(unsigned("asset", asset, U32_MAX))
    found = await desk.catalogue.account(owner)
    if found is None:
        raise Problem("account_unknown", f"{checksum(owner)} has no account", account=checksum(owner))
    proof = await desk.exchange.balance_proof(found, named.asset.id)
    if proof is None:
        raise Problem("proof_not_ready", f"no sealed block has a balance of {named.symbol} of {checksum(owner)}")
    token = named.asset
    leaf = balance_leaf(owner, found, token.chain_id, token.token, proof.amount)
    return _proof_view(proof, leaf, token.chain_id, token.token, owner, None)


@get("/v1/withdrawals/{withdrawal:str}/proof")
async def withdrawal_proof(desk: NamedDependency[Desk], withdrawal: FromPath[str]) -> ProofView:
    """Proof of a withdrawal against the last sealed block: what ``Custody.withdraw`` takes."""
    number = u64("withdrawal", withdrawal)
    made = await desk.exchange.withdrawal(number)
    if made is None:
        raise Problem("withdrawal_unknown", f"there is no withdrawal {number}", withdrawal=number)
    proof = await desk.exchange.withdrawal_proof(number)
    if proof is None:
        raise Problem("proof_not_ready", f"withdrawal {number} is not in a sealed block yet", withdrawal=number)
    return _proof_view(proof, withdrawal_leaf(made), made.chain_id, made.token, made.owner, made.recipient)


EXCHANGE_ROUTES: Final[list[BaseRouteHandler]] = [
    status,
    markets,
    book,
    trades,
    place,
    cancel,
    amend,
    cancel_all,
    schedule_cancel,
    protect,
    withdraw,
    order,
    orders,
    account,
    balance_proof,
    withdrawal_proof,
]


async def _or_none(reading: Awaitable[T]) -> T | None:
    """What is read, or None while it cannot be: the rest of the answer is worth having without it."""
    try:
        return await reading
    except Unavailable:
        return None


def _asset_view(named: NamedAsset) -> AssetView:
    asset = named.asset
    return AssetView(asset.id, named.symbol, asset.chain_id, checksum(asset.token), asset.decimals)


def _market_view(named: NamedMarket) -> MarketView:
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
    )


def _known_view(market: NamedMarket, known: KnownOrder) -> OrderView:
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


def _resting_view(desk: Desk, market: NamedMarket, resting: Order) -> OrderView:
    known = desk.feed.order(resting.id)
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


def _past_view(market: NamedMarket, past: PastOrder) -> OrderView:
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


def _protection_view(market: NamedMarket, one: Protection) -> ProtectionView:
    return ProtectionView(
        market=market.symbol,
        window=str(one.window),
        quantity=market.quantity(one.max_lots),
        frozen=str(one.frozen),
        window_start=str(one.window_start),
        counted=market.quantity(one.counted),
        frozen_until=str(one.frozen_until),
    )


def _past_trade_view(market: NamedMarket, past: PastTrade) -> TradeView:
    return TradeView(
        trade_id=str(past.trade_id),
        market=market.symbol,
        side=side_name(past.taker_side),
        price=market.price(past.ticks),
        quantity=market.quantity(past.lots),
        sequence=str(past.sequence),
        at=str(past.at),
    )


def _proof_view(
    proof: Proof, leaf: bytes, chain_id: int, token: bytes, owner: bytes, recipient: bytes | None
) -> ProofView:
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
