"""How soon the console can be used: cold loads of a market's page in a real browser."""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import uvloop

from stab3l.engine.wire import Side
from stab3l.errors import Unavailable
from stab3l.measure.api_stage import SYMBOL, Stage, stage, unsigned_order
from stab3l.measure.report import Result, document

METHOD: Final = (
    "a browser context that has nothing of the page yet opens it; marks are set in the page, from the start of the "
    "navigation: first contentful paint, a row of prices in the document, an enabled order button, and both of these "
    "painted with the main thread free again; then the button is pressed and must answer"
)

WEB: Final = Path(__file__).parents[3] / "web"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
LOAD_WITHIN_S: Final = 120
TIMES: Final = ("first_paint", "price_row", "order_button", "interactive")
Say = Callable[[str], None]


def measure_console(loads: int, say: Say) -> dict[str, Any]:
    """The console alone, as one JSON object. Raises as `console` does, and when a process does not start."""
    with TemporaryDirectory(prefix="stab3l-bench-") as folder:
        return document(METHOD, uvloop.run(_alone(Path(folder) / "home", loads, say)))


async def _alone(home: Path, loads: int, say: Say) -> list[Result]:
    async with stage(home) as at:
        return await console(at, 1, loads, say)


async def console(at: Stage, first_id: int, loads: int, say: Say) -> list[Result]:
    """Seconds to the first paint, the first row of prices, an order button that answers, and both; bytes transferred.

    Nothing without a browser or a checkout's ``web/node_modules``.

    Raises:
        Unavailable: the page did not become usable.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None or not (WEB / "node_modules" / "playwright-core").is_dir():
        say("console: not measured without chromium and web/node_modules (make setup chromium)")
        return []
    await _fill_the_book(at, first_id)
    say(f"console: {loads} cold loads")
    # The first also warms the API's own caches, and the machine's of the browser's files.
    found = (await _loads(f"{at.url}/market/{SYMBOL}", browser, loads + 1))[1:]
    where = f"median of {loads} cold loads of a market's page in headless chromium on this machine; {at.core}"
    times = [
        Result(f"api.console.{name}_s", round(statistics.median(one[name] for one in found) / 1_000, 3), "s", where)
        for name in TIMES
    ]
    return [*times, Result("api.console.first_load_bytes", found[0]["bytes"], "B", "as transferred, font included")]


async def _fill_the_book(at: Stage, first_id: int) -> None:
    """Twelve prices on each side that do not trade: what a page shows of a book."""
    account = int(await at.gateway.account_of(bytes.fromhex(at.traders[0].address[2:])) or 0)
    orders = []
    for away in range(50, 62):
        orders.append(unsigned_order(account, first_id + 2 * away, Side.BUY, 600 - away))
        orders.append(unsigned_order(account, first_id + 2 * away + 1, Side.SELL, 600 + away))
    await at.gateway.submit(b"".join(orders))


async def _loads(page: str, browser: str, loads: int) -> list[dict[str, Any]]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        "node", "measure/interactive.js", page, browser, str(loads), cwd=WEB, stdout=pipe, stderr=pipe
    )
    try:
        said, complained = await asyncio.wait_for(process.communicate(), LOAD_WITHIN_S * loads)
    except TimeoutError:
        process.kill()
        raise Unavailable("the console's page did not become usable", page=page) from None
    if process.returncode:
        raise Unavailable(f"the console cannot be measured: {complained.decode()[-400:]}", page=page)
    return list(json.loads(said))
