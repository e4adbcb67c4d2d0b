"""freqtrade, unmodified and in live mode, trades on a local exchange through the ccxt class (``make freqtrade``).

It runs in an environment of its own in the user's cache, with stab3l's modules behind its own on the path. A maker
quotes and a taker trades, so that there are candles; the bot buys and sells until it has closed some trades.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.report import keep
from stab3l.chain.signer import Signer
from stab3l.client import AsyncClient
from stab3l.client.problems import ApiProblem
from stab3l.clock import monotonic_s
from stab3l.engine.wire import Deposit, encode_batch
from stab3l.measure.api_stage import SETTINGS, SYMBOL, Stage, stage
from stab3l.measure.peers import python_of
from stab3l.measure.report import Result

REQUIREMENTS = ("freqtrade==2026.9", "ccxt==4.5.90")
PAIR = "sSTB/USDC"
BOT = b"\x05" * 32
WANTED_TRADES = 2
WITHIN_S = 420
CONFIG: dict[str, Any] = {
    "max_open_trades": 1,
    "stake_currency": "USDC",
    "stake_amount": 5,
    "tradable_balance_ratio": 0.5,
    "dry_run": False,
    "cancel_open_orders_on_exit": True,
    "trading_mode": "spot",
    "timeframe": "1m",
    "unfilledtimeout": {"entry": 1, "exit": 1, "unit": "minutes"},
    "entry_pricing": {"price_side": "other", "use_order_book": True, "order_book_top": 1},
    "exit_pricing": {"price_side": "other", "use_order_book": True, "order_book_top": 1},
    "order_types": {"entry": "limit", "exit": "limit", "stoploss": "market", "stoploss_on_exchange": False},
    "pairlists": [{"method": "StaticPairList"}],
    "internals": {"process_throttle_secs": 2},
    "initial_state": "running",
    "strategy": "BuyAndSell",
}
STRATEGY = '''
from freqtrade.strategy import IStrategy


class BuyAndSell(IStrategy):
    """Buys whenever it can and sells soon after."""

    timeframe = "1m"
    minimal_roi = {"0": 10}
    stoploss = -0.5
    startup_candle_count = 0
    process_only_new_candles = False
    ignore_expired_candle_after = 0

    def populate_indicators(self, dataframe, metadata):
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        dataframe["enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        dataframe["exit_long"] = 0
        return dataframe

    def custom_exit(self, pair, trade, current_time, current_rate, current_profit, **kwargs):
        return "held_long_enough"
'''


async def trade(folder: Path, python: Path) -> list[Result]:
    """Starts everything, lets the bot trade, and looks at what both sides say of it."""
    async with stage(folder / "home") as at, AsyncClient(at.url, Signer(BOT)) as bot:
        await at.gateway.submit(_deposits())
        indexer = await _indexer(folder / "home")
        market = asyncio.create_task(_lively(at))
        begun = monotonic_s()
        try:
            await asyncio.sleep(70)  # two candles
            _write(folder, at.url)
            process = await _started(folder, python)
            try:
                closed = await _closed_trades(folder, process)
            finally:
                if process.returncode is None:
                    process.terminate()
                    await process.wait()
            orders = [one async for one in bot.each(_orders(bot))]
        finally:
            market.cancel()
            await asyncio.gather(market, return_exceptions=True)
            indexer.terminate()
            await indexer.wait()
    filled = [one for one in orders if one.state == "filled"]
    conditions = (
        f"freqtrade 2026.9 in live mode through ccxt 4.5.90, {monotonic_s() - begun:.0f} s; the exchange's word"
    )
    return [
        Result("api.freqtrade.trades_closed", closed, "trades", "freqtrade's own database"),
        Result("api.freqtrade.orders_filled", len(filled), "orders", conditions),
        Result("api.freqtrade.orders_placed", len(orders), "orders", conditions),
    ]


def _orders(bot: AsyncClient) -> Any:
    from stab3l.client import calls

    return calls.orders(bot.trading.signer.address, 100)


def _deposits() -> bytes:
    owner = bytes.fromhex(Signer(BOT).address[2:])
    amounts = ((0, 100 * 10**18), (1, 1_000 * 10**6))
    return encode_batch(
        [Deposit(412346, 5 + n, asset, 0, owner, amount, bytes(32)) for n, (asset, amount) in enumerate(amounts)]
    )


async def _indexer(home: Path) -> asyncio.subprocess.Process:
    command = (sys.executable, "-m", "stab3l", "indexer", "serve", "--home", str(home))
    with (home / "indexer.log").open("wb") as log:
        return await asyncio.create_subprocess_exec(*command, env={**os.environ, **SETTINGS}, stdout=log, stderr=log)


async def _lively(at: Stage) -> None:
    """A book that is always there, and a trade each second."""
    maker, taker = (AsyncClient(at.url, signer) for signer in at.traders)
    async with maker, taker:
        for side, price in (("sell", "0.0601"), ("buy", "0.0599")):
            await maker.place(SYMBOL, side, price, "100000")  # type: ignore[arg-type]
        while True:
            for side, price in (("buy", "0.0601"), ("sell", "0.0599")):
                with suppress(ApiProblem):
                    await taker.place(SYMBOL, side, price, "1", time_in_force="ioc")  # type: ignore[arg-type]
            await asyncio.sleep(1)


def _write(folder: Path, url: str) -> None:
    exchange = {
        "name": "stab3l",
        "private_key": "0x" + BOT.hex(),
        "ccxt_config": {"urls": {"api": {"public": url, "private": url}}},
        "ccxt_async_config": {},
        "pair_whitelist": [PAIR],
        "enable_ws": False,
    }
    database = f"sqlite:///{folder / 'freqtrade.sqlite'}"
    (folder / "config.json").write_text(json.dumps({**CONFIG, "exchange": exchange, "db_url": database}))
    (folder / "user_data" / "strategies").mkdir(parents=True)
    (folder / "user_data" / "strategies" / "buy_and_sell.py").write_text(STRATEGY)


async def _started(folder: Path, python: Path) -> asyncio.subprocess.Process:
    command = [str(python), "-m", "stab3l.client.ccxt", "-m", "freqtrade", "trade"]
    command += ["--config", str(folder / "config.json"), "--userdir", str(folder / "user_data")]
    with (folder / "freqtrade.log").open("wb") as log:
        return await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=log, stderr=log)


async def _closed_trades(folder: Path, process: asyncio.subprocess.Process) -> int:
    deadline, closed = monotonic_s() + WITHIN_S, 0
    while monotonic_s() < deadline and process.returncode is None and closed < WANTED_TRADES:
        await asyncio.sleep(2)
        with suppress(sqlite3.Error):
            connection = sqlite3.connect(folder / "freqtrade.sqlite")
            (closed,) = connection.execute("SELECT count(*) FROM trades WHERE is_open = 0").fetchone()
            connection.close()
    if closed < WANTED_TRADES:
        sys.stderr.write((folder / "freqtrade.log").read_text()[-6_000:])
        raise SystemExit(f"freqtrade closed {closed} trades, not {WANTED_TRADES}")
    return closed


def _behind(python: Path) -> None:
    """Puts stab3l and what it needs at the end of the other environment's path, behind freqtrade's own packages."""
    site = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    source = Path(__file__).parents[1] / "src"
    (Path(site) / "zz_stab3l.pth").write_text(f"{source}\n{sysconfig.get_path('purelib')}\n")


def main() -> None:
    """Runs it and keeps the result."""
    given = os.environ.get("STAB3L_FREQTRADE_PYTHON")
    python = (
        Path(given)
        if given
        else python_of("freqtrade", REQUIREMENTS, lambda text: sys.stderr.write(text + "\n") and None)
    )
    _behind(python)
    with TemporaryDirectory(prefix="stab3l-freqtrade-") as folder:
        results = asyncio.run(trade(Path(folder), python))
    method = "an unmodified freqtrade buys and sells at the market's prices until it has closed two trades"
    sys.stdout.write(keep("freqtrade", method, results))


if __name__ == "__main__":
    main()
