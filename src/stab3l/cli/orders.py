"""`stab3l order ...`: what a trader signs, each with the key of a role."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from stab3l.cli.asking import Home, Json, Limit, Market, Role, client_of, moment, say, show_fields, show_rows, told

if TYPE_CHECKING:
    from stab3l.api.answers import CancelScheduled, OrderCancelled, OrderPlaced, OrdersCancelled, OrderView, Page

Side = Annotated[Literal["buy", "sell"], Parameter(help="buy or sell.")]
Price = Annotated[str, Parameter(help="Quote tokens per base token, on the market's price step.")]
Quantity = Annotated[str, Parameter(help="Base tokens, on the market's quantity step.")]
OrderId = Annotated[int, Parameter(help="Id of the order.")]
Type = Annotated[
    Literal["limit", "market", "stop_market", "stop_limit", "take_profit_market", "take_profit_limit"],
    Parameter(help="Kind of order; the price of a market type is the worst that it accepts."),
]
Force = Annotated[Literal["gtc", "ioc", "fok"], Parameter(help="gtc rests, ioc and fok do not.")]
SelfTrade = Annotated[
    Literal["none", "cancel_maker", "cancel_taker", "cancel_both", "decrement"],
    Parameter(help="What happens when it meets an own order."),
]
Flag = Annotated[bool, Parameter(negative="")]


def place(
    market: Market,
    side: Side,
    quantity: Quantity,
    price: Price,
    /,
    *,
    type: Type = "limit",
    time_in_force: Force | None = None,
    post_only: Flag = False,
    reduce_only: Flag = False,
    self_trade: SelfTrade = "none",
    trigger_price: Annotated[str, Parameter(help="Mark at which a conditional order wakes.")] = "0",
    label: Annotated[int, Parameter(help="For cancel-all, 0 to 65535.")] = 0,
    client_id: Annotated[int | None, Parameter(help="Repeating a command with its client id acts once.")] = None,
    role: Role = "trader",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Signs and places an order.

    Example: `stab3l order place sSTB-USDC buy 10 0.0601 --time-in-force ioc --role trader`
    """
    force = time_in_force or ("ioc" if type.endswith("market") else "gtc")

    async def work(folder: Path) -> OrderPlaced:
        async with client_of(folder, role) as client:
            return await client.place(
                market,
                side,
                price,
                quantity,
                client_id=client_id,
                type=type,
                time_in_force=force,
                post_only=post_only,
                reduce_only=reduce_only,
                self_trade=self_trade,
                trigger_price=trigger_price,
                label=label,
            )

    told(home, as_json, work, _show_placed)


def amend(
    order: OrderId,
    quantity: Quantity,
    price: Price,
    /,
    *,
    role: Role = "trader",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Gives a resting order another price, and a quantity that is to be left of it.

    Example: `stab3l order amend 17 5 0.0602 --role trader`
    """

    async def work(folder: Path) -> OrderPlaced:
        async with client_of(folder, role) as client:
            return await client.amend(order, price, quantity)

    told(home, as_json, work, _show_placed)


def cancel(order: OrderId, /, *, role: Role = "trader", home: Home = None, as_json: Json = False) -> None:
    """Takes a resting order off the book.

    Example: `stab3l order cancel 17 --role trader`
    """

    async def work(folder: Path) -> OrderCancelled:
        async with client_of(folder, role) as client:
            return await client.cancel(order)

    told(home, as_json, work, lambda done: say(f"order {done.order_id}: {done.remaining} taken off the book"))


def cancel_all(
    *,
    market: Market = "",
    side: Annotated[Literal["buy", "sell", "both"], Parameter(help="Only this side.")] = "both",
    label: Annotated[int, Parameter(help="Only orders with this label; 0: any.")] = 0,
    role: Role = "trader",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Cancels all orders of a role, or those of a market, a side, a label.

    Example: `stab3l order cancel-all --market sSTB-USDC --side buy --role trader`
    """

    async def work(folder: Path) -> OrdersCancelled:
        async with client_of(folder, role) as client:
            return await client.cancel_all(market or None, side=side, label=label)

    told(home, as_json, work, lambda done: say(f"{len(done.order_ids)} orders cancelled"))


def schedule_cancel(
    *,
    after: Annotated[int | None, Parameter(help="Seconds from now; without it the schedule is cleared.")] = None,
    role: Role = "trader",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """A dead man's switch: all orders of a role die after some seconds, unless it is moved on before.

    Example: `stab3l order schedule-cancel --after 60 --role trader`
    """

    async def work(folder: Path) -> CancelScheduled:
        async with client_of(folder, role) as client:
            return await client.schedule_cancel(after)

    def show(done: CancelScheduled) -> None:
        at = done.cancel_at
        say("cleared" if at == "0" else f"all orders of {role} are cancelled at {moment(at)}")

    told(home, as_json, work, show)


def show(order: OrderId, /, *, home: Home = None, as_json: Json = False) -> None:
    """Shows one order, open or closed.

    Example: `stab3l order show 17 --json | jq -r .state`
    """

    async def work(folder: Path) -> OrderView:
        async with client_of(folder) as client:
            return await client.order(order)

    told(home, as_json, work, show_fields)


def listed(*, role: Role = "trader", limit: Limit = 50, home: Home = None, as_json: Json = False) -> None:
    """Lists a role's orders, open and closed, the newest first.

    Example: `stab3l order list --role trader --json | jq '.items[] | select(.state == "open")'`
    """

    async def work(folder: Path) -> Page[Any]:
        async with client_of(folder, role) as client:
            return await client.orders(limit=limit)

    columns = "order_id market side price quantity remaining type state"
    told(home, as_json, work, lambda found: show_rows(found.items, columns))


def _show_placed(placed: OrderPlaced) -> None:
    show_fields(placed)
    if placed.fills:
        show_rows(placed.fills, "trade_id price quantity fee", "fills")
