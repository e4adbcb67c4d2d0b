"""A chapter about futures and options: a future and an option trade, and both sides' margins stand behind them."""

from __future__ import annotations

from stab3l.api.answers import Markets, MarketView
from stab3l.client import calls
from stab3l.devnet.people import until
from stab3l.devnet.story.stage import Stage
from stab3l.devnet.story.trading import place, signed

MAKER, TAKER = "contract-maker", "trader"
CONTRACTS = {"future": "200", "call": "100"}
"""What is traded of each, in units of the underlying."""
STRIKE = "0.06"
FIRST_CLIENT_ID = 2_001


async def trade_contracts(stage: Stage) -> None:
    """The maker offers a future and a call at the money at their marks, and the trader takes them."""
    markets = await _marked(stage)
    wanted = {"future": _future(markets), "call": _call(markets)}
    client_id = FIRST_CLIENT_ID
    for kind, market in wanted.items():
        assert market.mark is not None
        for role, side in ((MAKER, "sell"), (TAKER, "buy")):
            taking = role == TAKER
            order = signed(
                stage, markets, role, market.symbol, side, market.mark, CONTRACTS[kind], client_id, market_order=taking
            )
            placed = await place(stage, role, order, over_socket=False)
            client_id += 1
        stage.steps.add("contract.trade", by=TAKER, market=market.symbol, price=market.mark, filled=placed.filled)
    for role in (MAKER, TAKER):
        await _tell_margin(stage, role)


async def _marked(stage: Stage) -> Markets:
    """The markets, once the contracts have marks."""
    found: list[Markets] = []

    async def marked() -> bool:
        found[:] = [await stage.api.send(calls.markets())]
        return _future(found[0]).mark is not None and _call(found[0]).mark is not None

    await until(marked, "the marks of futures and options")
    return found[0]


def _future(markets: Markets) -> MarketView:
    return next(one for one in markets.markets if one.kind == "future")


def _call(markets: Markets) -> MarketView:
    return next(one for one in markets.markets if one.kind == "call" and one.strike == STRIKE)


async def _tell_margin(stage: Stage, role: str) -> None:
    account = await stage.gateway.account_of(bytes.fromhex(stage.person(role).address[2:]))
    assert account is not None
    margin, positions = await stage.gateway.margin(account), await stage.gateway.positions(account)
    assert margin is not None
    stage.steps.add(
        "contract.margin",
        of=role,
        positions=len(positions),
        equity=margin.equity,
        initial=margin.initial,
        maintenance=margin.maintenance,
    )
