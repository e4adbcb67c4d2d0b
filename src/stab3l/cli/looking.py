"""Commands that look: markets, books, balances, providers, batches. None of them signs anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from stab3l.cli.asking import (
    Address,
    Home,
    Json,
    Limit,
    Market,
    Role,
    client_of,
    in_tokens,
    say,
    show_fields,
    show_pairs,
    show_rows,
    told,
)

if TYPE_CHECKING:
    from stab3l.api.answers import AccountView, BookView, Markets, Page, StatusView

Depth = Annotated[int, Parameter(help="Levels of each side.")]
COMPUTE_DECIMALS = 18
"""Of sSTB and CU."""
DOLLAR_DECIMALS = 6
Interval = Annotated[str, Parameter(help="1m, 5m, 15m, 1h, 4h or 1d.")]


def status(*, home: Home = None, as_json: Json = False) -> None:
    """Shows how far exchange, index and chains are, and what does not answer.

    Example: `stab3l status --json | jq .down`
    """

    async def work(folder: Path) -> StatusView:
        async with client_of(folder) as client:
            return await client.status()

    def show(found: StatusView) -> None:
        show_fields(found)
        if found.supply is not None:
            amounts = "sstb cu minted redeemed staked"
            show_rows([in_tokens(found.supply, COMPUTE_DECIMALS, *amounts.split())], amounts, "supply")
        show_rows(found.chains, "chain_id name head indexed lag")
        show_rows(found.processes, "name state")

    told(home, as_json, work, show)


def markets(*, home: Home = None, as_json: Json = False) -> None:
    """Lists the markets with their steps, fees and marks, and the assets.

    Example: `stab3l markets --json | jq -r '.markets[].symbol'`
    """

    async def work(folder: Path) -> Markets:
        async with client_of(folder) as client:
            return await client.markets()

    def show(found: Markets) -> None:
        show_rows(found.markets, "symbol price_step quantity_step maker_fee_ppm taker_fee_ppm mark status")
        show_rows(found.assets, "asset symbol chain_id decimals token")

    told(home, as_json, work, show)


def book(market: Market, /, *, depth: Depth = 20, home: Home = None, as_json: Json = False) -> None:
    """Shows a market's best levels.

    Example: `stab3l book sSTB-USDC --depth 5`
    """

    async def work(folder: Path) -> BookView:
        async with client_of(folder) as client:
            return await client.book(market, depth)

    def show(found: BookView) -> None:
        show_rows(reversed(found.asks), "price quantity", "asks")
        show_rows(found.bids, "price quantity", "bids")

    told(home, as_json, work, show)


def trades(market: Market, /, *, limit: Limit = 20, home: Home = None, as_json: Json = False) -> None:
    """Shows a market's latest trades.

    Example: `stab3l trades sSTB-USDC --limit 5 --json | jq '.items[0].price'`
    """

    async def work(folder: Path) -> Page[Any]:
        async with client_of(folder) as client:
            return await client.trades(market, limit)

    told(home, as_json, work, lambda found: show_rows(found.items, "trade_id side price quantity at"))


def candles(
    market: Market, /, *, interval: Interval = "1m", limit: Limit = 60, home: Home = None, as_json: Json = False
) -> None:
    """Shows a market's candles, oldest first.

    Example: `stab3l candles sSTB-USDC --interval 5m --json | jq '.items[-1].close'`
    """

    async def work(folder: Path) -> Page[Any]:
        async with client_of(folder) as client:
            return await client.candles(market, interval, limit=limit)

    told(home, as_json, work, lambda found: show_rows(found.items, "start open high low close volume trades"))


def balances(*, role: Role = "trader", address: Address = None, home: Home = None, as_json: Json = False) -> None:
    """Shows what an account has on the exchange: balances, open orders, deposits and withdrawals.

    Example: `stab3l balances --role maker-0 --json | jq '.balances[] | {symbol, available}'`
    """

    decimals: dict[tuple[int, str], int] = {}

    async def work(folder: Path) -> AccountView:
        async with client_of(folder, None if address else role) as client:
            assets = (await client.markets()).assets
            decimals.update({(one.chain_id, one.token): one.decimals for one in assets})
            return await client.account(address)

    def whole(moved: list[Any] | None) -> list[Any]:
        return [in_tokens(one, decimals[one.chain_id, one.token], "amount") for one in moved or []]

    def show(found: AccountView) -> None:
        say(f"{found.address}: account {'-' if found.account is None else found.account}")
        held = [in_tokens(one, one.decimals, "available", "held") for one in found.balances]
        show_rows(held, "symbol available held")
        show_rows(found.open_orders, "order_id market side price remaining", "open orders")
        show_rows(whole(found.deposits), "chain_id symbol amount state depth", "deposits")
        show_rows(whole(found.withdrawals), "withdrawal_id chain_id symbol amount state", "withdrawals")

    told(home, as_json, work, show)


def fills(
    *, market: Market = "", limit: Limit = 50, role: Role = "trader", home: Home = None, as_json: Json = False
) -> None:
    """Shows an account's own trades. It signs in with the role's key.

    Example: `stab3l fills --market sSTB-USDC --role trader --json`
    """

    decimals: dict[int, int] = {}

    async def work(folder: Path) -> Page[Any]:
        async with client_of(folder, role, signed_in=True) as client:
            decimals.update({one.asset: one.decimals for one in (await client.markets()).assets})
            return await client.fills(market or None, limit)

    def show(found: Page[Any]) -> None:
        rows = [in_tokens(one, decimals[one.fee_asset], "fee") for one in found.items]
        show_rows(rows, "trade_id market side role price quantity fee at")

    told(home, as_json, work, show)


def ledger(*, limit: Limit = 50, role: Role = "trader", home: Home = None, as_json: Json = False) -> None:
    """Shows every change of an account's balances, the newest first. It signs in with the role's key.

    Example: `stab3l ledger --role trader --json | jq '.items[] | {kind, change}'`
    """

    decimals: dict[int, int] = {}

    async def work(folder: Path) -> Page[Any]:
        async with client_of(folder, role, signed_in=True) as client:
            decimals.update({one.asset: one.decimals for one in (await client.markets()).assets})
            return await client.ledger(limit=limit)

    def show(found: Page[Any]) -> None:
        rows = [in_tokens(one, decimals[one.asset], "change") for one in found.items]
        show_rows(rows, "at kind symbol change reference")

    told(home, as_json, work, show)


def positions(*, role: Role = "trader", address: Address = None, home: Home = None, as_json: Json = False) -> None:
    """Shows an account's positions in futures and options.

    Example: `stab3l positions --role trader --json | jq '.items[] | {market, side, quantity, value}'`
    """

    async def work(folder: Path) -> Page[Any]:
        async with client_of(folder, None if address else role) as client:
            return await client.positions(address)

    told(home, as_json, work, lambda found: show_rows(found.items, "market side quantity entry_price mark value"))


def providers(*, home: Home = None, as_json: Json = False) -> None:
    """Lists providers: proven rate, what they owe, their collateral.

    Example: `stab3l providers --json | jq '.items[].address'`
    """

    async def work(folder: Path) -> Page[Any]:
        async with client_of(folder) as client:
            return await client.providers()

    def show(found: Page[Any]) -> None:
        owed = [in_tokens(one, COMPUTE_DECIMALS, "outstanding_cu") for one in found.items]
        shown = [in_tokens(one, DOLLAR_DECIMALS, "collateral") for one in owed]
        columns = "address method operations_per_s outstanding_cu collateral collateral_ratio_bps"
        show_rows(shown, columns)

    told(home, as_json, work, show)


def batches(*, limit: Limit = 20, home: Home = None, as_json: Json = False) -> None:
    """Lists the settlement batches on the chains.

    Example: `stab3l batches --limit 3 --json | jq '.items[].state_root'`
    """

    async def work(folder: Path) -> Page[Any]:
        async with client_of(folder) as client:
            return await client.batches(limit)

    columns = "chain_id index block first_input last_input state state_root"
    told(home, as_json, work, lambda found: show_rows(found.items, columns))


def job_status(
    redemption: Annotated[int, Parameter(help="Id of the redemption, as `stab3l redeem` told it.")],
    /,
    *,
    role: Role = "buyer",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Shows where a redeemed job is: requested, delivered, disputed, settled, compensated.

    Example: `stab3l job status 3 --json | jq -r .state`
    """
    from stab3l.cli.asking import wallet_of

    async def work(folder: Path) -> dict[str, Any]:
        async with wallet_of(folder, role) as wallet:
            return redemption_told(redemption, await wallet.redemption(redemption))

    told(home, as_json, work, lambda found: show_pairs(found.items()))


STATES = ("none", "requested", "delivered", "disputed", "settled", "compensated", "queued", "withdrawn")


def redemption_told(order: int, found: Any) -> dict[str, Any]:
    """A redemption of the contract in words; large integers as decimal strings."""
    state = int(found.state)
    return {
        "redemption_id": str(order),
        "state": STATES[state] if state < len(STATES) else str(state),
        **{
            name: "0x" + value.hex() if isinstance(value, bytes) else str(value)
            for name in found._fields
            if name != "state" and not isinstance(value := getattr(found, name), tuple | list)
        },
    }
