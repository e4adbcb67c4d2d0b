"""Programs written against ccxt trade on a real exchange: gateway, API and indexer as they are deployed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import ccxt
import ccxt.async_support
import ccxt.pro
import pytest
from api_process import ApiProcess
from api_venue import deposits, listing, network
from gateway_process import ROOT, GatewayProcess

from stab3l.chain.signer import Signer
from stab3l.client.ccxt import register
from stab3l.clock import monotonic_s
from stab3l.engine.wire import (
    IndexPrice,
    ListFuture,
    ListOption,
    ListUnderlying,
    OptionKind,
    OptionMarks,
    encode_batch,
)

pytestmark = pytest.mark.anyio
SYMBOL = "sSTB/USDC"
EXPIRY = datetime(2027, 6, 25, 8, tzinfo=UTC)
EXPIRY_NS = int(EXPIRY.timestamp()) * 10**9
FUTURE, CALL = "sSTB/USDC:USDC-270625", "sSTB/USDC:USDC-270625-0.06-C"
CONTRACTS = [
    ListUnderlying(b"sSTB\0\0\0\0", 1, 100, 100_000, 1_000_000, 1_250_000, 50_000, 5_000, 500_000),
    ListFuture(0, EXPIRY_NS, 100, 500, 10_000),
    ListOption(0, OptionKind.CALL, EXPIRY_NS, 600, 100, 500, 10_000),
    IndexPrice(0, 600),
    OptionMarks(2, 30, tuple(range(16))),
]
"""A future and a call on sSTB, in lots of one and steps of $0.0001."""
MAKER, TRADER = b"\1" * 32, b"\2" * 32
PATIENCE_S = 60
PROGRAM = """
import ccxt, json, sys
exchange = getattr(ccxt, sys.argv[1])({"privateKey": sys.argv[2], "urls": {"api": {"public": sys.argv[3]}}})
markets = exchange.load_markets()
order = exchange.create_order("sSTB/USDC", "limit", "buy", 1.5, 0.05)
open_orders = exchange.fetch_open_orders("sSTB/USDC")
exchange.cancel_order(order["id"], "sSTB/USDC")
print(json.dumps([sorted(markets), [one["id"] for one in open_orders] == [order["id"]], exchange.fetch_open_orders()]))
"""
"""A program that knows nothing of stab3l."""


@dataclass
class Venue:
    """The three processes."""

    url: str

    def config(self, key: bytes) -> dict[str, Any]:
        return {"privateKey": "0x" + key.hex(), "urls": {"api": {"public": self.url}}}

    def sync(self, key: bytes) -> Any:
        return ccxt.stab3l(self.config(key))


@pytest.fixture(scope="module")
async def venue(one_event_loop: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Venue]:
    register()
    gateway = GatewayProcess(tmp_path_factory.mktemp("ccxt") / "home")
    gateway.home.mkdir()
    api = ApiProcess(gateway.home)
    described = network().model_copy(
        update={
            "gateway": gateway.address,
            "api_url": api.url,
            "database_url": f"sqlite:///{gateway.home / 'index.sqlite'}",
        }
    )
    (gateway.home / "network.json").write_text(described.model_dump_json())
    with gateway, (gateway.home / "indexer.log").open("wb") as log:
        command = [sys.executable, "-m", "stab3l", "indexer", "serve", "--home", str(gateway.home)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        indexer = subprocess.Popen(  # noqa: ASYNC220  it is only started here, which blocks nothing
            command, stdout=log, stderr=log, env=environment
        )
        try:
            await _fund(gateway)
            api.start()
            exchange = Venue(api.url)
            until(lambda: exchange.sync(MAKER).load_markets() != {})
            yield exchange
        finally:
            if api.process is not None:
                api.end(signal.SIGTERM)
            indexer.terminate()
            indexer.wait(30)


async def _fund(gateway: GatewayProcess) -> None:
    async with gateway.operator() as operator:
        await operator.submit(listing())
        await operator.submit(deposits(Signer(MAKER), Signer(TRADER)))
        await operator.submit(encode_batch(CONTRACTS))


def until(condition: Callable[[], bool]) -> None:
    """Waits for something that must come."""
    deadline = monotonic_s() + PATIENCE_S
    while True:
        try:
            if condition():
                return
        except ccxt.NetworkError:
            pass
        assert monotonic_s() < deadline, "it did not come"


def test_a_program_that_knows_only_ccxt_trades(venue: Venue, tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "stab3l.client.ccxt", str(tmp_path / "bot.py"), "stab3l", MAKER.hex(), venue.url]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"[{json.dumps(sorted([SYMBOL, FUTURE, CALL]))}, true, []]"


def test_every_public_and_private_read_has_ccxts_shape(venue: Venue) -> None:
    maker, trader = venue.sync(MAKER), venue.sync(TRADER)
    market = maker.load_markets()[SYMBOL]
    assert (market["precision"], market["maker"], market["spot"]) == ({"amount": 0.01, "price": 0.0001}, 0.0005, True)
    resting = maker.create_order(SYMBOL, "limit", "sell", 2, 0.07, {"postOnly": True})
    assert (resting["status"], resting["remaining"], resting["price"]) == ("open", 2.0, 0.07)
    amended = maker.edit_order(resting["id"], SYMBOL, "limit", "sell", 1.5, 0.0699)
    assert (amended["id"], amended["remaining"]) == (resting["id"], 1.5)
    book = trader.fetch_order_book(SYMBOL)
    assert (book["asks"], book["bids"]) == ([[0.0699, 1.5]], [])
    taken = trader.create_order(SYMBOL, "market", "buy", 0.5)
    assert (taken["status"], taken["filled"], taken["average"], taken["fee"]["currency"]) == (
        "closed",
        0.5,
        0.0699,
        "sSTB",
    )
    assert trader.fetch_trades(SYMBOL)[-1]["price"] == 0.0699
    until(lambda: trader.fetch_ohlcv(SYMBOL, "1m") != [])
    assert trader.fetch_ohlcv(SYMBOL, "1m")[-1][1:] == [0.0699, 0.0699, 0.0699, 0.0699, 0.5]
    until(lambda: trader.fetch_ticker(SYMBOL)["last"] == 0.0699)
    assert trader.fetch_tickers()[SYMBOL]["ask"] == 0.0699
    until(lambda: trader.fetch_my_trades(SYMBOL) != [])
    (fill,) = trader.fetch_my_trades(SYMBOL)
    assert (fill["order"], fill["takerOrMaker"], fill["fee"]["currency"]) == (taken["id"], "taker", "sSTB")
    known = trader.fetch_order(taken["id"], SYMBOL)
    assert (known["status"], known["average"], len(known["trades"])) == ("closed", 0.0699, 1)
    balance = maker.fetch_balance()
    assert balance["sSTB"] == {"free": 9998.5, "used": 1.0, "total": 9999.5}
    until(lambda: taken["id"] in [one["id"] for one in trader.fetch_closed_orders(SYMBOL)])
    assert maker.fetch_trading_fee(SYMBOL)["taker"] == 0.0025
    assert abs(maker.fetch_time() - maker.milliseconds()) < PATIENCE_S * 1000
    withdrawal = trader.withdraw("USDC", 1, None)
    assert (withdrawal["status"], withdrawal["amount"]) == ("pending", 1.0)
    until(lambda: [one["id"] for one in trader.fetch_withdrawals("USDC")] == [withdrawal["id"]])
    assert len(maker.cancel_all_orders(SYMBOL)) == 1


def test_futures_and_options_trade_and_positions_are_read(venue: Venue) -> None:
    maker, trader = venue.sync(MAKER), venue.sync(TRADER)
    markets = maker.load_markets()
    future, call = markets[FUTURE], markets[CALL]
    assert (future["type"], future["settle"], future["expiryDatetime"]) == (
        "future",
        "USDC",
        "2027-06-25T08:00:00.000Z",
    )
    assert (call["type"], call["strike"], call["optionType"], call["future"]) == ("option", 0.06, "call", False)
    assert maker.market(FUTURE)["contractSize"] == 1
    assert trader.fetch_positions() == []
    maker.create_order(FUTURE, "limit", "sell", 100, 0.061)
    bought = trader.create_order(FUTURE, "market", "buy", 100)
    assert (bought["status"], bought["filled"], bought["fee"]["currency"]) == ("closed", 100.0, "USDC")
    (held,) = trader.fetch_positions([FUTURE])
    assert (held["side"], held["contracts"], held["entryPrice"], held["marginMode"]) == ("long", 100.0, 0.061, "cross")
    assert held["unrealizedPnl"] == pytest.approx(held["notional"] - 6.1)
    assert maker.fetch_position(FUTURE)["side"] == "short"
    maker.create_order(CALL, "limit", "sell", 10, 0.003)
    assert trader.create_order(CALL, "limit", "buy", 10, 0.003)["status"] == "closed"
    assert {one["symbol"] for one in trader.fetch_positions()} == {FUTURE, CALL}
    until(lambda: trader.fetch_open_interest(FUTURE)["openInterestAmount"] == 100.0)
    assert trader.fetch_mark_price(FUTURE)["indexPrice"] == 0.06
    until(lambda: FUTURE in [one["symbol"] for one in trader.fetch_my_trades()])
    trader.create_order(FUTURE, "market", "sell", 100, 0.05, {"reduceOnly": True, "timeInForce": "IOC"})
    trader.create_order(FUTURE, "limit", "sell", 100, 0.06)
    maker.create_order(FUTURE, "market", "buy", 100, None, {"reduceOnly": True})
    assert trader.fetch_position(FUTURE) is None


def test_refusals_are_ccxts_own_exceptions(venue: Venue) -> None:
    trader = venue.sync(TRADER)
    with pytest.raises(ccxt.InsufficientFunds):
        trader.create_order(SYMBOL, "limit", "buy", 10**7, 0.06)
    with pytest.raises(ccxt.OrderNotFound):
        trader.cancel_order("999999", SYMBOL)
    with pytest.raises(ccxt.BadSymbol):
        trader.fetch_ticker("X/Y")
    with pytest.raises(ccxt.AuthenticationError):
        venue.sync(b"\3" * 32).create_order(SYMBOL, "limit", "buy", 1, 0.05)
    first = trader.create_order(SYMBOL, "limit", "buy", 1, 0.05, {"clientOrderId": "77"})
    assert trader.create_order(SYMBOL, "limit", "buy", 1, 0.05, {"clientOrderId": "77"})["id"] == first["id"]
    with pytest.raises(ccxt.DuplicateOrderId):
        trader.create_order(SYMBOL, "limit", "buy", 2, 0.05, {"clientOrderId": "77"})
    told = trader.create_orders(
        [
            {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 1, "price": 0.05},
            {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 10**7, "price": 0.06},
        ]
    )
    assert [one["status"] for one in told] == ["open", "rejected"]
    assert len(trader.cancel_all_orders()) == 2


async def test_asyncio_programs_trade_and_watch(venue: Venue) -> None:
    watcher, trader = ccxt.pro.stab3l(venue.config(MAKER)), ccxt.async_support.stab3l(venue.config(TRADER))
    try:
        with anyio.fail_after(PATIENCE_S):
            await watcher.watch_order_book(SYMBOL)
            order = await trader.create_order(SYMBOL, "limit", "buy", 1, 0.0512)
            while [0.0512, 1.0] not in (await watcher.watch_order_book(SYMBOL))["bids"]:
                pass
            await trader.cancel_order(order["id"], SYMBOL)
            while [0.0512, 1.0] in (await watcher.watch_order_book(SYMBOL))["bids"]:
                pass
    finally:
        await watcher.close()
        await trader.close()
