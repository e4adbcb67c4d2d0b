"""How soon the console can be used: cold loads of a market's page in a real browser."""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from stab3l.errors import Unavailable
from stab3l.measure.report import Result

WEB: Final = Path(__file__).parents[3] / "web"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
LOAD_WITHIN_S: Final = 120
TIMES: Final = ("first_paint", "price_row", "order_button", "interactive")
Say = Callable[[str], None]


async def console(url: str, symbol: str, loads: int, core: str, say: Say) -> list[Result]:
    """Seconds to the first paint, the first row of prices, an order button that answers, and both; bytes transferred.

    Nothing without a browser or a checkout's ``web/node_modules``.

    Raises:
        Unavailable: the page did not become usable.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None or not (WEB / "node_modules" / "playwright-core").is_dir():
        say("console: not measured without chromium and web/node_modules (make setup chromium)")
        return []
    say(f"console: {loads} cold loads")
    # The first also warms the API's own caches, and the machine's of the browser's files.
    found = (await _loads(f"{url}/market/{symbol}", browser, loads + 1))[1:]
    where = f"median of {loads} cold loads of a market's page in headless chromium on this machine; {core}"
    times = [
        Result(f"api.console.{name}_s", round(statistics.median(one[name] for one in found) / 1_000, 3), "s", where)
        for name in TIMES
    ]
    return [*times, Result("api.console.first_load_bytes", found[0]["bytes"], "B", "as transferred, font included")]


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
