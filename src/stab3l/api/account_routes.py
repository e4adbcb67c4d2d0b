"""Paths of accounts: what anyone may read, because the public journals say it, and what is asked for by its owner.

Paths under ``/v1/account`` name no account: the credential does, so that nobody can ask for another's.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec

from stab3l.api.account_history import ledger_entries, portfolio_points
from stab3l.api.account_views import AccountView, LedgerEntry, PortfolioPoint, account_view, balance_views
from stab3l.api.answers import BalanceView, FeeView, OrderView, ProofView
from stab3l.api.chronicle import past_order
from stab3l.api.cursors import COUNT_MAX, ListQuery, cursor_of, position_of
from stab3l.api.desk import Desk
from stab3l.api.endpoints import Call, Nothing, Page, Routes
from stab3l.api.fills import FillView, fill_view
from stab3l.api.history import DepositView, WithdrawalView
from stab3l.api.leaves import balance_leaf
from stab3l.api.market_routes import fees as market_fees
from stab3l.api.market_views import past_view, proof_view
from stab3l.api.problems import Problem
from stab3l.api.signed import U32_MAX, address_of, unsigned
from stab3l.chain.address import checksum
from stab3l.units import NANOSECONDS_PER_SECOND
from stab3l.watch import derivative_queries, pages

ACCOUNTS: Final = Routes("Accounts")
OWN: Final = Routes("Own account")
HOUR_S: Final = 3_600
STEPS: Final = {"1h": HOUR_S, "1d": 86_400}
POINTS_MAX: Final = 1_000


class OrdersQuery(ListQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which of an account's orders."""

    state: Literal["open", "closed"] | None = None
    market: Annotated[str, msgspec.Meta(max_length=80)] | None = None


class FillsQuery(ListQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which of an account's fills."""

    market: Annotated[str, msgspec.Meta(max_length=80)] | None = None


class LedgerQuery(ListQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which of an account's ledger entries."""

    asset: Annotated[int, msgspec.Meta(ge=0, le=U32_MAX)] | None = None


class PortfolioQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which points; without ``from`` the last seven days."""

    interval: Literal["1h", "1d"] = "1h"
    start: Annotated[int, msgspec.Meta(ge=0, le=2**40)] | None = msgspec.field(default=None, name="from")
    end: Annotated[int, msgspec.Meta(ge=0, le=2**40)] | None = msgspec.field(default=None, name="to")


@ACCOUNTS.get("/v1/accounts/{address}", problems=("address_invalid",))
async def account(call: Call[Nothing, Nothing]) -> AccountView:
    """Balances, open orders, deposits (pending ones, too) and withdrawals of an address."""
    return await account_view(call.desk, address_of("address", call.path["address"]))


@ACCOUNTS.get("/v1/accounts/{address}/orders", problems=("address_invalid", "account_unknown", "cursor_invalid"))
async def orders(call: Call[ListQuery, Nothing]) -> Page[OrderView]:
    """Orders of an address, open and closed, newest first."""
    owner = address_of("address", call.path["address"])
    return await _orders(call.desk, await account_number(call.desk, owner), call.query)


@ACCOUNTS.get(
    "/v1/accounts/{address}/balances/{asset}/proof",
    problems=("address_invalid", "number_invalid", "asset_unknown", "account_unknown", "proof_not_ready"),
)
async def balance_proof(call: Call[Nothing, Nothing]) -> ProofView:
    """Proof of a balance against the last sealed block, for an exit without the operator."""
    desk, owner = call.desk, address_of("address", call.path["address"])
    named = await desk.catalogue.asset(unsigned("asset", call.path["asset"], U32_MAX))
    found = await account_number(desk, owner)
    proof = await desk.exchange.balance_proof(found, named.asset.id)
    if proof is None:
        raise Problem("proof_not_ready", f"no sealed block has a balance of {named.symbol} of {checksum(owner)}")
    token = named.asset
    leaf = balance_leaf(owner, found, token.chain_id, token.token, proof.amount)
    return proof_view(proof, leaf, token.chain_id, token.token, owner, None)


@OWN.get("/v1/account", scope="read")
async def own_account(call: Call[Nothing, Nothing]) -> AccountView:
    """Everything about the caller's account at once."""
    return await account_view(call.desk, call.account)


@OWN.get("/v1/account/balances", scope="read")
async def own_balances(call: Call[Nothing, Nothing]) -> Page[BalanceView]:
    """The caller's balances; empty before the first credited deposit."""
    found = await call.desk.catalogue.account(call.account)
    return Page([] if found is None else await balance_views(call.desk, found))


@OWN.get("/v1/account/orders", scope="read", problems=("market_unknown", "account_unknown", "cursor_invalid"))
async def own_orders(call: Call[OrdersQuery, Nothing]) -> Page[OrderView]:
    """The caller's orders, newest first, all or open or closed ones, of all markets or one."""
    query, number = call.query, await account_number(call.desk, call.account)
    market = await _market_number(call.desk, query.market)
    is_open = None if query.state is None else query.state == "open"
    return await _orders(call.desk, number, query, market=market, is_open=is_open)


@OWN.get("/v1/account/fills", scope="read", problems=("market_unknown", "account_unknown", "cursor_invalid"))
async def own_fills(call: Call[FillsQuery, Nothing]) -> Page[FillView]:
    """The caller's trades, newest first, as maker or taker."""
    desk, query = call.desk, call.query
    number, market = await account_number(desk, call.account), await _market_number(desk, query.market)
    (before,) = position_of(query.cursor, (COUNT_MAX,))
    span = {"market": market, "before": min(before, COUNT_MAX)}
    rows = await desk.history.ask(derivative_queries.fills_of, number, query.limit, **span)
    views = [fill_view(await desk.catalogue.market_of(row.market), row) for row in rows]
    more = len(rows) >= max(1, query.limit - 1)
    return Page(views, cursor_of(rows[-1].trade_id) if more else None)


@OWN.get("/v1/account/ledger", scope="read", problems=("account_unknown", "cursor_invalid"))
async def own_ledger(call: Call[LedgerQuery, Nothing]) -> Page[LedgerEntry]:
    """Every change of the caller's balances, newest first: deposits, withdrawals, trades, what futures and options
    realised and settled at, and fees.
    """
    number = await account_number(call.desk, call.account)
    found = position_of(call.query.cursor, (COUNT_MAX, COUNT_MAX, COUNT_MAX, COUNT_MAX))
    sequence, trade, changed, place = (min(one, COUNT_MAX) for one in found)
    entries, beyond = await ledger_entries(call.desk, number, (sequence, trade, changed, place), call.query.limit)
    wanted = [one for one in entries if call.query.asset in (None, one.asset)]
    return Page(wanted, None if beyond is None else cursor_of(*beyond))


@OWN.get("/v1/account/portfolio", scope="read", problems=("account_unknown", "query_invalid"))
async def own_portfolio(call: Call[PortfolioQuery, Nothing]) -> Page[PortfolioPoint]:
    """What the caller held at the end of each interval, and what it was worth, oldest first."""
    query, step = call.query, STEPS[call.query.interval]
    number = await account_number(call.desk, call.account)
    end = query.end if query.end is not None else call.desk.clock.now() // NANOSECONDS_PER_SECOND + 1
    start = query.start if query.start is not None else max(0, end - 7 * 86_400)
    if not start <= end <= start + POINTS_MAX * step:
        raise Problem("query_invalid", f"from {start} to {end} are not 0 to {POINTS_MAX} intervals", parameter="from")
    return Page(await portfolio_points(call.desk, number, start - start % step, end, step))


@OWN.get("/v1/account/deposits", scope="read")
async def own_deposits(call: Call[Nothing, Nothing]) -> Page[DepositView]:
    """The caller's newest 500 deposits, pending ones, too."""
    return Page(await call.desk.history.deposits(call.account, 500))


@OWN.get("/v1/account/withdrawals", scope="read")
async def own_withdrawals(call: Call[Nothing, Nothing]) -> Page[WithdrawalView]:
    """The caller's newest 500 withdrawals."""
    return Page(await call.desk.history.withdrawals(call.account, 500))


@OWN.get("/v1/account/fees", scope="read")
async def own_fees(call: Call[Nothing, Nothing]) -> Page[FeeView]:
    """What the caller pays in each market: every account pays the market's fees."""
    return await market_fees(call)


async def account_number(desk: Desk, owner: bytes) -> int:
    """The engine's account of an address. Raises `Problem` ``account_unknown``."""
    found = await desk.catalogue.account(owner)
    if found is None:
        raise Problem("account_unknown", f"{checksum(owner)} has no account", account=checksum(owner))
    return found


async def _market_number(desk: Desk, symbol: str | None) -> int | None:
    return None if symbol is None else (await desk.catalogue.market(symbol)).market.id


async def _orders(desk: Desk, number: int, query: ListQuery, **filters: Any) -> Page[OrderView]:
    (before,) = position_of(query.cursor, (COUNT_MAX,))
    rows = await desk.history.ask(pages.orders, number, query.limit, min(before, COUNT_MAX), **filters)
    views = [past_view(await desk.catalogue.market_of(row.market), past_order(row)) for row in rows]
    return Page(views, cursor_of(rows[-1].order_id) if len(rows) == query.limit else None)
